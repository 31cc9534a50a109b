// SPDX-License-Identifier: MIT
//
// kept_memory: large memory that stays mapped from one input to the next, so
// that an input costs what it does and not what the kernel does. A reader of a
// segment is given its writer's own mapping; what the engine maps for itself,
// or gets zeroed in one large piece, is kept when it is freed, and of it only
// the pages that were touched are cleared. Programs with this file are linked
// with --wrap for the functions that it stands in for.

#ifndef MS_TESTS_KEPT_MEMORY_H
#define MS_TESTS_KEPT_MEMORY_H

#include <stddef.h>

#include "runtime/store.h"

// ms_kept_store: readers map this store, from here on.
void ms_kept_store(const struct ms_store *store);

// ms_kept_clear zeroes private memory that was all zero once.
void ms_kept_clear(void *memory, size_t bytes);

#endif
