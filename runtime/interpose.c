// SPDX-License-Identifier: MIT
//
// interpose: the allocation functions that the program finds instead of its
// allocator's. Each is a thin shell: the real function does the work, the
// capture engine is told of a block after it was given and before it is given
// back. Any thread, also before main and inside the loader.

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/engine.h"
#include "capture/fast.h"
#include "capture/passing.h"
#include "platform/compiler.h"
#include "platform/real_alloc.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT void *malloc(size_t size);
EXPORT void free(void *p);
EXPORT void *calloc(size_t count, size_t size);
EXPORT void *realloc(void *p, size_t size);
EXPORT void *reallocarray(void *p, size_t count, size_t size);
EXPORT void cfree(void *p);
EXPORT int posix_memalign(void **out, size_t alignment, size_t size);
EXPORT void *aligned_alloc(size_t alignment, size_t size);
EXPORT void *memalign(size_t alignment, size_t size);
EXPORT void *valloc(size_t size);
EXPORT void *pvalloc(size_t size);
EXPORT void free_sized(void *p, size_t size);
EXPORT void free_aligned_sized(void *p, size_t alignment, size_t size);
EXPORT size_t malloc_usable_size(void *p);
EXPORT int dlclose(void *handle);

// False while dlsym looks the real functions up, and itself allocates.
MS_ALWAYS_INLINE bool have_real(void)
{
    return ms_likely(ms_real_alloc.malloc != NULL) || ms_real_alloc_resolve();
}

MS_ALWAYS_INLINE size_t raised(size_t size)
{
    return ms_likely(size >= ms_real_alloc.smallest) ? size
                                                     : ms_real_alloc.smallest;
}

static void *boot_block(size_t size, size_t alignment)
{
    void *p = ms_boot_alloc(size, alignment);

    if (p == NULL)
        errno = ENOMEM;
    return p;
}

// Whether there is nothing to be done for a block but what the allocator does.
MS_ALWAYS_INLINE bool passes(size_t size)
{
    uint64_t pulse = ms_passing_pulse();

    return !ms_control_is_exact(pulse) &&
           (ms_control_is_off(pulse) || ms_fast_passes(pulse, size));
}

MS_ALWAYS_INLINE bool passes_free(const void *p, uint64_t pulse)
{
    return !ms_control_is_exact(pulse) &&
           (ms_control_is_off(pulse) || ms_fast_passes_free(pulse, p));
}

// A reallocation of a block that is not in the sample, to one that is not.
MS_ALWAYS_INLINE bool passes_resize(const void *p, size_t size)
{
    uint64_t pulse = ms_passing_pulse();

    return !ms_control_is_exact(pulse) && p != NULL &&
           ms_real_alloc.plain_realloc != NULL &&
           (ms_control_is_off(pulse) ||
            (ms_fast_passes_free(pulse, p) && ms_fast_passes(pulse, size)));
}

MS_ALWAYS_INLINE void *given(void *p, size_t size, const void *frame)
{
    if (ms_likely(p != NULL) && !passes(size))
        ms_capture_alloc(p, size, frame);
    return p;
}

MS_ALWAYS_INLINE void release(void *p, const void *frame)
{
    // Blocks of the boot arena are not in the live index.
    bool known = p != NULL && !passes_free(p, ms_passing_pulse()) &&
                 ms_capture_dealloc(p, frame);
    if (p == NULL || (!known && ms_boot_owns(p)))
        return;
    if (ms_likely(have_real()))
        ms_real_alloc.free(p);
}

// A block from the boot arena moves to the real allocator.
static void *move_from_boot(void *p, size_t size, const void *frame)
{
    size_t old = ms_boot_size(p);
    void *new =
        have_real() ? ms_real_alloc.malloc(raised(size)) : boot_block(size, 0);

    if (new == NULL)
        return NULL;
    memcpy(new, p, old < size ? old : size);
    return ms_boot_owns(new) ? new : given(new, size, frame);
}

