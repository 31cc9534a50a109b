// SPDX-License-Identifier: MIT
// See live_table.h for the contract.

#include "store/live_table.h"

#include "platform/atomics.h"
#include "runtime/cell.h"

static struct ms_table_entry *home(struct ms_store *s, uint64_t address)
{
    return &s->table[ms_table_home(address, s->header->table_capacity)];
}

struct ms_table_entry *ms_live_table_claim(struct ms_store *s, uint64_t address)
{
    struct ms_table_entry *e = home(s, address);

    for (uint32_t i = 0; i < MS_TABLE_WINDOW; i++, e++) {
        uint64_t nobody = 0;
        // relaxed: a look before the claim, which decides
        if (ms_load_relaxed(&e->address) != 0)
            continue;
        // acquire: what the last owner wrote comes first; pairs with [O]
        if (ms_claim_acquire(&e->address, &nobody, address))
            return e;
    }
    return NULL;
}

void ms_live_table_fill(struct ms_table_entry *e, uint64_t address,
                        uint32_t row, uint64_t size, uint64_t birth)
{
    ms_store_relaxed(&e->size, size); // relaxed: published by [A]
    // [A] release: as ms_live_index_put; pairs with the walk's acquire
    ms_store_release(&e->cell, ms_cell_pack(address, row, size, birth));
}

void ms_live_table_release(struct ms_table_entry *e)
{
    ms_store_relaxed(&e->cell, 0); // relaxed: ordered by [O]
    // [O] release: we are done with the entry; pairs with the next claim
    ms_store_release(&e->address, 0);
}

static struct ms_table_entry *find(struct ms_store *s, uint64_t address)
{
    struct ms_table_entry *e = home(s, address);

    for (uint32_t i = 0; i < MS_TABLE_WINDOW; i++, e++)
        // relaxed: only the block's owner writes its entry, and has seen it:
        // the allocator's own hand-over orders
        if (ms_load_relaxed(&e->address) == address)
            return e;
    return NULL;
}

bool ms_live_table_has(struct ms_store *s, uint64_t address)
{
    return find(s, address) != NULL;
}

struct ms_taken ms_live_table_take(struct ms_store *s, uint64_t address)
{
    struct ms_table_entry *e = find(s, address);
    struct ms_taken taken = {0};

    if (e != NULL) {
        taken.cell = ms_load_relaxed(&e->cell); // relaxed: as in find
        taken.size = ms_load_relaxed(&e->size);
        ms_live_table_release(e);
    }
    return taken;
}
