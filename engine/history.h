// SPDX-License-Identifier: MIT
//
// history: the bounded past of a session: every tick for 10 minutes, one a
// second for 2 hours, one in ten seconds for a day. Under the session's lock.

#ifndef MS_ENGINE_HISTORY_H
#define MS_ENGINE_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "engine/picture.h"

#define MS_HISTORY_STEPS 3

struct ms_history_ring {
    struct ms_sample *samples; // ring, memory touched as it fills
    size_t capacity;
    uint64_t written; // ever
    uint64_t step_ns;
    uint64_t next_ns; // uptime from which the next sample is due
};

struct ms_history {
    struct ms_history_ring rings[MS_HISTORY_STEPS];
};

enum memscope_status ms_history_init(struct ms_history *h,
                                     uint64_t tick_ns) MEMSCOPE_MUST_CHECK;
void ms_history_fini(struct ms_history *h);

// ms_history_add keeps a sample in each ring where one is due.
void ms_history_add(struct ms_history *h, const struct ms_sample *sample);

// ms_history_copy gives the samples of a ring whose seq is above `since`,
// oldest first, in memory for the caller to free.
enum memscope_status ms_history_copy(const struct ms_history *h,
                                     enum ms_history_step step, uint64_t since,
                                     struct ms_sample **out,
                                     size_t *count) MEMSCOPE_MUST_CHECK;

// The memory in use.
uint64_t ms_history_bytes(const struct ms_history *h);

#endif