MS_ALWAYS_INLINE void *resize(void *p, size_t size, const void *frame)
{
    struct ms_capture_realloc change;

    if (ms_unlikely(!have_real()))
        return p != NULL ? move_from_boot(p, size, frame) : boot_block(size, 0);
    if (p == NULL)
        return given(ms_real_alloc.realloc(NULL, raised(size)), size, frame);
    ms_capture_realloc_begin(&change, p, frame);
    if (ms_unlikely(change.taken.cell == 0) && ms_boot_owns(p))
        return move_from_boot(p, size, frame);
    // Size 0 means free to some allocators: it must reach them as it is.
    void *now = ms_real_alloc.realloc(p, size != 0 ? raised(size) : 0);
    ms_capture_realloc_end(&change, now, size, frame);
    return now;
}

// What is rare, apart, so that malloc and free save no register for it.
static MS_NOINLINE void *followed(void *p, struct ms_fast_event e)
{
    ms_fast_follow(e);
    return p;
}

static MS_NOINLINE void *slowly_given(void *p, size_t size, const void *frame)
{
    // The boot arena serves while no thread has a writer yet.
    if (!ms_boot_owns(p))
        ms_capture_alloc_slow(p, size, frame);
    return p;
}

static MS_NOINLINE void free_followed(void *p, struct ms_fast_event e)
{
    ms_fast_follow(e);
    ms_real_alloc.free(p);
}

static MS_NOINLINE void free_far(void *p, struct ms_fast_event e)
{
    ms_fast_dealloc_far(e.writer, p);
    ms_real_alloc.free(p);
}

static MS_NOINLINE void free_slowly(void *p, const void *frame)
{
    if (p == NULL || (!ms_capture_dealloc_slow(p, frame) && ms_boot_owns(p)))
        return;
    if (have_real())
        ms_real_alloc.free(p);
}

// The rest of such a hook, into which this is inlined: its frame is the hook's.
// Asked for where it is needed, it takes no register meanwhile.
MS_ALWAYS_INLINE void *captured(void *p, size_t size)
{
    struct ms_fast_event e;

    if (ms_unlikely(p == NULL))
        return p;
    enum ms_fast done = ms_fast_alloc(p, size, MS_HOOK_FRAME, &e);
    if (ms_likely(done == MS_FAST_DONE)) {
        ms_leave_nothing();
        return p;
    }
    if (done == MS_FAST_FOLLOW)
        return followed(p, e);
    p = done == MS_FAST_NOT
            ? slowly_given(p, size, MS_HOOK_FRAME)
            : ms_fast_alloc_far(e.writer, p, size, MS_HOOK_FRAME, done);
    ms_keep_frame();
    return p;
}

// The hooks themselves have no frame of their own: so it is one jump to the
// allocator when capture is off, or the block not in the sample, and to here
// when it is, where the frame is the same as theirs would be.
static MS_NOINLINE void *captured_malloc(size_t size)
{
    return captured(ms_real_alloc.plain_malloc(size), size);
}

static MS_NOINLINE void *captured_calloc(size_t size)
{
    return captured(ms_real_alloc.plain_calloc(1, size), size);
}

static MS_NOINLINE void captured_free(void *p, uint64_t pulse)
{
    struct ms_fast_event e;

    if (ms_unlikely(p == NULL))
        return;
    enum ms_fast done = ms_fast_dealloc(p, pulse, MS_HOOK_FRAME, &e);
    if (ms_likely(done == MS_FAST_DONE)) {
        ms_real_alloc.free(p);
        return;
    }
    if (done == MS_FAST_FOLLOW) {
        free_followed(p, e);
        return;
    }
    if (done == MS_FAST_FAR) {
        free_far(p, e);
        return;
    }
    free_slowly(p, MS_HOOK_FRAME);
    ms_keep_frame();
}

void *malloc(size_t size)
{
    return passes(size) ? ms_real_alloc.plain_malloc(size)
                        : captured_malloc(size);
}

