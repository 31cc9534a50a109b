// SPDX-License-Identifier: MIT
// See sampled.h for the contract.

#include "store/sampled.h"

#include "runtime/control.h"

#define FULL 255u

// Adds 1 or -1 to a place, which once full stays so.
static void filter_count(struct ms_writer *w, uint64_t address, int change)
{
    if (w->filter == NULL)
        return;
    _Atomic uint8_t *place = &w->filter[ms_filter_place(address)];
    uint8_t n = ms_load_relaxed(place); // relaxed: see ms_filter_has

    while (n != FULL && !ms_cas_relaxed(place, &n, (uint8_t)(n + change)))
        ;
}

uint32_t ms_sampled_row(struct ms_writer *w, uint32_t stack, uint64_t size)
{
    uint32_t class = ms_size_class(size);
    uint32_t row =
        ms_row_map_get(&w->own, ms_ledger_key(stack, class, w->level));

    return row != 0 ? row : ms_ledger_new_own(w, stack, class);
}

static struct ms_weight weight(struct ms_writer *w, uint32_t row, uint64_t size)
{
    uint32_t level = w->rows[row].sampling;
    // relaxed: who has the block has seen the control that it was sampled by
    uint32_t control = (uint32_t)ms_load_relaxed(&w->header->pulse);

    return ms_sampler_weight(ms_control_interval(control, level), size);
}

static uint64_t blocks(const struct ms_weight *weight)
{
    return (weight->count + (1u << (MS_COUNT_SHIFT - 1))) >> MS_COUNT_SHIFT;
}

void ms_sampled_allocation(struct ms_writer *w, uint32_t row, uint64_t address,
                           uint64_t size, bool by_realloc)
{
    struct ms_weight one = weight(w, row, size);
    struct ms_row *r = &w->rows[row];

    ms_bump(&r->alloc_count, one.count);
    ms_bump(&r->alloc_bytes, one.bytes);
    if (by_realloc)
        ms_bump(&r->realloc_count, (uint32_t)blocks(&one));
    ms_ledger_touch(w, row);
    ms_ledger_change(w, (int64_t)one.bytes);
    filter_count(w, address, 1);
}

void ms_sampled_free(struct ms_writer *w, uint32_t row, uint64_t address,
                     uint64_t size, uint64_t lifetime, bool temporary)
{
    struct ms_weight one = weight(w, row, size);
    struct ms_row *r = &w->rows[row];

    ms_bump(&w->details[row].lifetimes[ms_lifetime_bucket(lifetime)],
            (uint32_t)blocks(&one));
    ms_ledger_freed(r, one.count, one.bytes);
    ms_bump(&r->lifetime_units, (lifetime * one.count) >> MS_COUNT_SHIFT);
    if (temporary)
        ms_bump(&r->temporary_count, (uint32_t)blocks(&one));
    ms_ledger_touch(w, row);
    ms_ledger_change(w, -(int64_t)one.bytes);
    filter_count(w, address, -1);
}
