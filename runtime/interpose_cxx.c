// SPDX-License-Identifier: MIT
//
// interpose_cxx: C++'s operators new and delete. Those of a C++ runtime call
// malloc and free, where they are seen: they are passed on to, with a jump. An
// allocator that brings its own (jemalloc, tcmalloc, mimalloc) does not call
// malloc: those are booked here. A C++ runtime that only a plugin sees cannot
// be passed on to; malloc and free do what it would do.

#include <dlfcn.h>
#include <stdint.h>
#include <string.h>

#include "capture/engine.h"
#include "platform/compiler.h"
#include "platform/real_alloc.h"
#include "runtime/runtime.h"

#define EXPORT __attribute__((visibility("default")))

// An operator as the program would find it without us.
struct cxx_operator {
    const char *name;
    void *pass; // it calls malloc or free itself; else NULL
    void *real; // what it is; NULL: there is none that we can see
};

enum {
    NEW,
    NEW_ARRAY,
    NEW_QUIET,
    NEW_ARRAY_QUIET,
    NEW_ALIGNED,
    NEW_ARRAY_ALIGNED,
    NEW_ALIGNED_QUIET,
    NEW_ARRAY_ALIGNED_QUIET,
    DELETE,
    DELETE_ARRAY,
    DELETE_SIZED,
    DELETE_ARRAY_SIZED,
    DELETE_QUIET,
    DELETE_ARRAY_QUIET,
    DELETE_ALIGNED,
    DELETE_ARRAY_ALIGNED,
    DELETE_SIZED_ALIGNED,
    DELETE_ARRAY_SIZED_ALIGNED,
    DELETE_ALIGNED_QUIET,
    DELETE_ARRAY_ALIGNED_QUIET,
    OPERATORS
};

static struct cxx_operator operators[OPERATORS] = {
    {.name = "_Znwm"},
    {.name = "_Znam"},
    {.name = "_ZnwmRKSt9nothrow_t"},
    {.name = "_ZnamRKSt9nothrow_t"},
    {.name = "_ZnwmSt11align_val_t"},
    {.name = "_ZnamSt11align_val_t"},
    {.name = "_ZnwmSt11align_val_tRKSt9nothrow_t"},
    {.name = "_ZnamSt11align_val_tRKSt9nothrow_t"},
    {.name = "_ZdlPv"},
    {.name = "_ZdaPv"},
    {.name = "_ZdlPvm"},
    {.name = "_ZdaPvm"},
    {.name = "_ZdlPvRKSt9nothrow_t"},
    {.name = "_ZdaPvRKSt9nothrow_t"},
    {.name = "_ZdlPvSt11align_val_t"},
    {.name = "_ZdaPvSt11align_val_t"},
    {.name = "_ZdlPvmSt11align_val_t"},
    {.name = "_ZdaPvmSt11align_val_t"},
    {.name = "_ZdlPvSt11align_val_tRKSt9nothrow_t"},
    {.name = "_ZdaPvSt11align_val_tRKSt9nothrow_t"},
};
// Set before there is a second thread: by our constructor, or by one of those
// that run before it.
static bool resolved;

static void *object_of(const void *function)
{
    Dl_info info;

    return function != NULL && dladdr(function, &info) != 0 ? info.dli_fbase
                                                            : NULL;
}

__attribute__((constructor)) static void resolve(void)
{
    void *allocator;

    if (resolved || !ms_real_alloc_resolve())
        return;
    ms_runtime_ignore();
    memcpy(&allocator, &ms_real_alloc.malloc, sizeof allocator);
    allocator = object_of(allocator);
    for (size_t i = 0; i < OPERATORS; i++) {
        struct cxx_operator *o = &operators[i];
        ms_real_function(o->name, &o->real);
        if (i == NEW && o->real == NULL)
            break; // no C++ here: each question more would cost microseconds
        if (o->real != NULL && object_of(o->real) != allocator)
            o->pass = o->real;
    }
    resolved = true;
    ms_runtime_watch();
}

static size_t raised(size_t size)
{
    return size >= ms_real_alloc.smallest ? size : ms_real_alloc.smallest;
}

