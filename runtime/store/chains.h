// SPDX-License-Identifier: MIT
//
// chains: blocks that realloc is called for again and again. A thread keeps
// the blocks that it has reallocated last, each with how often, so that the
// length of a chain is known while its block is among them; one that is not
// (any more) begins anew. Asked by realloc alone: malloc and free know nothing
// of it. The writer's thread.

#ifndef MS_RUNTIME_STORE_CHAINS_H
#define MS_RUNTIME_STORE_CHAINS_H

#include "store/ledger.h"

// ms_chains_resized books that a block has become another one, which is the
// last that was allocated here and live at `address` with `cell`.
static inline void ms_chains_resized(struct ms_writer *w, uint64_t before,
                                     const struct ms_taken *taken,
                                     uint64_t address, uint64_t cell,
                                     uint64_t size)
{
    struct ms_row_detail *d = &w->details[ms_cell_row(cell)];
    struct ms_chain *from = &w->chains[before >> 5 & (MS_CHAIN_CACHE - 1)];
    struct ms_chain *to = &w->chains[address >> 5 & (MS_CHAIN_CACHE - 1)];
    uint32_t length = 1;

    // The cell tells one life of an address from the next.
    if (from->address == before && from->cell == taken->cell)
        length = from->length + 1;
    else
        ms_bump(&d->chains, 1u);
    if (size > taken->size)
        ms_bump(&d->grown_bytes, size - taken->size);
    if (length > ms_load_relaxed(&d->longest)) // relaxed: only we write it
        ms_store_relaxed(&d->longest, length);
    *to = (struct ms_chain){address, cell, length};
}

#endif
