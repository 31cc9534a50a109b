// SPDX-License-Identifier: MIT
//
// lockfree: the stack of an event is the whole call stack, interned in the
// shared stack table without a lock.

#include "capture/backend.h"

#include "unwind/unwinder.h"

void ms_backend_whole_stack(struct ms_writer *w, struct ms_event *e)
{
    struct ms_frame from = ms_frame_of_hook(e->frame);

    e->stack = ms_unwinder_stack(w->unwinder, &from, &e->hint);
}

const struct ms_backend ms_backend_lockfree = {
    .name = "lockfree",
    .id = MS_BACKEND_LOCKFREE,
    .needs_unwinder = true,
    .capture_alloc = ms_backend_whole_stack,
    .capture_dealloc = NULL, // booked at the stack that allocated
    .capture_realloc = ms_backend_whole_stack,
    .capture_move = ms_backend_whole_stack,
};
