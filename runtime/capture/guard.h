// SPDX-License-Identifier: MIT
//
// guard: the door to the store. ms_guard_enter gives the calling thread's
// writer, or NULL when this event is not to be booked: a thread of ours, a
// program that is not watched, or an event inside an event. Every writer that
// was entered must be left.

#ifndef MS_RUNTIME_CAPTURE_GUARD_H
#define MS_RUNTIME_CAPTURE_GUARD_H

#include <string.h>

#include "capture/backend.h"
#include "platform/compiler.h"
#include "runtime/control.h"

// The calling thread's writer; NULL before its first event.
extern _Thread_local struct ms_writer *ms_guard_writer
    __attribute__((tls_model("initial-exec")));

// Constant once the runtime has started, but for memscope_backend_use.
extern const struct ms_backend *_Atomic ms_runtime_backend;

MS_ALWAYS_INLINE const struct ms_backend *ms_backend_now(void)
{
    // relaxed: backends are constant
    return ms_load_relaxed(&ms_runtime_backend);
}

// ms_runtime_module_closed is told that objects may have been unloaded.
void ms_runtime_module_closed(void);

// ms_guard_store is the store for what needs no writer; NULL: nothing of this
// thread is booked.
struct ms_store *ms_guard_store(void);

// The rare cases: first event of a thread, of a process, after a fork, or in
// the middle of another. `frame` is the hook's. Keeps errno.
struct ms_writer *ms_guard_enter_slow(const void *frame);

// The writer was found wiped: a handler has forked, and we are the child, in
// the few steps before the writer was seen to be busy. See fork.h.
struct ms_writer *ms_guard_enter_forked(struct ms_writer *w, const void *frame);

// The return address of a hook, which lies behind its caller's frame pointer.
MS_ALWAYS_INLINE uint64_t ms_guard_return_of(const void *frame)
{
    uint64_t words[2];

    memcpy(words, frame, sizeof words);
    return words[1];
}

// From here on an event of this thread is one inside an event, until the
// writer is left, or the frame is seen to have gone.
MS_ALWAYS_INLINE void ms_guard_busy(struct ms_writer *w, const void *frame)
{
    w->state = MS_WRITER_BUSY;
    w->entered = (uint64_t)(uintptr_t)frame;
    w->entered_from = ms_guard_return_of(frame);
    ms_signal_fence(); // a handler that comes now sees that we are busy
}

MS_ALWAYS_INLINE struct ms_writer *ms_guard_enter(const void *frame)
{
    struct ms_writer *w = ms_guard_writer;

    if (ms_unlikely(w == NULL || w->state != MS_WRITER_READY)) {
        w = ms_guard_enter_slow(frame);
        if (w == NULL)
            return NULL;
    }
    ms_guard_busy(w, frame);
    if (ms_unlikely(w->header == NULL))
        return ms_guard_enter_forked(w, frame);
    ms_writer_now(w);
    return w;
}

MS_ALWAYS_INLINE void ms_guard_leave(struct ms_writer *w)
{
    if (ms_unlikely(w->timed_ns != 0))
        ms_writer_measured(w);
    ms_signal_fence();
    w->state = MS_WRITER_READY;
}

// ms_guard_skip leaves an event that is not captured.
MS_ALWAYS_INLINE void ms_guard_skip(struct ms_writer *w)
{
    w->timed_ns = 0;
    ms_signal_fence();
    w->state = MS_WRITER_READY;
}

#endif
