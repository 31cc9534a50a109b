// SPDX-License-Identifier: MIT
// See units.h for the contract.

#include "symbols/units.h"

#include <dwarf.h>
#include <stdlib.h>

#define UNITS_LIMIT (1u << 20)
#define RANGES_LIMIT (1u << 22)
#define LOOK_BACK 8u // ranges before an address that may reach to it
// Scopes are dropped, to be built anew, when they take more than this.
#define SCOPES_BYTES (UINT64_C(256) << 20)

static bool reserve(void **items, size_t count, size_t *room, size_t bytes)
{
    if (count < *room)
        return true;
    size_t more = *room == 0 ? 64 : *room * 2;
    void *moved = realloc(*items, more * bytes);
    if (moved == NULL)
        return false;
    *items = moved;
    *room = more;
    return true;
}

static bool add_unit(struct ms_units *u, Dwarf_Die *die)
{
    Dwarf_Attribute attribute;
    Dwarf_Addr base, low, high;
    ptrdiff_t at = 0;

    if (!reserve((void **)&u->items, u->count, &u->room, sizeof *u->items))
        return false;
    u->items[u->count] = (struct ms_unit){
        .die = *die,
        .directory =
            dwarf_formstring(dwarf_attr(die, DW_AT_comp_dir, &attribute)),
    };
    while (u->range_count < RANGES_LIMIT) {
        at = dwarf_ranges(die, at, &base, &low, &high);
        if (at <= 0)
            break;
        if (low == 0 || low >= high)
            continue; // left out by the linker
        if (!reserve((void **)&u->ranges, u->range_count, &u->range_room,
                     sizeof *u->ranges))
            return false;
        u->ranges[u->range_count++] =
            (struct ms_unit_range){low, high, (uint32_t)u->count};
    }
    u->count++;
    return true;
}

static int by_place(const void *a, const void *b)
{
    const struct ms_unit_range *x = a, *y = b;

    if (x->low != y->low)
        return x->low < y->low ? -1 : 1;
    return (x->unit > y->unit) - (x->unit < y->unit);
}

bool ms_units_read(struct ms_units *u, Dwarf *dwarf)
{
    Dwarf_CU *cu = NULL;
    Dwarf_Die die, split;
    uint8_t type;

    while (u->count < UNITS_LIMIT &&
           dwarf_get_units(dwarf, cu, &cu, NULL, &type, &die, &split) == 0) {
        // The rest of a skeleton lies in a file of its own, if that is there.
        if (type == DW_UT_skeleton && dwarf_tag(&split) == DW_TAG_compile_unit)
            die = split;
        if (dwarf_tag(&die) == DW_TAG_compile_unit && !add_unit(u, &die))
            return false;
    }
    if (u->range_count != 0)
        qsort(u->ranges, u->range_count, sizeof *u->ranges, by_place);
    return true;
}

static void drop_scopes(struct ms_units *u)
{
    for (size_t i = 0; i < u->count; i++) {
        ms_scopes_fini(&u->items[i].scopes);
        u->items[i].built = false;
    }
    u->bytes = 0;
}

void ms_units_fini(struct ms_units *u)
{
    drop_scopes(u);
    free(u->items);
    free(u->ranges);
    *u = (struct ms_units){0};
}

static struct ms_unit *unit_at(struct ms_units *u, uint64_t address)
{
    size_t low = 0, high = u->range_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (u->ranges[middle].low <= address)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = low, n = 0; i-- > 0 && n < LOOK_BACK; n++)
        if (address < u->ranges[i].high)
            return &u->items[u->ranges[i].unit];
    return NULL;
}

struct ms_unit *ms_units_find(struct ms_units *u, uint64_t address)
{
    struct ms_unit *unit = unit_at(u, address);

    if (unit == NULL || unit->built)
        return unit;
    if (u->bytes > SCOPES_BYTES)
        drop_scopes(u);
    if (!ms_scopes_build(&unit->scopes, &unit->die))
        ms_scopes_fini(&unit->scopes);
    unit->built = true;
    u->bytes += ms_scopes_bytes(&unit->scopes);
    return unit;
}
