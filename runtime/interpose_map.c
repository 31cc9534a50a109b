// SPDX-License-Identifier: MIT
//
// interpose_map: what the program itself maps: mmap, munmap, mremap, brk and
// sbrk. What libc maps for itself (the arenas of its malloc, the stacks of
// its threads, objects that it loads) does not pass through here; what we map
// for ourselves does, and is told apart by where it comes from.

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/engine.h"
#include "capture/mapping.h"
#include "platform/compiler.h"
#include "platform/real_alloc.h"
#include "platform/real_map.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT void *mmap(void *at, size_t bytes, int protection, int flags, int fd,
                  off_t offset);
EXPORT void *mmap64(void *at, size_t bytes, int protection, int flags, int fd,
                    off64_t offset);
EXPORT int munmap(void *at, size_t bytes);
EXPORT void *mremap(void *at, size_t old_bytes, size_t bytes, int flags, ...);
EXPORT int brk(void *end);
EXPORT void *sbrk(intptr_t bytes);

// The linker's: the first byte of this library, and the end of its code.
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const char etext[] __attribute__((visibility("hidden")));

static bool is_ours(const void *caller)
{
    uintptr_t at = (uintptr_t)caller;

    return at >= (uintptr_t)__ehdr_start && at < (uintptr_t)etext;
}
#define FROM_US ms_unlikely(is_ours(__builtin_return_address(0)))

// The first call of all may be one of these.
static void have_real(void)
{
    if (ms_unlikely(ms_real_alloc.malloc == NULL))
        (void)ms_real_alloc_resolve();
}

static uint32_t protection_of(int protection, int flags)
{
    return ((uint32_t)protection & (PROT_READ | PROT_WRITE | PROT_EXEC)) |
           ((flags & MAP_TYPE) != MAP_PRIVATE ? MS_MAPPING_SHARED : 0);
}

MS_ALWAYS_INLINE void *map(void *at, size_t bytes, int protection, int flags,
                           int fd, off_t offset, const void *frame)
{
    have_real();
    void *p = ms_real_mmap(at, bytes, protection, flags, fd, offset);
    if (p != MAP_FAILED)
        ms_capture_mapping(MS_MAPPING_MAP,
                           flags & MAP_ANONYMOUS ? MS_MAPPING_ANONYMOUS
                                                 : MS_MAPPING_FILE,
                           p, bytes, protection_of(protection, flags), frame);
    return p;
}

void *mmap(void *at, size_t bytes, int protection, int flags, int fd,
           off_t offset)
{
    if (FROM_US)
        return ms_real_mmap(at, bytes, protection, flags, fd, offset);
    return map(at, bytes, protection, flags, fd, offset, MS_HOOK_FRAME);
}

void *mmap64(void *at, size_t bytes, int protection, int flags, int fd,
             off64_t offset)
{
    if (FROM_US)
        return ms_real_mmap(at, bytes, protection, flags, fd, offset);
    return map(at, bytes, protection, flags, fd, offset, MS_HOOK_FRAME);
}

int munmap(void *at, size_t bytes)
{
    // What the kernel refuses at once changes nothing.
    if (FROM_US || bytes == 0 || ((uintptr_t)at & 4095) != 0)
        return ms_real_munmap(at, bytes);
    have_real();
    ms_capture_mapping(MS_MAPPING_UNMAP, 0, at, bytes, 0, MS_HOOK_FRAME);
    int result = ms_real_munmap(at, bytes);
    if (ms_unlikely(result != 0))
        ms_capture_mapping(MS_MAPPING_RESTORE, 0, at, bytes, 0, MS_HOOK_FRAME);
    return result;
}

void *mremap(void *at, size_t old_bytes, size_t bytes, int flags, ...)
{
    void *to = NULL;

    if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) {
        va_list arguments;
        va_start(arguments, flags);
        to = va_arg(arguments, void *);
        va_end(arguments);
    }
    if (FROM_US || ((uintptr_t)at & 4095) != 0)
        return ms_real_mremap(at, old_bytes, bytes, flags, to);
    have_real();
    const void *frame = MS_HOOK_FRAME;
    // The old range may be given to another thread at once.
    if (old_bytes != 0)
        ms_capture_mapping(MS_MAPPING_UNMAP, 0, at, old_bytes, 0, frame);
    void *now = ms_real_mremap(at, old_bytes, bytes, flags, to);
    if (now == MAP_FAILED) {
        if (old_bytes != 0)
            ms_capture_mapping(MS_MAPPING_RESTORE, 0, at, old_bytes, 0, frame);
        return now;
    }
    ms_capture_mapping(MS_MAPPING_MOVE, MS_MAPPING_FILE, now, bytes,
                       PROT_READ | PROT_WRITE | MS_MAPPING_SHARED, frame);
    if (flags & MREMAP_DONTUNMAP)
        ms_capture_mapping(MS_MAPPING_RESTORE, 0, at, old_bytes, 0, frame);
    return now;
}

// The break has moved by so much; only whole pages are seen.
static void moved(const char *old, intptr_t by, const void *frame)
{
    uintptr_t from = ((uintptr_t)old + 4095) & ~(uintptr_t)4095;
    uintptr_t to = ((uintptr_t)old + (uintptr_t)by + 4095) & ~(uintptr_t)4095;

    if (to > from)
        ms_capture_mapping(MS_MAPPING_MAP, MS_MAPPING_BREAK, (const void *)from,
                           to - from, PROT_READ | PROT_WRITE, frame);
    else if (to < from)
        ms_capture_mapping(MS_MAPPING_UNMAP, MS_MAPPING_BREAK, (const void *)to,
                           from - to, 0, frame);
}

void *sbrk(intptr_t bytes)
{
    have_real();
    void *old = ms_real_sbrk(bytes);
    // Not before the call, as an unmap would be: nobody but the program's own
    // calls of these two gives out what lies above the break.
    if (old != (void *)-1 && bytes != 0) // NOLINT(performance-no-int-to-ptr)
        moved(old, bytes, MS_HOOK_FRAME);
    return old;
}

int brk(void *end)
{
    have_real();
    const char *old = ms_real_sbrk(0);
    int result = ms_real_brk(end);
    if (result == 0)
        moved(old, (char *)end - old, MS_HOOK_FRAME);
    return result;
}
