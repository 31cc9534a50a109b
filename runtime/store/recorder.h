// SPDX-License-Identifier: MIT
//
// recorder: a thread's last events, overwritten in turn. One writer; a reader
// may find an event half old, half new while the thread runs, and checks what
// it reads as it checks everything in the segment.

#ifndef MS_RUNTIME_STORE_RECORDER_H
#define MS_RUNTIME_STORE_RECORDER_H

#include "runtime/cell.h"
#include "store/writer.h"

// `address` is one that the live index covers; `where` has the event's row and
// time as a cell has them.
static inline void ms_recorder_put(struct ms_writer *w,
                                   enum ms_operation operation,
                                   uint64_t address, uint64_t where)
{
    struct ms_thread_slot *slot = w->slot;
    uint64_t number = ms_load_relaxed(&slot->recorded); // only we write it
    struct ms_recorded_event *e = &w->events[number & (MS_RECORDER_EVENTS - 1)];

    // relaxed: see the head of this file
    ms_store_relaxed(&e->what, address | (uint64_t)operation << 47);
    ms_store_relaxed(&e->where, where);
    ms_store_relaxed(&slot->recorded, number + 1);
}

static inline void ms_recorder_add(struct ms_writer *w,
                                   enum ms_operation operation,
                                   uint64_t address, uint32_t row)
{
    ms_recorder_put(w, operation, address,
                    (uint64_t)row << MS_CELL_ROW_SHIFT | (uint32_t)w->now);
}

#endif