// `count` arguments follow the size or the block: another size, an alignment,
// a reference to std::nothrow. A constant, so that what remains is a jump.
MS_ALWAYS_INLINE void *call_new(void *real, size_t size, int count, uintptr_t a,
                                uintptr_t b)
{
    void *(*f0)(size_t);
    void *(*f1)(size_t, uintptr_t);
    void *(*f2)(size_t, uintptr_t, uintptr_t);

    memcpy(&f0, &real, sizeof f0);
    memcpy(&f1, &real, sizeof f1);
    memcpy(&f2, &real, sizeof f2);
    return count == 0 ? f0(size) : count == 1 ? f1(size, a) : f2(size, a, b);
}

MS_ALWAYS_INLINE void call_delete(void *real, void *p, int count, uintptr_t a,
                                  uintptr_t b)
{
    void (*f0)(void *);
    void (*f1)(void *, uintptr_t);
    void (*f2)(void *, uintptr_t, uintptr_t);

    memcpy(&f0, &real, sizeof f0);
    memcpy(&f1, &real, sizeof f1);
    memcpy(&f2, &real, sizeof f2);
    if (count == 0)
        f0(p);
    else if (count == 1)
        f1(p, a);
    else
        f2(p, a, b);
}

// Out of memory, in a plugin: its own operator knows what to do then. That one
// may come back to us, for another form of new, as if we had called it.
static void *plugins_new(const struct cxx_operator *o, size_t size, int count,
                         uintptr_t a, uintptr_t b, const void *frame)
{
    MS_THREAD_LOCAL const char *runtime; // where it was found last
    Dl_info caller, found;
    void *at, *real = NULL;

    memcpy(&at, (const char *)frame + sizeof at, sizeof at);
    if (dladdr(at, &caller) == 0)
        return NULL;
    void *us = object_of(operators);
    const char *path = caller.dli_fbase == us ? runtime : caller.dli_fname;
    void *object = path != NULL ? dlopen(path, RTLD_LAZY | RTLD_NOLOAD) : NULL;
    if (object != NULL) {
        real = dlsym(object, o->name);
        dlclose(object); // it stays: it is our caller
    }
    if (real == NULL || dladdr(real, &found) == 0 || found.dli_fbase == us)
        return NULL;
    runtime = found.dli_fname;
    return call_new(real, size, count, a, b);
}

static __attribute__((noinline)) void *
booked_new(const struct cxx_operator *o, size_t size, int count, uintptr_t a,
           uintptr_t b, size_t alignment, const void *frame)
{
    uint64_t mark = ms_capture_mark();
    void *p;

    if (o->real != NULL)
        p = call_new(o->real, raised(size), count, a, b);
    else if (alignment != 0)
        p = ms_real_alloc.memalign(alignment, raised(size));
    else
        p = ms_real_alloc.malloc(raised(size));
    if (p == NULL)
        return o->real == NULL ? plugins_new(o, size, count, a, b, frame) : p;
    // Some of them call malloc after all, now and then.
    if (!ms_capture_knows(p, mark))
        ms_capture_alloc(p, size, frame);
    return p;
}

static __attribute__((noinline)) void
booked_delete(const struct cxx_operator *o, void *p, int count, uintptr_t a,
              uintptr_t b, const void *frame)
{
    if (p == NULL || (!ms_capture_dealloc(p, frame) && ms_boot_owns(p)))
        return;
    ms_runtime_ignore(); // it may call free
    if (o->real != NULL)
        call_delete(o->real, p, count, a, b);
    else
        ms_real_alloc.free(p);
    ms_runtime_watch();
}

MS_ALWAYS_INLINE bool passes(const struct cxx_operator *o)
{
    if (ms_likely(o->pass != NULL))
        return true;
    if (!resolved)
        resolve();
    return o->pass != NULL;
}

#define NEW_HOOK(function, which, count, alignment, a, b, ...)                 \
    EXPORT void *function(__VA_ARGS__);                                        \
    void *function(__VA_ARGS__)                                                \
    {                                                                          \
        struct cxx_operator *o = &operators[which];                            \
        if (passes(o))                                                         \
            return call_new(o->pass, size, count, a, b);                       \
        return booked_new(o, size, count, a, b, alignment, MS_HOOK_FRAME);     \
    }

