// SPDX-License-Identifier: MIT
//
// book: an event inside the engine, between the guard and the store: what the
// backend says of it, booked. The writer was entered.

#ifndef MS_RUNTIME_CAPTURE_BOOK_H
#define MS_RUNTIME_CAPTURE_BOOK_H

#include <string.h>

#include "capture/guard.h"
#include "capture/moderation.h"
#include "store/fold.h"

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

// ms_capture_book books a new block.
void ms_capture_book(struct ms_writer *w, enum ms_operation operation,
                     void *block, size_t size, const void *frame);

// ms_capture_moderated does where not everything is captured; it leaves the
// writer.
void ms_capture_moderated(struct ms_writer *w, enum ms_operation operation,
                          void *block, size_t size, const void *frame);

#endif
