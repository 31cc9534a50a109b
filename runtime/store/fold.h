// SPDX-License-Identifier: MIT
//
// fold: how one event changes the store. It is all of the fast path, so it is
// inlined into the capture engine; runtime/store.h has the same as functions.
// The writer's thread, its time read by ms_writer_now for this event.

#ifndef MS_RUNTIME_STORE_FOLD_H
#define MS_RUNTIME_STORE_FOLD_H

#include "platform/compiler.h"
#include "store/fold_table.h"
#include "store/ledger.h"
#include "store/live_index.h"
#include "store/recorder.h"
#include "store/sampled.h"

// A block may have gone unseen: where capture was off, where it was freed in
// the middle of another event, or by a thread that has no writer. Its place,
// given anew, is proof.
void ms_fold_close_stale(struct ms_writer *w, uint64_t address);

// ms_fold_sampled books a block that is in the sample.
void ms_fold_sampled(struct ms_writer *w, uint64_t address, uint64_t size,
                     uint32_t stack, bool by_realloc);

// Books a block that the live index covers in its row.
MS_ALWAYS_INLINE void ms_fold_into(struct ms_writer *w, uint32_t row,
                                   uint64_t address, uint64_t size,
                                   bool by_realloc)
{
    ms_ledger_allocation(w, row, size, by_realloc);
    ms_live_index_put(w->index, address, row, size, w->now);
    ms_recorder_add(
        w, by_realloc ? MS_OPERATION_REALLOCATION : MS_OPERATION_ALLOCATION,
        address, row);
    w->last_address = address;
}

MS_ALWAYS_INLINE void ms_fold_allocation(struct ms_writer *w, uint64_t address,
                                         uint64_t size, uint32_t stack,
                                         struct ms_row_hint *hint,
                                         bool by_realloc)
{
    if (ms_unlikely(address >= w->covers)) {
        ms_fold_allocation_uncovered(w, address, size, stack, by_realloc);
        return;
    }
    if (ms_unlikely(ms_live_index_has(w->index, address)))
        ms_fold_close_stale(w, address);
    uint32_t row = ms_ledger_own(w, stack, size, hint);
    if (ms_unlikely(row == 0)) {
        ms_store_count_drop(w->store, MS_DROP_ROWS);
        return;
    }
    ms_fold_into(w, row, address, size, by_realloc);
}

MS_ALWAYS_INLINE struct ms_taken ms_fold_take(struct ms_writer *w,
                                              uint64_t address)
{
    if (ms_unlikely(address >= w->covers))
        return ms_fold_take_uncovered(w, address);
    return ms_live_index_take(w->index, address);
}

MS_ALWAYS_INLINE void ms_fold_put_back(struct ms_writer *w, uint64_t address,
                                       const struct ms_taken *taken)
{
    if (ms_unlikely(address >= w->covers))
        ms_fold_put_back_uncovered(w, address, taken);
    else if (taken->cell != 0)
        ms_live_index_put(w->index, address, ms_cell_row(taken->cell),
                          taken->size, ms_cell_birth(taken->cell));
}

// How long a block has lived, in birth units.
MS_ALWAYS_INLINE uint64_t ms_fold_age(const struct ms_writer *w, uint64_t cell)
{
    uint32_t age = (uint32_t)w->now - (uint32_t)ms_cell_birth(cell);

    _Static_assert(MS_BIRTH_BITS == 32, "the difference wraps as births do");
    // A stamp of another thread may be newer than ours: then it is just born.
    return (int32_t)age < 0 ? 0 : age;
}

MS_ALWAYS_INLINE void ms_fold_deallocation(struct ms_writer *w,
                                           uint64_t address,
                                           const struct ms_taken *taken,
                                           bool by_realloc)
{
    uint32_t row = ms_cell_row(taken->cell);

    if (ms_unlikely(taken->cell == 0)) {
        // A block that was not captured is nothing to wonder at then.
        if (!w->was_less)
            ms_bump(&w->slot->unknown_frees, 1);
        return;
    }
    if (!ms_ledger_is_own(w, taken->cell))
        row = ms_ledger_foreign(w, row);
    if (ms_unlikely(row == 0)) {
        ms_store_count_drop(w->store, MS_DROP_FREES);
        return;
    }
    uint64_t age = ms_fold_age(w, taken->cell);
    bool temporary = address == w->last_address && !by_realloc;
    if (ms_unlikely(w->rows[row].sampling != 0))
        ms_sampled_free(w, row, address, taken->size, age, temporary);
    else
        ms_ledger_free(w, row, taken->size, age, temporary);
    ms_recorder_add(w, MS_OPERATION_DEALLOCATION, address, row);
    w->last_address = 0;
}

#endif