NEW_HOOK(_Znwm, NEW, 0, 0, 0, 0, size_t size)
NEW_HOOK(_Znam, NEW_ARRAY, 0, 0, 0, 0, size_t size)
NEW_HOOK(_ZnwmRKSt9nothrow_t, NEW_QUIET, 1, 0, quiet, 0, size_t size,
         uintptr_t quiet)
NEW_HOOK(_ZnamRKSt9nothrow_t, NEW_ARRAY_QUIET, 1, 0, quiet, 0, size_t size,
         uintptr_t quiet)
NEW_HOOK(_ZnwmSt11align_val_t, NEW_ALIGNED, 1, align, align, 0, size_t size,
         size_t align)
NEW_HOOK(_ZnamSt11align_val_t, NEW_ARRAY_ALIGNED, 1, align, align, 0,
         size_t size, size_t align)
NEW_HOOK(_ZnwmSt11align_val_tRKSt9nothrow_t, NEW_ALIGNED_QUIET, 2, align, align,
         quiet, size_t size, size_t align, uintptr_t quiet)
NEW_HOOK(_ZnamSt11align_val_tRKSt9nothrow_t, NEW_ARRAY_ALIGNED_QUIET, 2, align,
         align, quiet, size_t size, size_t align, uintptr_t quiet)

// The size is not handed on to an allocator: it has given more, see raised.
#define DELETE_HOOK(function, which, count, a, b, own, own_count, own_a, ...)  \
    EXPORT void function(__VA_ARGS__);                                         \
    void function(__VA_ARGS__)                                                 \
    {                                                                          \
        struct cxx_operator *o = &operators[which];                            \
        if (passes(o))                                                         \
            call_delete(o->pass, p, count, a, b);                              \
        else                                                                   \
            booked_delete(&operators[own], p, own_count, own_a, 0,             \
                          MS_HOOK_FRAME);                                      \
    }

DELETE_HOOK(_ZdlPv, DELETE, 0, 0, 0, DELETE, 0, 0, void *p)
DELETE_HOOK(_ZdaPv, DELETE_ARRAY, 0, 0, 0, DELETE_ARRAY, 0, 0, void *p)
DELETE_HOOK(_ZdlPvm, DELETE_SIZED, 1, size, 0, DELETE, 0, 0, void *p,
            size_t size)
DELETE_HOOK(_ZdaPvm, DELETE_ARRAY_SIZED, 1, size, 0, DELETE_ARRAY, 0, 0,
            void *p, size_t size)
DELETE_HOOK(_ZdlPvRKSt9nothrow_t, DELETE_QUIET, 1, quiet, 0, DELETE, 0, 0,
            void *p, uintptr_t quiet)
DELETE_HOOK(_ZdaPvRKSt9nothrow_t, DELETE_ARRAY_QUIET, 1, quiet, 0, DELETE_ARRAY,
            0, 0, void *p, uintptr_t quiet)
DELETE_HOOK(_ZdlPvSt11align_val_t, DELETE_ALIGNED, 1, align, 0, DELETE_ALIGNED,
            1, align, void *p, size_t align)
DELETE_HOOK(_ZdaPvSt11align_val_t, DELETE_ARRAY_ALIGNED, 1, align, 0,
            DELETE_ARRAY_ALIGNED, 1, align, void *p, size_t align)
DELETE_HOOK(_ZdlPvmSt11align_val_t, DELETE_SIZED_ALIGNED, 2, size, align,
            DELETE_ALIGNED, 1, align, void *p, size_t size, size_t align)
DELETE_HOOK(_ZdaPvmSt11align_val_t, DELETE_ARRAY_SIZED_ALIGNED, 2, size, align,
            DELETE_ARRAY_ALIGNED, 1, align, void *p, size_t size, size_t align)
DELETE_HOOK(_ZdlPvSt11align_val_tRKSt9nothrow_t, DELETE_ALIGNED_QUIET, 2, align,
            quiet, DELETE_ALIGNED, 1, align, void *p, size_t align,
            uintptr_t quiet)
DELETE_HOOK(_ZdaPvSt11align_val_tRKSt9nothrow_t, DELETE_ARRAY_ALIGNED_QUIET, 2,
            align, quiet, DELETE_ARRAY_ALIGNED, 1, align, void *p, size_t align,
            uintptr_t quiet)
