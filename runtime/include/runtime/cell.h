// SPDX-License-Identifier: MIT
//
// cell: a cell of the live index. A head cell stands where a block begins; bit
// 63 says so, and that the block is live. A size of 63 or more does not fit the
// head: it stands in the next cell, which the block then covers as well.
//
//   63     62..39   38..33   32                  31..0
//   live   row      size     bit 4 of the address  birth

#ifndef MS_RUNTIME_CELL_H
#define MS_RUNTIME_CELL_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/segment.h"

#define MS_CELL_LIVE (UINT64_C(1) << 63)
#define MS_CELL_ROW_SHIFT 39u
#define MS_CELL_BIG 63u

// What a head cell says of a size.
static inline uint64_t ms_cell_small(uint64_t size)
{
    return size < MS_CELL_BIG ? size : MS_CELL_BIG;
}

static inline uint64_t ms_cell_pack(uint64_t address, uint32_t row,
                                    uint64_t size, uint64_t birth)
{
    return MS_CELL_LIVE | (uint64_t)row << MS_CELL_ROW_SHIFT |
           (2 * ms_cell_small(size) + (address >> 4 & 1)) << 32 |
           (birth & ((UINT64_C(1) << MS_BIRTH_BITS) - 1));
}

// The address of a block, from its cell and the cell's place in the index.
static inline uint64_t ms_cell_address(uint64_t cell, uint64_t place)
{
    return place << MS_GRANULE_SHIFT | (cell >> 32 & 1) << 4;
}

static inline bool ms_cell_live(uint64_t cell)
{
    return cell >> 63;
}

static inline uint32_t ms_cell_row(uint64_t cell)
{
    return (uint32_t)(cell >> MS_CELL_ROW_SHIFT) & (MS_ROW_CAPACITY - 1);
}

// The row's number times 64, which takes fewer instructions than the number.
static inline uint64_t ms_cell_row_64(uint64_t cell)
{
    return cell >> (MS_CELL_ROW_SHIFT - 6) & (uint64_t)(MS_ROW_CAPACITY - 1)
                                                 << 6;
}

// Rows go to threads in groups. The group of a cell's row, where the cell is
// live; without a block it is in the lower half, and none.
#define MS_ROW_GROUP 8u
#define MS_CELL_GROUPS (2 * MS_ROW_CAPACITY / MS_ROW_GROUP)

static inline uint32_t ms_cell_group(uint64_t cell)
{
    _Static_assert(MS_ROW_GROUP == 8, "three bits of the row");
    return (uint32_t)(cell >> (MS_CELL_ROW_SHIFT + 3));
}

static inline uint32_t ms_cell_small_size(uint64_t cell)
{
    return (uint32_t)(cell >> 33) & 63;
}

static inline uint64_t ms_cell_birth(uint64_t cell)
{
    return cell & ((UINT64_C(1) << MS_BIRTH_BITS) - 1);
}

// The cell with another time in place of the birth.
static inline uint64_t ms_cell_at(uint64_t cell, uint64_t time)
{
    _Static_assert(MS_BIRTH_BITS == 32, "the lower half");
    return (cell & ~(uint64_t)UINT32_MAX) | (uint32_t)time;
}

#endif
