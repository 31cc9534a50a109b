// SPDX-License-Identifier: MIT
//
// floor: the preload library that does nothing: each function passes its call
// on to the allocator behind it, with a jump. What it costs is the price of
// standing in between; nothing that is preloaded costs less.

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static struct {
    void *(*malloc)(size_t);
    void (*free)(void *);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
} real;

// dlsym gives an object pointer; C has no cast from that to a function.
static void look_up(void *function, const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    memcpy(function, &found, sizeof found);
}

// Not inlined, so that a hook that need not call it has no frame of its own.
// glibc's dlsym does not allocate where it finds something.
__attribute__((noinline, cold)) static void resolve(void)
{
    look_up(&real.free, "free");
    look_up(&real.calloc, "calloc");
    look_up(&real.realloc, "realloc");
    look_up(&real.malloc, "malloc");
}

#define RESOLVED(f)                                                            \
    do {                                                                       \
        if (__builtin_expect(real.f == NULL, 0))                               \
            resolve();                                                         \
    } while (0)

void *malloc(size_t size)
{
    RESOLVED(malloc);
    return real.malloc(size);
}

void free(void *p)
{
    RESOLVED(free);
    real.free(p);
}

void *calloc(size_t count, size_t size)
{
    RESOLVED(calloc);
    return real.calloc(count, size);
}

void *realloc(void *p, size_t size)
{
    RESOLVED(realloc);
    return real.realloc(p, size);
}
