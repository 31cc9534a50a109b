// SPDX-License-Identifier: MIT
//
// async: the whole call stack, and the logical task in which it happened,
// whichever thread runs it. The engine puts the stack into its context
// (annotate/contexts.h); the stack itself is found as by lockfree.

#include "capture/backend.h"

const struct ms_backend ms_backend_async = {
    .name = "async",
    .id = MS_BACKEND_ASYNC,
    .needs_unwinder = true,
    .has_contexts = true,
    .capture_alloc = ms_backend_whole_stack,
    .capture_dealloc = NULL, // booked at the stack that allocated
    .capture_realloc = ms_backend_whole_stack,
    .capture_move = ms_backend_whole_stack,
};
