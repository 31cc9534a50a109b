// SPDX-License-Identifier: MIT
// See row_map.h for the contract.

#include "store/row_map.h"

#include <string.h>

#include "platform/memory.h"

void ms_row_map_init(struct ms_row_map *map)
{
    memset(map->first, 0, sizeof map->first);
    map->entries = map->first;
    map->mask = MS_ROW_MAP_FIRST - 1;
    map->shift = (uint32_t)(32 - __builtin_ctz(MS_ROW_MAP_FIRST));
    map->used = 0;
}

void ms_row_map_clear(struct ms_row_map *map)
{
    if (map->entries != map->first)
        ms_memory_unmap(map->entries,
                        ((size_t)map->mask + 1) * sizeof *map->entries);
    ms_row_map_init(map);
}

static void insert(struct ms_row_map *map, uint32_t key, uint32_t row)
{
    uint32_t i = ms_row_map_place(map, key);

    while (map->entries[i].key != 0)
        i = (i + 1) & map->mask;
    map->entries[i] = (struct ms_row_entry){.key = key, .row = row};
    map->used++;
}

static bool grow(struct ms_row_map *map)
{
    struct ms_row_map old = *map;
    size_t count = ((size_t)map->mask + 1) * 4;
    struct ms_row_entry *entries = ms_memory_map_wiped(count * sizeof *entries);

    if (entries == NULL)
        return false;
    map->entries = entries;
    map->mask = (uint32_t)count - 1;
    map->shift = (uint32_t)(32 - __builtin_ctzll(count));
    map->used = 0;
    for (size_t i = 0; i <= old.mask; i++)
        if (old.entries[i].key != 0)
            insert(map, old.entries[i].key, old.entries[i].row);
    if (old.entries != map->first)
        ms_memory_unmap(old.entries,
                        ((size_t)old.mask + 1) * sizeof *old.entries);
    return true;
}

bool ms_row_map_put(struct ms_row_map *map, uint32_t key, uint32_t row)
{
    if (map->used * 2 > map->mask && !grow(map))
        return false;
    insert(map, key, row);
    return true;
}
