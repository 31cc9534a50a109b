// SPDX-License-Identifier: MIT
// See engine.h for the contract.

#include "capture/engine.h"

#include "capture/guard.h"

void ms_capture_alloc(void *block, size_t size, void *caller)
{
    struct ms_writer *w = ms_guard_enter();

    if (ms_unlikely(w == NULL))
        return;
    struct ms_event e = {
        .operation = MS_OPERATION_ALLOCATION,
        .address = (uintptr_t)block,
        .size = size,
        .caller = (uintptr_t)caller,
    };
    ms_runtime_backend->capture_alloc(w, &e);
    if (ms_likely(e.stack != 0))
        ms_store_allocation(w, e.address, e.size, e.stack, false);
    ms_guard_leave(w);
}

bool ms_capture_dealloc(void *block)
{
    struct ms_writer *w = ms_guard_enter();

    if (ms_unlikely(w == NULL))
        return false;
    struct ms_event e = {
        .operation = MS_OPERATION_DEALLOCATION,
        .address = (uintptr_t)block,
    };
    struct ms_taken taken = ms_store_take(w, e.address);
    e.size = taken.size;
    ms_runtime_backend->capture_dealloc(w, &e);
    ms_store_deallocation(w, e.address, &taken, false);
    ms_guard_leave(w);
    return taken.cell != 0;
}

void ms_capture_realloc_begin(struct ms_capture_realloc *r, void *block)
{
    struct ms_writer *w = ms_guard_enter();

    *r = (struct ms_capture_realloc){.address = (uintptr_t)block};
    if (ms_unlikely(w == NULL))
        return;
    r->taken = ms_store_take(w, r->address);
    ms_guard_leave(w);
}

void ms_capture_realloc_end(const struct ms_capture_realloc *r, void *now,
                            size_t size, void *caller)
{
    struct ms_writer *w = ms_guard_enter();

    if (ms_unlikely(w == NULL))
        return;
    if (now == NULL && size != 0) {
        ms_store_put_back(w, r->address, &r->taken);
        ms_guard_leave(w);
        return;
    }
    ms_store_deallocation(w, r->address, &r->taken, true);
    if (now != NULL) {
        struct ms_event e = {
            .operation = MS_OPERATION_REALLOCATION,
            .address = (uintptr_t)now,
            .size = size,
            .caller = (uintptr_t)caller,
        };
        ms_runtime_backend->capture_realloc(w, &e);
        if (ms_likely(e.stack != 0))
            ms_store_allocation(w, e.address, e.size, e.stack, true);
    }
    ms_guard_leave(w);
}
