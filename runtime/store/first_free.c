// SPDX-License-Identifier: MIT
// See first_free.h for the contract.

#include "store/first_free.h"

#include <stdbool.h>

#include "runtime/cell.h"

#define RECORDERS 16u
#define ADDRESS_MASK ((UINT64_C(1) << 47) - 1)

// What the latest event of the address says.
struct found {
    struct ms_first_free free;
    bool any;
    bool was_free;
};

// The stack of a free, if any, stands before it.
static uint32_t stack_before(const struct ms_recorded_event *events,
                             uint64_t number, uint64_t address)
{
    const struct ms_recorded_event *e =
        &events[(number - 1) & (MS_RECORDER_EVENTS - 1)];
    uint64_t what = address | (uint64_t)MS_OPERATION_FREE_STACK << 47;

    // relaxed: see recorder.h
    return ms_load_relaxed(&e->what) == what
               ? ms_cell_row(ms_load_relaxed(&e->where))
               : 0;
}

static void look_through(const struct ms_recorded_event *events,
                         const struct ms_thread_slot *slot, uint32_t thread,
                         uint64_t address, struct found *out)
{
    uint64_t end = ms_load_relaxed(&slot->recorded);
    uint64_t kept = end < MS_RECORDER_EVENTS ? end : MS_RECORDER_EVENTS;

    // In the order in which they were written: of one moment the last counts.
    for (uint64_t n = end - kept; n != end; n++) {
        const struct ms_recorded_event *e =
            &events[n & (MS_RECORDER_EVENTS - 1)];
        // relaxed: its thread may be writing it; see recorder.h
        uint64_t what = ms_load_relaxed(&e->what);
        uint64_t where = ms_load_relaxed(&e->where);
        uint64_t operation = what >> 47 & 31;
        if ((what & ADDRESS_MASK) != address ||
            operation == MS_OPERATION_FREE_STACK)
            continue;
        // Times wrap.
        if (out->any && (uint32_t)where - out->free.time > UINT32_MAX / 2)
            continue;
        out->any = true;
        out->was_free = operation == MS_OPERATION_DEALLOCATION;
        out->free = (struct ms_first_free){
            .thread = thread + 1,
            .time = (uint32_t)where,
            .row = ms_cell_row(where),
            .stack = stack_before(events, n, address),
        };
    }
}

struct ms_first_free ms_first_free_find(struct ms_writer *w, uint64_t address)
{
    struct found found = {0};
    unsigned looked = 1;

    if (address <= ADDRESS_MASK)
        look_through(w->events, w->slot, w->thread, address, &found);
    // acquire: pairs with the publication of a writer [H]
    for (struct ms_writer *o = ms_load_acquire(&w->store->writers);
         o != NULL && looked < RECORDERS && address <= ADDRESS_MASK;
         o = o->next) {
        // relaxed: names a slot; what is there is checked
        uint64_t owner = ms_load_relaxed(&o->owner);
        if (o == w || owner == 0)
            continue;
        uint32_t thread = (uint32_t)(owner >> 32);
        look_through(o->events, ms_store_slot(w->store, thread), thread,
                     address, &found);
        looked++;
    }
    return found.was_free ? found.free : (struct ms_first_free){0};
}
