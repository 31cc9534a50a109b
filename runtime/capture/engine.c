// SPDX-License-Identifier: MIT
// See engine.h for the contract.

#include "capture/engine.h"

#include <string.h>

#include "capture/guard.h"
#include "store/fold.h"

MS_ALWAYS_INLINE struct ms_event event(enum ms_operation operation,
                                       const void *block, size_t size,
                                       const void *frame)
{
    struct ms_event e = {
        .operation = operation,
        .address = (uintptr_t)block,
        .size = size,
        .frame = frame,
    };

    memcpy(&e.caller, (const char *)frame + sizeof(void *), sizeof e.caller);
    return e;
}

void ms_capture_alloc(void *block, size_t size, const void *frame)
{
    struct ms_writer *w = ms_guard_enter(frame);

    if (ms_unlikely(w == NULL))
        return;
    struct ms_event e = event(MS_OPERATION_ALLOCATION, block, size, frame);
    ms_runtime_backend->capture_alloc(w, &e);
    if (ms_likely(e.stack != 0))
        ms_fold_allocation(w, e.address, e.size, e.stack, false);
    ms_guard_leave(w);
}

bool ms_capture_dealloc(void *block, const void *frame)
{
    struct ms_writer *w = ms_guard_enter(frame);

    if (ms_unlikely(w == NULL))
        return false;
    uint64_t address = (uintptr_t)block;
    struct ms_taken taken = ms_fold_take(w, address);
    const struct ms_backend *backend = ms_runtime_backend;
    if (ms_unlikely(backend->capture_dealloc != NULL)) {
        struct ms_event e =
            event(MS_OPERATION_DEALLOCATION, block, taken.size, frame);
        backend->capture_dealloc(w, &e);
    }
    ms_fold_deallocation(w, address, &taken, false);
    ms_guard_leave(w);
    return taken.cell != 0;
}

void ms_capture_realloc_begin(struct ms_capture_realloc *r, void *block,
                              const void *frame)
{
    struct ms_writer *w = ms_guard_enter(frame);

    *r = (struct ms_capture_realloc){.address = (uintptr_t)block};
    if (ms_unlikely(w == NULL))
        return;
    r->taken = ms_fold_take(w, r->address);
    ms_guard_leave(w);
}

void ms_capture_realloc_end(const struct ms_capture_realloc *r, void *now,
                            size_t size, const void *frame)
{
    struct ms_writer *w = ms_guard_enter(frame);

    if (ms_unlikely(w == NULL))
        return;
    if (now == NULL && size != 0) {
        ms_fold_put_back(w, r->address, &r->taken);
        ms_guard_leave(w);
        return;
    }
    ms_fold_deallocation(w, r->address, &r->taken, true);
    if (now != NULL) {
        struct ms_event e = event(MS_OPERATION_REALLOCATION, now, size, frame);
        ms_runtime_backend->capture_realloc(w, &e);
        if (ms_likely(e.stack != 0))
            ms_fold_allocation(w, e.address, e.size, e.stack, true);
    }
    ms_guard_leave(w);
}
