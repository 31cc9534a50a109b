// SPDX-License-Identifier: MIT
//
// async: the whole call stack, and the logical task in which it happened,
// whichever thread runs it. The engine puts the stack into its context
// (annotate/contexts.h); the stack itself is found as by lockfree.

#include "capture/backend.h"

#include "unwind/unwinder.h"

static void fill_stack(struct ms_writer *w, struct ms_event *e)
{
    struct ms_frame from = ms_frame_of_hook(e->frame);

    e->stack = ms_unwinder_stack(w->unwinder, &from, &e->hint);
}

const struct ms_backend ms_backend_async = {
    .name = "async",
    .id = MS_BACKEND_ASYNC,
    .needs_unwinder = true,
    .has_contexts = true,
    .capture_alloc = fill_stack,
    .capture_dealloc = NULL, // booked at the stack that allocated
    .capture_realloc = fill_stack,
    .capture_move = fill_stack,
};
