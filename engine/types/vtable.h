// SPDX-License-Identifier: MIT
//
// vtable: which words point to a table of virtual functions, and of what
// class. Remembers what it has found out. One thread.

#ifndef MS_ENGINE_TYPES_VTABLE_H
#define MS_ENGINE_TYPES_VTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MS_VTABLE_NONE UINT32_MAX

struct ms_vtable_range {
    uint64_t start, end;
};

struct ms_vtables {
    pid_t pid;
    const struct ms_vtable_range *modules; // that are loaded
    size_t module_count;
    struct ms_vtable *items; // sorted by word
    size_t count;
    char (*names)[512];
    size_t name_count;
    bool full; // there were more types than can be told apart
};

// ms_vtables_read finds out about all of the words (which it sorts).
bool ms_vtables_read(struct ms_vtables *v, uint64_t *words, size_t count);
void ms_vtables_fini(struct ms_vtables *v);

// ms_vtables_type gives the number of a word's name; MS_VTABLE_NONE: it is no
// such pointer.
uint32_t ms_vtables_type(const struct ms_vtables *v, uint64_t word);

#endif
