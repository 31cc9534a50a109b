// SPDX-License-Identifier: MIT
//
// unified: the default. Whole stacks; how much is captured is governed while
// the program runs, by hand or to hold a budget (runtime/control.h).

#include "capture/backend.h"

const struct ms_backend ms_backend_unified = {
    .name = "unified",
    .id = MS_BACKEND_UNIFIED,
    .needs_unwinder = true,
    .has_contexts = true,
    .capture_alloc = ms_backend_whole_stack,
    .capture_dealloc = NULL, // booked at the stack that allocated
    .capture_realloc = ms_backend_whole_stack,
    .capture_move = ms_backend_whole_stack,
};
