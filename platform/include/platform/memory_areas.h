// SPDX-License-Identifier: MIT
//
// memory_areas: the address space of a process as the operating system
// describes it, with what of it is resident. Any thread. Takes milliseconds in
// a large process, and holds up its page faults for as long: on request only.

#ifndef MS_PLATFORM_MEMORY_AREAS_H
#define MS_PLATFORM_MEMORY_AREAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum ms_area_kind {
    MS_AREA_ANONYMOUS,
    MS_AREA_HEAP,  // by brk
    MS_AREA_STACK, // of the main thread
    MS_AREA_FILE,
    MS_AREA_OWN, // memscope's: its segment, its memory of ms_memory_map_wiped
};

struct ms_memory_area {
    uint64_t start, end;
    uint64_t resident_bytes;
    enum ms_area_kind kind;
    bool readable, writable, executable, shared;
};

// ms_memory_areas gives all areas in order of address, to be freed with free().
// Returns 0 or an errno value.
int ms_memory_areas(pid_t pid, struct ms_memory_area **out, size_t *count);

// ms_memory_resident counts the resident bytes of a range, page by page;
// UINT64_MAX: cannot be read, or too large to be read.
uint64_t ms_memory_resident(pid_t pid, uint64_t start, uint64_t end);

#endif
