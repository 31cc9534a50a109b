// SPDX-License-Identifier: MIT
//
// row_map: a thread's own table from a key (a stack, or another thread's row)
// to its ledger row. One thread; open addressing, at most half full; memory
// from the kernel, and only to grow. Keys and rows are never 0.

#ifndef MS_RUNTIME_STORE_ROW_MAP_H
#define MS_RUNTIME_STORE_ROW_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MS_ROW_MAP_FIRST 64u

struct ms_row_entry {
    uint32_t key; // 0: empty
    uint32_t row;
};

// The rows that a stack was booked in last: a list that grows has several size
// classes by turns.
#define MS_ROW_HINTS 4u
struct ms_row_hint {
    uint32_t rows[MS_ROW_HINTS]; // and the size class, and one more; 0: none
};

static inline uint32_t ms_row_hint_for(const struct ms_row_hint *hint,
                                       uint32_t size_class)
{
    uint32_t known = hint->rows[(size_class + 1) % MS_ROW_HINTS];

    if ((known & 255) != size_class + 1)
        return 0;
    known >>= 8;
    if (known == 0)
        __builtin_unreachable(); // what is kept is no row 0
    return known;
}

static inline void ms_row_hint_keep(struct ms_row_hint *hint,
                                    uint32_t size_class, uint32_t row)
{
    hint->rows[(size_class + 1) % MS_ROW_HINTS] = row << 8 | (size_class + 1);
}

struct ms_row_map {
    struct ms_row_entry *entries;
    uint32_t shift; // 32 - log2(entries)
    uint32_t mask;
    uint32_t used;
    struct ms_row_entry first[MS_ROW_MAP_FIRST];
};

// ms_row_map_init empties the map, giving back what it grew.
void ms_row_map_init(struct ms_row_map *map);
void ms_row_map_clear(struct ms_row_map *map);

// ms_row_map_bytes is the memory of its own that the map has at `entries`.
static inline size_t ms_row_map_bytes(const struct ms_row_map *map)
{
    return map->entries == map->first
               ? 0
               : ((size_t)map->mask + 1) * sizeof *map->entries;
}

// ms_row_map_put adds a key that is not there. False: out of memory.
bool ms_row_map_put(struct ms_row_map *map, uint32_t key, uint32_t row);

// Where a key is looked for first. Stacks with numbers close by share a cache
// line, as they are mostly looked for together; four size classes of theirs, or
// one with many would run into all that follow.
static inline uint32_t ms_row_map_place(const struct ms_row_map *map,
                                        uint32_t key)
{
    uint32_t group = (key << 8 >> 11) | (key >> 26) << 21;
    uint32_t line = (group * UINT32_C(0x9E3779B1)) >> map->shift;

    return (line & ~7u) | ((key + (key >> 24)) & 7);
}

// ms_row_map_get gives the row of a key, or 0.
static inline uint32_t ms_row_map_get(const struct ms_row_map *map,
                                      uint32_t key)
{
    uint32_t i = ms_row_map_place(map, key);

    for (;; i = (i + 1) & map->mask) {
        if (map->entries[i].key == key)
            return map->entries[i].row;
        if (map->entries[i].key == 0)
            return 0;
    }
}

#endif
