// SPDX-License-Identifier: MIT
//
// real_alloc: the allocator behind our hooks: the next one in the program's
// search order, which is libc's or the program's own.

#ifndef MS_PLATFORM_REAL_ALLOC_H
#define MS_PLATFORM_REAL_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

struct ms_real_alloc {
    void *(*malloc)(size_t);
    void (*free)(void *);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void *(*memalign)(size_t, size_t);
    int (*posix_memalign)(void **, size_t, size_t);
    void *(*aligned_alloc)(size_t, size_t);
    void *(*valloc)(size_t);
    void *(*pvalloc)(size_t);
    size_t (*malloc_usable_size)(void *);
    // What stands for these where nothing else is to be done: they look after
    // `smallest` and the boot arena themselves, if there is anything to. The
    // first two can be called at any time: they resolve, if need be; realloc's
    // is NULL before that, and where the boot arena has served.
    void *(*plain_malloc)(size_t);
    void *(*plain_calloc)(size_t one, size_t); // of one element
    void (*plain_free)(void *);
    void *(*plain_realloc)(void *, size_t); // of a block
    // Requests below this are raised to it, so that blocks begin at least 32
    // bytes apart. 0 with glibc, whose blocks always do.
    size_t smallest;
};

// ms_real_alloc is filled by ms_real_alloc_resolve. Functions that the
// allocator lacks are NULL (all but malloc, free, calloc, realloc).
extern struct ms_real_alloc ms_real_alloc __attribute__((visibility("hidden")));

// ms_real_alloc_resolve looks the functions up. The first call is made before
// there is a second thread. dlsym may allocate: while it runs, hooks that are
// entered use ms_boot_alloc. Returns false while that look-up is under way.
bool ms_real_alloc_resolve(void);

// ms_real_function finds another function behind ours, as a pointer to it;
// NULL when there is none. May allocate.
void ms_real_function(const char *name, void *function);

// ms_boot_alloc serves from a small static arena; NULL when that is used up.
// Its memory is zeroed and never given back.
void *ms_boot_alloc(size_t bytes, size_t alignment);
bool ms_boot_owns(const void *p);
size_t ms_boot_size(const void *p); // of a block that it owns

#endif
