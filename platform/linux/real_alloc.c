// SPDX-License-Identifier: MIT
// See platform/real_alloc.h for the contract.

#include "platform/real_alloc.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "platform/real_map.h"

#define BOOT_BYTES 65536

static void *first_malloc(size_t size);
static void *first_calloc(size_t count, size_t size);

struct ms_real_alloc ms_real_alloc = {
    .plain_malloc = first_malloc,
    .plain_calloc = first_calloc,
};

static bool resolving;
static _Alignas(64) char boot[BOOT_BYTES];
static _Atomic size_t boot_used;

// dlsym gives an object pointer; C has no cast from that to a function.
static void look_up(void *function, const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    memcpy(function, &found, sizeof found);
}

void ms_real_function(const char *name, void *function)
{
    look_up(function, name);
}

// Not dladdr: that looks through all symbols, for their names.
static bool is_glibc(void)
{
    struct dl_find_object here, libc;
    void *probe;

    memcpy(&probe, &ms_real_alloc.malloc, sizeof probe);
    void *gnu = dlsym(RTLD_NEXT, "gnu_get_libc_version");
    return gnu != NULL && _dl_find_object(probe, &here) == 0 &&
           _dl_find_object(gnu, &libc) == 0 &&
           here.dlfo_map_start == libc.dlfo_map_start;
}

static void *raising_malloc(size_t size)
{
    const struct ms_real_alloc *r = &ms_real_alloc;

    return r->malloc(size >= r->smallest ? size : r->smallest);
}

static void *raising_calloc(size_t count, size_t size)
{
    const struct ms_real_alloc *r = &ms_real_alloc;

    return r->calloc(count, size >= r->smallest ? size : r->smallest);
}

// Size 0 means free to some allocators: it must reach them as it is.
static void *raising_realloc(void *p, size_t size)
{
    const struct ms_real_alloc *r = &ms_real_alloc;

    return r->realloc(p, size == 0 || size >= r->smallest ? size : r->smallest);
}

static void *boot_block(size_t size)
{
    void *p = ms_boot_alloc(size, 0);

    if (p == NULL)
        errno = ENOMEM;
    return p;
}

static void *first_malloc(size_t size)
{
    return ms_real_alloc_resolve() ? ms_real_alloc.plain_malloc(size)
                                   : boot_block(size);
}

static void *first_calloc(size_t count, size_t size)
{
    return ms_real_alloc_resolve()
               ? ms_real_alloc.plain_calloc(count, size)
               : boot_block(size); // never used before: zeroed
}

static void sparing_free(void *p)
{
    if (!ms_boot_owns(p))
        ms_real_alloc.free(p);
}

bool ms_real_alloc_resolve(void)
{
    struct ms_real_alloc *r = &ms_real_alloc;

    if (r->malloc != NULL && !resolving)
        return true;
    if (resolving)
        return false;
    resolving = true;
    look_up(&r->free, "free");
    look_up(&r->calloc, "calloc");
    look_up(&r->realloc, "realloc");
    look_up(&r->memalign, "memalign");
    look_up(&r->posix_memalign, "posix_memalign");
    look_up(&r->aligned_alloc, "aligned_alloc");
    look_up(&r->valloc, "valloc");
    look_up(&r->pvalloc, "pvalloc");
    look_up(&r->malloc_usable_size, "malloc_usable_size");
    ms_real_map_resolve();
    look_up(&r->malloc, "malloc");
    r->smallest = is_glibc() ? 0 : 32;
    r->plain_malloc = r->smallest == 0 ? r->malloc : raising_malloc;
    r->plain_calloc = r->smallest == 0 ? r->calloc : raising_calloc;
    // relaxed: there is no second thread, and the arena serves nobody from now
    bool served = atomic_load_explicit(&boot_used, memory_order_relaxed) != 0;
    r->plain_free = served ? sparing_free : r->free;
    r->plain_realloc = served             ? NULL
                       : r->smallest == 0 ? r->realloc
                                          : raising_realloc;
    resolving = false;
    return true;
}

void *ms_boot_alloc(size_t bytes, size_t alignment)
{
    // Each block is preceded by its size; blocks begin 32 bytes apart.
    size_t align = alignment < 32 ? 32 : alignment;
    size_t used = atomic_load_explicit(&boot_used, memory_order_relaxed);
    size_t begin;

    if (bytes > BOOT_BYTES || align > 4096)
        return NULL;
    do {
        uintptr_t at = (uintptr_t)boot + used + sizeof(size_t);
        at = (at + align - 1) & ~(uintptr_t)(align - 1);
        begin = (size_t)(at - (uintptr_t)boot);
        if (begin + bytes > BOOT_BYTES)
            return NULL;
    } while (!atomic_compare_exchange_weak_explicit(
        &boot_used, &used, begin + bytes, memory_order_relaxed,
        memory_order_relaxed));
    memcpy(boot + begin - sizeof(size_t), &bytes, sizeof bytes);
    return boot + begin;
}

bool ms_boot_owns(const void *p)
{
    uintptr_t at = (uintptr_t)p;

    return at >= (uintptr_t)boot && at < (uintptr_t)boot + BOOT_BYTES;
}

size_t ms_boot_size(const void *p)
{
    size_t bytes;

    memcpy(&bytes, (const char *)p - sizeof bytes, sizeof bytes);
    return bytes;
}
