// SPDX-License-Identifier: MIT
//
// sampled: how a block of the sample is booked. Its row is one of its own for
// the level of sampling, and every sum in it is weighted: what the block
// stands for. Weights depend on size and level alone, so that a free takes
// away exactly what the allocation has brought.
//
//   alloc_count, free_count     in units of 2^-16 blocks
//   alloc_bytes, free_bytes     bytes
//   lifetime_units              units times blocks
//   temporary, realloc, and lifetimes: blocks, rounded

#ifndef MS_RUNTIME_STORE_SAMPLED_H
#define MS_RUNTIME_STORE_SAMPLED_H

#include "store/ledger.h"

// The filter says, without touching the index, that an address is not of a
// sampled block: for each page, how many there are; 255 stays. Pages that lie
// side by side do so here, as blocks that are freed one after the other mostly
// do: so what a free looks at is at hand. Those a gibibyte apart share a place.
#define MS_FILTER_PAGE_SHIFT 12u
#define MS_FILTER_BYTES ((size_t)1 << 18)

// The row for a sampled block, 0: none left.
uint32_t ms_sampled_row(struct ms_writer *w, uint32_t stack, uint64_t size);

void ms_sampled_allocation(struct ms_writer *w, uint32_t row, uint64_t address,
                           uint64_t size, bool by_realloc);
void ms_sampled_free(struct ms_writer *w, uint32_t row, uint64_t address,
                     uint64_t size, uint64_t lifetime, bool temporary);

MS_ALWAYS_INLINE uint64_t ms_filter_place(uint64_t address)
{
    return (address >> MS_FILTER_PAGE_SHIFT) & (MS_FILTER_BYTES - 1);
}

// ms_filter_has: false means that no sampled block lives there.
MS_ALWAYS_INLINE bool ms_filter_has(const struct ms_writer *w, uint64_t address)
{
    // relaxed: whoever frees a block has it from whoever allocated it
    return ms_load_relaxed(&w->filter[ms_filter_place(address)]) != 0;
}

#endif
