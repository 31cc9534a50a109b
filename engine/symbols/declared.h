// SPDX-License-Identifier: MIT
//
// declared: of what type a call's block is, as the debug information of the
// calling function declares it. The first of these that says something, in the
// innermost function at the call and then in those that it is inlined into, as
// long as they only hand on memory that they were asked for by size (and return
// as a void pointer):
//
//   - a C++ container's allocator: the type that it allocates for; the same of
//     std::make_unique;
//   - a variable that is declared on the line of the call: what it points to;
//   - what the function returns a pointer to.
//
// Nothing is said of memory without a type (void), of incomplete types, nor of
// what two declarations disagree about. Trusts nothing. Symbol thread only.

#ifndef MS_ENGINE_SYMBOLS_DECLARED_H
#define MS_ENGINE_SYMBOLS_DECLARED_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbols/strings.h"

struct ms_declared {
    const char *type; // "" when nothing is declared
    uint64_t bytes;   // of one
    bool many;        // several in one block are an array of it
    bool handed_on;   // the caller of the function knows; nothing else is said
};

// Types that have been met, by where they stand in the file.
struct ms_declared_types {
    struct ms_declared_type {
        const void *die; // its place in memory; NULL: free
        const char *name;
    } * slots; // open addressing, at most half full
    size_t room, count;
};
void ms_declared_types_fini(struct ms_declared_types *t);

enum ms_declared_said {
    MS_DECLARED_NOTHING,
    MS_DECLARED_TYPE,      // *out holds it
    MS_DECLARED_HANDED_ON, // ask the function that this one is inlined into
};

// ms_declared_in asks one function about a call on a line of it (0: unknown).
// Names are kept in `strings`.
enum ms_declared_said ms_declared_in(struct ms_declared_types *types,
                                     struct ms_strings *strings,
                                     Dwarf_Die *function, uint32_t line,
                                     struct ms_declared *out);

#endif
