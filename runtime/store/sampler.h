// SPDX-License-Identifier: MIT
//
// sampler: decides which blocks of one thread are in the sample. The points at
// which a sample begins are a Poisson process over the bytes that the thread
// allocates: between two of them lie exponentially distributed distances with
// the interval as their mean. One thread; no libm, no floating-point state of
// the program is changed that a signal handler may not change.

#ifndef MS_RUNTIME_STORE_SAMPLER_H
#define MS_RUNTIME_STORE_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>

#include "platform/compiler.h"
#include "runtime/segment.h"

struct ms_sampler {
    int64_t until; // bytes to the next point
    uint64_t random;
    uint32_t shift; // the interval is 2^shift bytes; 0: not sampling
};

void ms_sampler_seed(struct ms_sampler *s, uint64_t seed);

// ms_sampler_set takes another interval; the next point is drawn anew, which
// a process without memory allows.
void ms_sampler_set(struct ms_sampler *s, uint32_t shift);

// ms_sampler_draw draws the distance to the next point.
void ms_sampler_draw(struct ms_sampler *s);

// ms_sampler_takes says whether a block of `size` bytes is in the sample.
MS_ALWAYS_INLINE bool ms_sampler_takes(struct ms_sampler *s, uint64_t size)
{
    // A block without bytes counts as one byte, or it would never be seen.
    s->until -= size != 0 ? (int64_t)size : 1;
    if (ms_likely(s->until > 0))
        return false;
    ms_sampler_draw(s);
    return true;
}

// ms_sampler_passes is the same where the answer is no; else false, and nothing
// was done.
MS_ALWAYS_INLINE bool ms_sampler_passes(struct ms_sampler *s, uint64_t size)
{
    uint64_t until = (uint64_t)s->until, bytes = size != 0 ? size : 1;

    if (ms_unlikely(until <= bytes))
        return false;
    s->until = (int64_t)(until - bytes);
    return true;
}

// What a sampled block stands for. `count` is in units of 2^-MS_COUNT_SHIFT.
struct ms_weight {
    uint64_t count;
    uint64_t bytes;
};
struct ms_weight ms_sampler_weight(uint32_t shift, uint64_t size);

#endif