void free(void *p)
{
    uint64_t pulse = ms_passing_pulse();

    if (passes_free(p, pulse))
        ms_real_alloc.plain_free(p);
    else
        captured_free(p, pulse);
}

void cfree(void *p)
{
    release(p, MS_HOOK_FRAME);
}

void free_sized(void *p, size_t size)
{
    (void)size;
    release(p, MS_HOOK_FRAME);
}

void free_aligned_sized(void *p, size_t alignment, size_t size)
{
    (void)alignment;
    (void)size;
    release(p, MS_HOOK_FRAME);
}

void *calloc(size_t count, size_t size)
{
    size_t bytes;

    if (ms_unlikely(__builtin_mul_overflow(count, size, &bytes))) {
        errno = ENOMEM;
        return NULL;
    }
    return passes(bytes) ? ms_real_alloc.plain_calloc(1, bytes)
                         : captured_calloc(bytes);
}

static MS_NOINLINE void *captured_realloc(void *p, size_t size)
{
    return resize(p, size, MS_HOOK_FRAME);
}

void *realloc(void *p, size_t size)
{
    return passes_resize(p, size) ? ms_real_alloc.plain_realloc(p, size)
                                  : captured_realloc(p, size);
}

void *reallocarray(void *p, size_t count, size_t size)
{
    size_t bytes;

    if (ms_unlikely(__builtin_mul_overflow(count, size, &bytes))) {
        errno = ENOMEM;
        return NULL;
    }
    return passes_resize(p, bytes) ? ms_real_alloc.plain_realloc(p, bytes)
                                   : captured_realloc(p, bytes);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    if (ms_unlikely(!have_real() || ms_real_alloc.posix_memalign == NULL))
        return ENOMEM;
    int error = ms_real_alloc.posix_memalign(out, alignment, raised(size));
    if (ms_likely(error == 0))
        (void)given(*out, size, MS_HOOK_FRAME);
    return error;
}

MS_ALWAYS_INLINE void *aligned(void *(*real)(size_t, size_t), size_t alignment,
                               size_t size, const void *frame)
{
    if (ms_unlikely(real == NULL)) {
        errno = ENOMEM;
        return NULL;
    }
    return given(real(alignment, raised(size)), size, frame);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    if (ms_unlikely(!have_real()))
        return boot_block(size, alignment);
    return aligned(ms_real_alloc.aligned_alloc, alignment, size, MS_HOOK_FRAME);
}

void *memalign(size_t alignment, size_t size)
{
    if (ms_unlikely(!have_real()))
        return boot_block(size, alignment);
    return aligned(ms_real_alloc.memalign, alignment, size, MS_HOOK_FRAME);
}

MS_ALWAYS_INLINE void *by_page(void *(*real)(size_t), size_t size,
                               const void *frame)
{
    if (ms_unlikely(real == NULL)) {
        errno = ENOMEM;
        return NULL;
    }
    return given(real(raised(size)), size, frame);
}

void *valloc(size_t size)
{
    if (ms_unlikely(!have_real()))
        return boot_block(size, 4096);
    return by_page(ms_real_alloc.valloc, size, MS_HOOK_FRAME);
}

void *pvalloc(size_t size)
{
    if (ms_unlikely(!have_real()))
        return boot_block(size, 4096);
    return by_page(ms_real_alloc.pvalloc, size, MS_HOOK_FRAME);
}

size_t malloc_usable_size(void *p)
{
    if (p == NULL)
        return 0;
    if (ms_unlikely(ms_boot_owns(p)))
        return ms_boot_size(p);
    if (ms_unlikely(!have_real() || ms_real_alloc.malloc_usable_size == NULL))
        return 0;
    return ms_real_alloc.malloc_usable_size(p);
}

// Not an allocation, but the moment from which addresses may mean something
// else. Unlike dlopen it does not care who calls it.
int dlclose(void *handle)
{
    static int (*real)(void *);

    if (real == NULL)
        ms_real_function("dlclose", &real);
    int result = real != NULL ? real(handle) : -1;
    ms_runtime_module_closed();
    return result;
}
