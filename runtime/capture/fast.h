// SPDX-License-Identifier: MIT
//
// fast: the capture engine's two hottest calls, to be inlined into malloc and
// free themselves. See engine.h for their contract.

#ifndef MS_RUNTIME_CAPTURE_FAST_H
#define MS_RUNTIME_CAPTURE_FAST_H

#include <string.h>

#include "annotate/contexts.h"
#include "annotate/notes.h"
#include "capture/guard.h"
#include "capture/moderation.h"
#include "capture/wrong_free.h"
#include "store/fold.h"
#include "unwind/unwinder.h"

MS_ALWAYS_INLINE struct ms_event ms_capture_event(enum ms_operation operation,
                                                  const void *block,
                                                  size_t size,
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

// What the backend says of a new block, booked. A stack that the thread's
// unwinder recognizes needs no backend to be called.
MS_ALWAYS_INLINE void ms_capture_book(struct ms_writer *w,
                                      enum ms_operation operation, void *block,
                                      size_t size, const void *frame)
{
    bool by_realloc = operation == MS_OPERATION_REALLOCATION;
    struct ms_row_hint *hint = NULL;
    uint32_t stack = 0;

    if (ms_likely(w->recognizes)) {
        struct ms_frame from = ms_frame_of_hook(frame);
        stack = ms_unwinder_recognize(w->unwinder, &from, &hint);
    }
    if (ms_unlikely(stack == 0)) {
        const struct ms_backend *backend = ms_backend_now();
        struct ms_event e = ms_capture_event(operation, block, size, frame);
        if (by_realloc)
            backend->capture_realloc(w, &e);
        else
            backend->capture_alloc(w, &e);
        stack = e.stack;
        hint = e.hint;
    }
    if (ms_unlikely(w->context != 0) && stack != 0)
        stack = ms_context_wrap(w, stack, &hint);
    if (ms_likely(stack != 0))
        ms_fold_allocation(w, (uintptr_t)block, size, stack, hint, by_realloc);
}

// The same where not everything is captured; leaves the writer.
MS_ALWAYS_INLINE void ms_capture_moderated(struct ms_writer *w,
                                           enum ms_operation operation,
                                           void *block, size_t size,
                                           const void *frame)
{
    if (ms_likely(ms_moderation_skips_alloc(w, size))) {
        ms_guard_skip(w);
        return;
    }
    struct ms_event e = ms_capture_event(operation, block, size, frame);
    ms_moderation_book(w, &e);
    ms_guard_leave(w);
}

MS_ALWAYS_INLINE void ms_capture_alloc_inline(void *block, size_t size,
                                              const void *frame)
{
    struct ms_writer *w = ms_guard_enter(frame);

    if (ms_unlikely(w == NULL))
        return;
    if (ms_unlikely(w->mode != MS_MODE_EXACT)) {
        ms_capture_moderated(w, MS_OPERATION_ALLOCATION, block, size, frame);
        return;
    }
    ms_capture_book(w, MS_OPERATION_ALLOCATION, block, size, frame);
    ms_guard_leave(w);
}

MS_ALWAYS_INLINE bool ms_capture_dealloc_inline(void *block, const void *frame)
{
    struct ms_writer *w = ms_guard_enter(frame);

    if (ms_unlikely(w == NULL))
        return false;
    uint64_t address = (uintptr_t)block;
    if (ms_unlikely(w->mode != MS_MODE_EXACT) &&
        ms_moderation_skips_free(w, address)) {
        ms_guard_skip(w);
        return false;
    }
    struct ms_taken taken = ms_fold_take(w, address);
    if (ms_unlikely(ms_row_is_noted(w, taken.cell)))
        ms_notes_freed(w, address, taken.cell);
    const struct ms_backend *backend = ms_backend_now();
    if (ms_unlikely(backend->capture_dealloc != NULL)) {
        struct ms_event e = ms_capture_event(MS_OPERATION_DEALLOCATION, block,
                                             taken.size, frame);
        backend->capture_dealloc(w, &e);
    }
    if (ms_unlikely(taken.cell == 0))
        ms_wrong_free(w, block);
    ms_fold_deallocation(w, address, &taken, false);
    ms_guard_leave(w);
    return taken.cell != 0;
}

#endif
