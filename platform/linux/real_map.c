// SPDX-License-Identifier: MIT
// See platform/real_map.h for the contract.

#include "platform/real_map.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/real_alloc.h"

static struct {
    void *(*mmap)(void *, size_t, int, int, int, off_t);
    int (*munmap)(void *, size_t);
    void *(*mremap)(void *, size_t, size_t, int, ...);
    int (*brk)(void *);
    void *(*sbrk)(intptr_t);
} real;

void ms_real_map_resolve(void)
{
    ms_real_function("mmap", &real.mmap);
    ms_real_function("munmap", &real.munmap);
    ms_real_function("mremap", &real.mremap);
    ms_real_function("brk", &real.brk);
    ms_real_function("sbrk", &real.sbrk);
}

static void *as_pointer(long answer)
{
    return (void *)answer; // -1 is MAP_FAILED
}

void *ms_real_mmap(void *at, size_t bytes, int protection, int flags, int fd,
                   off_t offset)
{
    if (real.mmap != NULL)
        return real.mmap(at, bytes, protection, flags, fd, offset);
    return as_pointer(
        syscall(SYS_mmap, at, bytes, protection, flags, fd, offset));
}

int ms_real_munmap(void *at, size_t bytes)
{
    if (real.munmap != NULL)
        return real.munmap(at, bytes);
    return (int)syscall(SYS_munmap, at, bytes);
}

void *ms_real_mremap(void *at, size_t old_bytes, size_t bytes, int flags,
                     void *to)
{
    if (real.mremap != NULL)
        return real.mremap(at, old_bytes, bytes, flags, to);
    return as_pointer(syscall(SYS_mremap, at, old_bytes, bytes, flags, to));
}

// libc keeps the current break: without it there is none to be had.
int ms_real_brk(void *end)
{
    if (real.brk != NULL)
        return real.brk(end);
    errno = ENOMEM;
    return -1;
}

void *ms_real_sbrk(intptr_t bytes)
{
    if (real.sbrk != NULL)
        return real.sbrk(bytes);
    errno = ENOMEM;
    return as_pointer(-1);
}
