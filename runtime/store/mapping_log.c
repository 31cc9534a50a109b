// SPDX-License-Identifier: MIT
// See mapping_log.h for the contract.

#include "store/mapping_log.h"

#include "platform/atomics.h"
#include "platform/clock.h"
#include "store/writer.h"

#define PAGE_MASK UINT64_C(4095)

static void fill(struct ms_mapping_event *e, const struct ms_mapping_note *n)
{
    uint64_t what = (uint64_t)n->operation | (uint64_t)n->kind << 4;
    uint64_t bytes = (n->bytes + PAGE_MASK) & ~PAGE_MASK;

    // relaxed: published by the turn [M]
    ms_store_relaxed(&e->time,
                     (uint32_t)(ms_clock_monotonic_ns() >> MS_BIRTH_SHIFT));
    ms_store_relaxed(&e->where, (n->address & ~PAGE_MASK) | what);
    ms_store_relaxed(&e->bytes, bytes | n->protection);
    ms_store_relaxed(&e->who, (uint64_t)n->thread << 32 | n->stack);
}

void ms_mapping_log_add(struct ms_store *s, const struct ms_mapping_note *note)
{
    // relaxed: claims a number; the entry's turn orders its use
    uint64_t at = ms_load_relaxed(&s->header->mapping_head);
    uint32_t capacity = s->header->mapping_capacity;
    struct ms_mapping_event *e;
    uint32_t turn;

    for (;;) {
        e = &s->mappings[at & (capacity - 1)];
        turn = (uint32_t)(at / capacity * 2);
        // acquire: pairs with the collector, which has read the entry [N]
        int32_t ahead = (int32_t)(ms_load_acquire(&e->turn) - turn);
        if (ahead < 0) {
            ms_store_count_drop(s, MS_DROP_MAPS);
            return;
        }
        if (ahead > 0) // somebody has been here since
            at = ms_load_relaxed(&s->header->mapping_head);
        else if (ms_cas_relaxed(&s->header->mapping_head, &at, at + 1))
            break;
    }
    fill(e, note);
    uint32_t now = turn;
    // [M] release: publishes the event; pairs with the collector. It goes on
    // without us when we have been stopped here for too long.
    while (!ms_cas_release(&e->turn, &now, turn + 1))
        if (now != turn) {
            ms_store_count_drop(s, MS_DROP_MAPS);
            return;
        }
}
