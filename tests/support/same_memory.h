// SPDX-License-Identifier: MIT
//
// same_memory: lets the reading side use the writers' own mapping of a
// segment. ThreadSanitizer knows memory by its address: of two mappings of one
// page it sees neither the races nor what orders them. Programs with this file
// are linked with --wrap for the functions that it stands in for.

#ifndef MS_TESTS_SAME_MEMORY_H
#define MS_TESTS_SAME_MEMORY_H

#include "runtime/store.h"

// ms_same_memory: from here on whoever maps a part of a shared file, but a
// writer, is given that part of the store. NULL ends it.
void ms_same_memory(const struct ms_store *store);

// ms_same_memory_create: the next stores are made in this memory, which must
// be zero; its file is at *fd. NULL ends it.
struct ms_prepared {
    int fd;
    char *base, *index;
    uint64_t index_offset, index_bytes;
};
void ms_same_memory_prepare(struct ms_prepared *memory);
void ms_same_memory_create(const struct ms_prepared *memory);

#endif
