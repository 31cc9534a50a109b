// SPDX-License-Identifier: MIT
//
// backend: a capture strategy: how much an event says. The engine hands it an
// event with operation, address, size and caller; it fills in the rest. It
// runs on the capturing thread, inside its guard: no lock, no allocation, no
// system call, nothing that waits.

#ifndef MS_RUNTIME_CAPTURE_BACKEND_H
#define MS_RUNTIME_CAPTURE_BACKEND_H

#include "capture/event.h"
#include "store/writer.h"

// A function may be NULL: then the event says nothing more.
struct ms_backend {
    const char *name;
    enum ms_backend_id id;
    bool needs_unwinder; // each writer has one
    bool has_contexts;   // allocations belong to tasks, scopes and pools
    void (*capture_alloc)(struct ms_writer *w, struct ms_event *e);
    void (*capture_dealloc)(struct ms_writer *w, struct ms_event *e);
    void (*capture_realloc)(struct ms_writer *w, struct ms_event *e);
    void (*capture_move)(struct ms_writer *w, struct ms_event *e);
};

// core: the plain one; the stack is the immediate caller alone.
// lockfree: the whole call stack.
// async: the same in its context: the task, scopes and pool it belongs to.
// unified: all that the others say; its mode may be governed.
extern const struct ms_backend ms_backend_core, ms_backend_lockfree,
    ms_backend_async, ms_backend_unified;

// ms_backend_whole_stack fills the stack of an event, unwinding it.
void ms_backend_whole_stack(struct ms_writer *w, struct ms_event *e);

#endif
