// SPDX-License-Identifier: MIT
//
// measured_types: of what types the live blocks are that nobody has tagged.
//
// First by what they begin with, read out of the running program: a block whose
// first word points to a table of virtual functions begins with an object of
// the class that the table's type information names. No debug information is
// needed, nor a symbol. Never a guess: what does not hold all of the following
// is unknown.
//
//   - The block lives before and after its word is read.
//   - The word is the address point of a whole object's table: no offset to
//     the top, and type information that is itself an object of one of the
//     three classes of the C++ runtime that describe classes.
//   - The same holds of all blocks of that size from that stack which are
//     not just being made: what is left over in new memory holds for few.
//
// Classes built without type information are unknown. Other blocks are of the
// type that debug information declares for what the call gives, when they have
// its size (see symbols/declared.h): known some time after somebody has asked.
//
// Looks at a bounded number of blocks. Any thread; takes as long as reading
// them does (some ten milliseconds at most), and nobody else waits meanwhile.

#ifndef MS_ENGINE_MEASURED_TYPES_H
#define MS_ENGINE_MEASURED_TYPES_H

#include "engine/annotations.h"
#include "engine/picture.h"

#define MS_MEASURED_BLOCKS 65536u // looked at, those at low addresses first
#define MS_MEASURED_TYPES 1024u   // told apart

struct ms_measured_type {
    char name[512];
    const char *from; // static: "vtable" or "dwarf"
    uint64_t live_bytes, live_blocks;
};

struct ms_measured_types {
    struct ms_measured_type *rows; // most bytes first
    size_t count;
    uint64_t tagged_bytes, tagged_blocks;   // looked at, with a type said
    uint64_t unknown_bytes, unknown_blocks; // looked at, of no known type
    bool complete; // all blocks were looked at, all types told apart
    bool readable; // false: the program has ended, or may not be read: nothing
                   // is known by tables of virtual functions
};

// ms_engine_measured_types; ms_measured_types_fini frees what is in it.
enum memscope_status
ms_engine_measured_types(struct ms_engine *engine, uint32_t session,
                         struct ms_measured_types *out) MEMSCOPE_MUST_CHECK;
void ms_measured_types_fini(struct ms_measured_types *types);

// ms_measured_types_append adds them to rows of tagged ones, which may move.
enum memscope_status
ms_measured_types_append(const struct ms_measured_types *types,
                         struct ms_type_row **rows,
                         size_t *count) MEMSCOPE_MUST_CHECK;

#endif
