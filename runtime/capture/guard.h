// SPDX-License-Identifier: MIT
//
// guard: the door to the store. ms_guard_enter gives the calling thread's
// writer, or NULL when this event is not to be booked: a thread of ours, a
// program that is not watched, or an event inside an event. Every writer that
// was entered must be left.

#ifndef MS_RUNTIME_CAPTURE_GUARD_H
#define MS_RUNTIME_CAPTURE_GUARD_H

#include "capture/backend.h"
#include "platform/compiler.h"

// The calling thread's writer; NULL before its first event.
extern _Thread_local struct ms_writer *ms_guard_writer
    __attribute__((tls_model("initial-exec")));

// Constant once the runtime has started.
extern const struct ms_backend *ms_runtime_backend;

// The rare cases: first event of a thread, of a process, after a fork.
// Keeps errno.
struct ms_writer *ms_guard_enter_slow(void);

static inline struct ms_writer *ms_guard_enter(void)
{
    struct ms_writer *w = ms_guard_writer;

    if (ms_unlikely(w == NULL || !w->ready || w->busy))
        return ms_guard_enter_slow();
    w->busy = true;
    ms_signal_fence(); // a handler that comes now sees `busy`
    return w;
}

static inline void ms_guard_leave(struct ms_writer *w)
{
    ms_signal_fence();
    w->busy = false;
}

#endif
