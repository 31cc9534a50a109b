// SPDX-License-Identifier: MIT
//
// real_map: the system calls on the address space behind our hooks: the next
// function in the program's search order, or the kernel itself before that
// is known. As libc's: -1 or MAP_FAILED, and errno.

#ifndef MS_PLATFORM_REAL_MAP_H
#define MS_PLATFORM_REAL_MAP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// ms_real_map_resolve looks them up; by ms_real_alloc_resolve.
void ms_real_map_resolve(void);

void *ms_real_mmap(void *at, size_t bytes, int protection, int flags, int fd,
                   off_t offset);
int ms_real_munmap(void *at, size_t bytes);
void *ms_real_mremap(void *at, size_t old_bytes, size_t bytes, int flags,
                     void *to);
int ms_real_brk(void *end);
void *ms_real_sbrk(intptr_t bytes);

#endif
