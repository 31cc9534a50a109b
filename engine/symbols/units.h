// SPDX-License-Identifier: MIT
//
// units: the compilation units of one file, by address. Symbol thread only.

#ifndef MS_ENGINE_SYMBOLS_UNITS_H
#define MS_ENGINE_SYMBOLS_UNITS_H

#include "symbols/scopes.h"

struct ms_unit {
    Dwarf_Die die;
    const char *directory; // of the compilation; NULL when unknown
    bool built;
    struct ms_scopes scopes; // once built
};

struct ms_unit_range {
    uint64_t low, high;
    uint32_t unit;
};

struct ms_units {
    struct ms_unit *items;
    size_t count, room;
    struct ms_unit_range *ranges; // sorted
    size_t range_count, range_room;
    size_t bytes; // of all scopes
};

// ms_units_read reads where the units lie; false: out of memory.
bool ms_units_read(struct ms_units *u, Dwarf *dwarf);
void ms_units_fini(struct ms_units *u);

// ms_units_find gives the unit of an address of the debug file, its scopes
// built; NULL: there is none.
struct ms_unit *ms_units_find(struct ms_units *u, uint64_t address);

#endif
