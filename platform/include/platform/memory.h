// SPDX-License-Identifier: MIT
//
// memory: memory of our own, from the kernel, never from malloc. Any thread;
// async-signal-safe; one system call or two per function. Functions that
// return int give 0 or an errno value.

#ifndef MS_PLATFORM_MEMORY_H
#define MS_PLATFORM_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// ms_memory_map gives zeroed private memory, rounded up to whole pages, or
// NULL. A forked child finds it as its parent left it.
void *ms_memory_map(size_t bytes);

// ms_memory_map_wiped gives the same, but a forked child finds it zeroed,
// however it was forked. NULL also where the kernel cannot do that.
void *ms_memory_map_wiped(size_t bytes);

// ms_memory_keep lets a forked child find whole pages of private memory as they
// are, or zeroed. False: the kernel would not.
bool ms_memory_keep(void *memory, size_t bytes, bool yes);

// ms_memory_stand_in maps zeroed memory, which no child will have, at an
// address where there is none. Returns 0 or an errno value.
int ms_memory_stand_in(void *address, uint64_t bytes);

void ms_memory_unmap(void *memory, size_t bytes);

// ms_memory_left is how much more address space the process may take, as far as
// a limit says so; UINT64_MAX: without limit.
uint64_t ms_memory_left(void);

// ms_private_memory_left is the same of memory that nobody shares.
uint64_t ms_private_memory_left(void);

// ms_shared_create makes a sparse, zeroed, anonymous file of `bytes` that can
// neither shrink nor grow any more. The caller closes *fd.
int ms_shared_create(const char *name, uint64_t bytes, int *fd);

// ms_shared_map maps a part of it for reading and writing, without reserving
// memory, left out of core dumps. With `keep_from_child` a forked child does
// not have the mapping. Offset and bytes are multiples of the page size.
int ms_shared_map(int fd, uint64_t offset, uint64_t bytes, bool keep_from_child,
                  void **out);

// ms_shared_check says whether fd is a file of ms_shared_create: sealed
// against shrinking, so that reading its mapping can never fault; gives its
// length and the memory it occupies. EINVAL when it is not.
int ms_shared_check(int fd, uint64_t *bytes, uint64_t *used_bytes);

// ms_shared_next_data finds the next populated part of a file at or after
// `offset`. False when there is none.
bool ms_shared_next_data(int fd, uint64_t offset, uint64_t *begin,
                         uint64_t *end);

#endif
