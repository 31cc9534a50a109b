// SPDX-License-Identifier: MIT
// See details.h for the contract.

#include "model/details.h"

#include "model/model.h"
#include "platform/atomics.h"

uint64_t ms_details_read_lifetimes(struct ms_detail_seen *seen,
                                   struct ms_row_detail *row,
                                   struct ms_lifetimes *const sums[],
                                   size_t sum_count)
{
    uint64_t all = 0;

    for (uint32_t b = 0; b < MS_LIFETIME_BUCKETS; b++) {
        // relaxed: ordered by the frees' acquire [C]
        uint32_t now = ms_load_relaxed(&row->lifetimes[b]);
        uint32_t gain = now - seen->lifetimes[b]; // may wrap
        if (gain == 0)
            continue;
        seen->lifetimes[b] = now;
        for (size_t i = 0; i < sum_count; i++)
            sums[i]->count[b] += gain;
        all += gain;
    }
    return all;
}

uint64_t ms_details_first(struct ms_detail_seen *seen, uint64_t frees,
                          uint64_t others)
{
    // The thread frees on while we read: some of the lifetimes may belong to
    // frees that we see only at the next look.
    others += seen->ahead;
    seen->ahead = others > frees ? (uint32_t)(others - frees) : 0;
    return others > frees ? 0 : frees - others;
}

void ms_details_read_chains(struct ms_detail_seen *seen,
                            struct ms_row_detail *row, struct ms_chains *sum)
{
    uint64_t grown = ms_load_relaxed(&row->grown_bytes);
    uint32_t chains = ms_load_relaxed(&row->chains);
    uint32_t longest = ms_load_relaxed(&row->longest);

    sum->grown_bytes += grown - seen->grown_bytes;
    sum->chains += (uint32_t)(chains - seen->chains); // may wrap
    if (longest > sum->longest)
        sum->longest = longest;
    seen->grown_bytes = grown;
    seen->chains = chains;
}

bool ms_model_row_view(const struct ms_model *m, struct ms_reader *r,
                       uint32_t row, struct ms_row_view *out)
{
    const struct ms_row_seen *seen = &m->seen[row];
    struct ms_row_key key, owner;

    if (seen->stack == 0 || !ms_reader_row_key(r, row, &key))
        return false;
    owner = key;
    if (key.owner != 0 && !ms_reader_row_key(r, key.owner, &owner))
        return false;
    *out = (struct ms_row_view){
        .stack = seen->stack - 1,
        .site = ms_stack_table_at(&m->stacks, seen->stack - 1)->site,
        .allocator = owner.thread,
        .freer = key.thread,
        .size_class = owner.size_class,
        .alloc_bytes = seen->alloc_bytes,
        .alloc_count = seen->alloc_count,
        .free_bytes = seen->free_bytes,
        .free_count = seen->free_count,
        .realloc_count = seen->realloc_count,
    };
    if (key.sampling != 0) {
        // Rounded once, with the foreign rows: as in the sums.
        out->alloc_count >>= MS_COUNT_SHIFT;
        out->free_count =
            key.owner != 0 ? 0 : seen->freed_units >> MS_COUNT_SHIFT;
    }
    return out->allocator < m->thread_count && out->freer < m->thread_count;
}
