// SPDX-License-Identifier: MIT
//
// dynamic_types: what C++ objects the live blocks begin with, read out of the
// running program: a block whose first word points to a table of virtual
// functions begins with an object of the class that the table's type
// information names. No debug information is needed, nor a symbol. Never a
// guess: what does not hold all of the following is unknown.
//
//   - The block lives before and after its word is read.
//   - The word is the address point of a whole object's table: no offset to
//     the top, and type information that is itself an object of one of the
//     three classes of the C++ runtime that describe classes.
//   - The same holds of all blocks of that size from that stack which are
//     not just being made: what is left over in new memory holds for few.
//
// Classes built without type information are unknown. Looks at a bounded
// number of blocks. Any thread; takes as long as reading them does (some ten
// milliseconds at most), and nobody else waits meanwhile.

#ifndef MS_ENGINE_DYNAMIC_TYPES_H
#define MS_ENGINE_DYNAMIC_TYPES_H

#include "engine/picture.h"

#define MS_DYNAMIC_BLOCKS 65536u // looked at, those at low addresses first
#define MS_DYNAMIC_TYPES 1024u   // told apart

struct ms_dynamic_type {
    char name[512];
    uint64_t live_bytes, live_blocks;
};

struct ms_dynamic_types {
    struct ms_dynamic_type *rows; // most bytes first
    size_t count;
    uint64_t unknown_bytes, unknown_blocks; // looked at, of no known type
    bool complete; // all blocks were looked at, all types told apart
    bool readable; // false: the program has ended, or may not be read
};

// ms_engine_dynamic_types; ms_dynamic_types_fini frees what is in it.
enum memscope_status
ms_engine_dynamic_types(struct ms_engine *engine, uint32_t session,
                        struct ms_dynamic_types *out) MEMSCOPE_MUST_CHECK;
void ms_dynamic_types_fini(struct ms_dynamic_types *types);

#endif
