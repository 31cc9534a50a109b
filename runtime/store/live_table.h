// SPDX-License-Identifier: MIT
//
// live_table: what stands for the live index where so large a mapping is not to
// be had: a bounded hash table of live blocks. As there, whoever owns the block
// owns its entry; an entry is claimed by its address and given back by 0. Any
// thread, lock-free, a bounded number of steps.

#ifndef MS_RUNTIME_STORE_LIVE_TABLE_H
#define MS_RUNTIME_STORE_LIVE_TABLE_H

#include "runtime/store.h"

// ms_live_table_claim gives an entry to a block. NULL: no room left near it.
struct ms_table_entry *ms_live_table_claim(struct ms_store *s,
                                           uint64_t address);
void ms_live_table_fill(struct ms_table_entry *e, uint64_t address,
                        uint32_t row, uint64_t size, uint64_t birth);
void ms_live_table_release(struct ms_table_entry *e);

// ms_live_table_has and _take are for the block's owner.
bool ms_live_table_has(struct ms_store *s, uint64_t address);
struct ms_taken ms_live_table_take(struct ms_store *s, uint64_t address);

#endif
