// SPDX-License-Identifier: MIT
// See engine.h for the contract.

#include "capture/engine.h"

#include "capture/fast.h"

void ms_capture_alloc(void *block, size_t size, const void *frame)
{
    ms_capture_alloc_inline(block, size, frame);
}

bool ms_capture_dealloc(void *block, const void *frame)
{
    return ms_capture_dealloc_inline(block, frame);
}

void ms_capture_realloc_begin(struct ms_capture_realloc *r, void *block,
                              const void *frame)
{
    struct ms_writer *w = ms_guard_enter(frame);

    *r = (struct ms_capture_realloc){.address = (uintptr_t)block};
    if (ms_unlikely(w == NULL))
        return;
    if (w->mode != MS_MODE_EXACT && ms_moderation_skips_free(w, r->address)) {
        ms_guard_skip(w);
        return;
    }
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
    if (w->mode == MS_MODE_EXACT || r->taken.cell != 0)
        ms_fold_deallocation(w, r->address, &r->taken, true);
    if (now != NULL && w->mode != MS_MODE_EXACT) {
        ms_capture_moderated(w, MS_OPERATION_REALLOCATION, now, size, frame);
        return;
    }
    if (now != NULL)
        ms_capture_book(w, MS_OPERATION_REALLOCATION, now, size, frame);
    ms_guard_leave(w);
}
