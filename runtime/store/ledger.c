// SPDX-License-Identifier: MIT
// See ledger.h for the contract.

#include "store/ledger.h"

static uint32_t claim_row(struct ms_store *s, struct ms_claim *c)
{
    if (c->next == c->end) {
        // relaxed: claims numbers only; what is in the rows is published by
        // the dirty list [B] and the live index [A]
        uint32_t first = ms_load_relaxed(&s->header->row_count);
        do {
            if (first > s->header->row_capacity - MS_ROW_CHUNK)
                return 0;
        } while (!ms_cas_relaxed(&s->header->row_count, &first,
                                 first + MS_ROW_CHUNK));
        c->next = first;
        c->end = first + MS_ROW_CHUNK;
    }
    return c->next++;
}

// A row of its own for what is captured exactly: of a group that says so.
static uint32_t claim_exact(struct ms_writer *w)
{
    uint32_t row = claim_row(w->store, &w->exact);

    // relaxed: who does not see it yet asks the row
    if (row != 0 && row % MS_ROW_GROUP == 0 && w->row_threads != NULL)
        ms_store_relaxed(
            &w->row_threads[ms_cell_group(ms_cell_pack(0, row, 0, 0))],
            w->mark);
    return row;
}

void ms_ledger_leave_group(struct ms_writer *w)
{
    _Static_assert(MS_ROW_CHUNK % MS_ROW_GROUP == 0, "no group is cut");
    w->exact.next = (w->exact.next + MS_ROW_GROUP - 1) & -MS_ROW_GROUP;
}

static uint32_t new_row(struct ms_writer *w, const struct ms_row *like)
{
    uint32_t row = like->owner == 0 && like->sampling == 0
                       ? claim_exact(w)
                       : claim_row(w->store, &w->other);

    if (row == 0)
        return 0;
    struct ms_row *r = &w->rows[row];
    r->stack = like->stack;
    r->owner = like->owner;
    r->size_class = like->size_class;
    r->sampling = like->sampling;
    r->thread = (uint16_t)w->thread;
    return row;
}

// Unmapped, a row would be made anew at the next event: correct, but wasteful.
static void map_row(struct ms_row_map *map, uint32_t key, uint32_t row)
{
    if (row != 0)
        (void)ms_row_map_put(map, key, row);
}

// Whether a row is now the first of its stack.
static bool becomes_first(struct ms_writer *w, const struct ms_row *like,
                          uint32_t row)
{
    uint64_t none = 0;

    // relaxed: a number, which only this thread makes use of
    return like->sampling == 0 && row != 0 &&
           ms_cas_relaxed(&w->first_rows[like->stack], &none,
                          ms_first_row_pack(row, like->size_class, w->thread));
}

MS_NOINLINE uint32_t ms_ledger_new_own(struct ms_writer *w, uint32_t stack,
                                       uint32_t size_class)
{
    struct ms_row like = {
        .stack = stack,
        .size_class = (uint8_t)size_class,
        .sampling = (uint8_t)w->level,
    };

    uint32_t row = new_row(w, &like);

    if (!becomes_first(w, &like, row))
        map_row(&w->own, ms_ledger_key(stack, size_class, w->level), row);
    return row;
}

MS_NOINLINE uint32_t ms_ledger_foreign(struct ms_writer *w, uint32_t owner)
{
    uint32_t row = ms_row_map_get(&w->foreign, owner);

    if (ms_likely(row != 0))
        return row;
    const struct ms_row *theirs = &w->rows[owner];
    struct ms_row like = {
        .stack = theirs->stack,
        .owner = owner,
        .size_class = theirs->size_class,
        .sampling = theirs->sampling,
    };
    row = new_row(w, &like);
    map_row(&w->foreign, owner, row);
    return row;
}

MS_NOINLINE void ms_ledger_push(struct ms_writer *w, uint32_t row)
{
    struct ms_row *r = &w->rows[row];
    uint32_t head = ms_load_relaxed(&w->slot->dirty); // relaxed: the CAS checks

    do {
        ms_store_relaxed(&r->next_dirty, head != 0 ? head : MS_DIRTY_END);
        // [B] release: publishes the row's constants and its link; pairs with
        // the collector's exchange
    } while (!ms_cas_release(&w->slot->dirty, &head, row));
}

MS_NOINLINE void ms_ledger_post(struct ms_writer *w)
{
    struct ms_segment_header *h = w->header;
    // relaxed: one number, ordered with nothing
    int64_t live =
        ms_add_relaxed(&h->posted_live_bytes, w->unposted) + w->unposted;
    int64_t peak = ms_load_relaxed(&h->posted_peak_bytes);

    w->unposted = 0;
    while (live > peak) {
        if (ms_cas_relaxed(&h->posted_peak_bytes, &peak, live)) {
            ms_store_relaxed(&h->posted_peak_ns, ms_clock_monotonic_ns());
            break;
        }
    }
}
