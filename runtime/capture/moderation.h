// SPDX-License-Identifier: MIT
//
// moderation: what becomes of an event when not everything is captured. The
// writer was entered and its mode is not exact. See runtime/control.h.

#ifndef MS_RUNTIME_CAPTURE_MODERATION_H
#define MS_RUNTIME_CAPTURE_MODERATION_H

#include "capture/backend.h"
#include "runtime/control.h"
#include "store/sampled.h"

// ms_moderation_skips_alloc: this block is not in the sample.
MS_ALWAYS_INLINE bool ms_moderation_skips_alloc(struct ms_writer *w,
                                                uint64_t size)
{
    return w->mode == MS_MODE_OFF || !ms_sampler_takes(&w->sampler, size);
}

// ms_moderation_skips_free: no captured block lives there.
MS_ALWAYS_INLINE bool ms_moderation_skips_free(const struct ms_writer *w,
                                               uint64_t address)
{
    return w->mode == MS_MODE_OFF ||
           (w->filter != NULL && !ms_filter_has(w, address));
}

// ms_moderation_time reads the time for an event that is booked: those that are
// passed by (fast.h) are not counted, so that it may be a tick behind.
MS_ALWAYS_INLINE void ms_moderation_time(struct ms_writer *w)
{
    w->now = ms_clock_monotonic_ns() >> MS_BIRTH_SHIFT;
}

// ms_moderation_book books a block of the sample, with its whole event.
void ms_moderation_book(struct ms_writer *w, struct ms_event *e);

#endif
