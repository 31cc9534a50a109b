// SPDX-License-Identifier: MIT
//
// live_index: the cell of each live block. Whoever owns the block owns its
// cell: it is written after the allocator has given the block and cleared
// before the allocator gets it back, so that there is never a second writer;
// the allocator itself orders one owner after the other.

#ifndef MS_RUNTIME_STORE_LIVE_INDEX_H
#define MS_RUNTIME_STORE_LIVE_INDEX_H

#include "platform/atomics.h"
#include "platform/compiler.h"
#include "runtime/cell.h"
#include "runtime/store.h"

// The cell that has the size of a block, of which its own says `small`: that
// one, or the next where it does not fit. A block of such a size covers that
// cell's granule, too.
static inline _Atomic uint64_t *ms_live_index_sized(_Atomic uint64_t *cell,
                                                    uint64_t small)
{
    return cell + (small + 1) / (MS_CELL_BIG + 1);
}

// Returns what the cell now says.
static inline uint64_t ms_live_index_put(_Atomic uint64_t *index,
                                         uint64_t address, uint32_t row,
                                         uint64_t size, uint64_t birth)
{
    // Anew: when its place was last asked for is too long ago to be kept.
    const void *block = ms_anew((void *)(uintptr_t)address);
    _Atomic uint64_t *cell = &index[(uintptr_t)block >> MS_GRANULE_SHIFT];

    // Nobody could predict a branch here. The own cell of a block that has no
    // other is not live yet. relaxed: published by [A]
    uint64_t small = ms_cell_small(size);
    ms_store_relaxed(ms_live_index_sized(cell, small), size);
    // [A] release: publishes the size and the row's constants; pairs with the
    // walk's acquire
    uint64_t value = ms_cell_pack(address, row, small, birth);
    ms_store_release(cell, value);
    return value;
}

// Whether a block lives there. Where one is just given, its free went unseen.
static inline bool ms_live_index_has(const _Atomic uint64_t *index,
                                     uint64_t address)
{
    // relaxed: only the block's owner writes its cell
    return ms_cell_live(ms_load_relaxed(&index[address >> MS_GRANULE_SHIFT]));
}

// Takes a block whose cell was found live.
static inline struct ms_taken ms_live_index_clear(_Atomic uint64_t *cell,
                                                  uint64_t value)
{
    struct ms_taken taken = {.cell = value};
    uint32_t small = ms_cell_small_size(value);
    _Atomic uint64_t *sized = ms_anew(ms_live_index_sized(cell, small));
    uint64_t size = ms_load_relaxed(sized);

    taken.size = sized != cell ? size : small; // no branch, as above
    ms_store_relaxed(cell, 0); // relaxed: the allocator's own hand-over orders
    return taken;
}

static inline struct ms_taken ms_live_index_take(_Atomic uint64_t *index,
                                                 uint64_t address)
{
    _Atomic uint64_t *cell = &index[address >> MS_GRANULE_SHIFT];
    // relaxed: only the block's owner writes its cell
    uint64_t value = ms_load_relaxed(cell);

    if (!ms_cell_live(value))
        return (struct ms_taken){0};
    return ms_live_index_clear(cell, value);
}

#endif
