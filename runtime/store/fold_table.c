// SPDX-License-Identifier: MIT
// See fold_table.h for the contract.

#include "store/fold_table.h"

#include "store/fold.h"
#include "store/live_table.h"

#define RECORDED (UINT64_C(1) << 47) // addresses that the recorder can note

MS_NOINLINE void ms_fold_allocation_uncovered(struct ms_writer *w,
                                              uint64_t address, uint64_t size,
                                              uint32_t stack, bool by_realloc)
{
    struct ms_store *s = w->store;

    if (w->was_off)
        ms_fold_close_stale(w, address);
    if (s->table == NULL || address >= RECORDED) {
        ms_store_count_drop(s, MS_DROP_ADDRESS);
        return;
    }
    // The entry first: what has none is in no account at all.
    struct ms_table_entry *e = ms_live_table_claim(s, address);
    if (e == NULL) {
        ms_store_count_drop(s, MS_DROP_INDEX);
        return;
    }
    uint32_t row = w->level != 0 ? ms_sampled_row(w, stack, size)
                                 : ms_ledger_own(w, stack, size, NULL);
    if (row == 0) {
        ms_live_table_release(e);
        ms_store_count_drop(s, MS_DROP_ROWS);
        return;
    }
    if (w->level != 0)
        ms_sampled_allocation(w, row, address, size, by_realloc);
    else
        ms_ledger_allocation(w, row, size, by_realloc);
    ms_live_table_fill(e, address, row, size, w->now);
    ms_recorder_add(
        w, by_realloc ? MS_OPERATION_REALLOCATION : MS_OPERATION_ALLOCATION,
        address, row);
    w->last_address = address;
}

MS_NOINLINE struct ms_taken ms_fold_take_uncovered(struct ms_writer *w,
                                                   uint64_t address)
{
    if (w->store->table == NULL)
        return (struct ms_taken){0};
    return ms_live_table_take(w->store, address);
}

MS_NOINLINE void ms_fold_put_back_uncovered(struct ms_writer *w,
                                            uint64_t address,
                                            const struct ms_taken *taken)
{
    if (taken->cell == 0)
        return;
    struct ms_table_entry *e = ms_live_table_claim(w->store, address);
    if (e != NULL) {
        ms_live_table_fill(e, address, ms_cell_row(taken->cell), taken->size,
                           ms_cell_birth(taken->cell));
        return;
    }
    // Another block has its entry by now: it leaves the accounts.
    ms_store_count_drop(w->store, MS_DROP_INDEX);
    ms_fold_deallocation(w, address, taken, true);
}
