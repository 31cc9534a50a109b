// SPDX-License-Identifier: MIT
//
// scopes: the functions of one compilation unit, and what was inlined into
// them, by address. Built once, when the first address of the unit is asked
// for; then each lookup is a binary search. Trusts nothing: a unit that makes
// no sense has fewer scopes. Symbol thread only.

#ifndef MS_ENGINE_SYMBOLS_SCOPES_H
#define MS_ENGINE_SYMBOLS_SCOPES_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MS_SCOPES_LIMIT (1u << 22) // of one unit
#define MS_SCOPE_NONE UINT32_MAX

struct ms_scope {
    Dwarf_Off die;
    uint32_t parent; // what it was inlined into; MS_SCOPE_NONE: a function
    // Found out when it is first met:
    bool resolved;
    uint32_t call_line;    // where it was inlined
    const char *call_file; // "" when unknown
    const char *function;  // "" when unknown
};

// Addresses whose innermost scope is `scope`. Sorted, without overlap.
struct ms_span {
    uint64_t low, high;
    uint32_t scope;
};

struct ms_scopes {
    struct ms_scope *items;
    size_t count, room;
    struct ms_span *spans;
    size_t span_count, span_room;
};

// ms_scopes_build reads a unit; false: out of memory.
bool ms_scopes_build(struct ms_scopes *s, Dwarf_Die *unit);
void ms_scopes_fini(struct ms_scopes *s);

// ms_scopes_find gives the innermost scope at an address of the debug file;
// MS_SCOPE_NONE: there is none.
uint32_t ms_scopes_find(const struct ms_scopes *s, uint64_t address);

size_t ms_scopes_bytes(const struct ms_scopes *s);

#endif
