// SPDX-License-Identifier: MIT
// See mapping.h for the contract.

#include "capture/mapping.h"

#include <errno.h>

#include "capture/backends/custom.h"
#include "capture/book.h"
#include "store/mapping_log.h"

static uint32_t stack_of(struct ms_writer *w, const void *at, size_t bytes,
                         const void *frame)
{
    struct ms_event e =
        ms_capture_event(MS_OPERATION_ALLOCATION, at, bytes, frame);

    const struct ms_backend *backend = ms_backend_now();
    if (backend == &ms_backend_custom) // is asked about blocks only
        ms_custom_place(w, &e);
    else if (backend->capture_alloc != NULL)
        backend->capture_alloc(w, &e);
    return e.stack;
}

void ms_capture_mapping(enum ms_mapping_operation operation,
                        enum ms_mapping_kind kind, const void *at, size_t bytes,
                        uint32_t protection, const void *frame)
{
    int saved = errno;
    struct ms_mapping_note note = {
        .operation = operation,
        .kind = kind,
        .address = (uintptr_t)at,
        .bytes = bytes,
        .protection = protection,
    };
    struct ms_writer *w = ms_guard_writer;

    // One that is busy is left alone: no event is lost by that.
    if (w == NULL || w->state != MS_WRITER_BUSY)
        w = ms_guard_enter(frame);
    else
        w = NULL;
    struct ms_store *s = w != NULL ? w->store : ms_guard_store();
    if (w != NULL) {
        note.thread = w->thread + 1;
        if (operation == MS_MAPPING_MAP || operation == MS_MAPPING_MOVE)
            note.stack = stack_of(w, at, bytes, frame);
    }
    if (s != NULL)
        ms_mapping_log_add(s, &note);
    if (w != NULL)
        ms_guard_leave(w);
    errno = saved;
}
