// SPDX-License-Identifier: MIT
//
// core: the plain backend. The stack of an event is its immediate caller.

#include "capture/backend.h"

// The stacks of the return addresses that this thread met last.
static void fill_stack(struct ms_writer *w, struct ms_event *e)
{
    struct ms_site_entry *entry = ms_writer_site(w, e->caller);

    if (ms_unlikely(entry->address != e->caller)) {
        entry->stack = ms_store_stack(w->store, e->caller, 0);
        entry->address = entry->stack != 0 ? e->caller : 0;
        entry->hint = (struct ms_row_hint){0};
    }
    e->stack = entry->stack != 0 ? entry->stack : MS_NODE_UNKNOWN;
    e->hint = entry->stack != 0 ? &entry->hint : NULL;
}

const struct ms_backend ms_backend_core = {
    .name = "core",
    .id = MS_BACKEND_CORE,
    .capture_alloc = fill_stack,
    .capture_dealloc = NULL, // booked at the stack that allocated
    .capture_realloc = fill_stack,
    .capture_move = fill_stack,
};
