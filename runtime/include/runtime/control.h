// SPDX-License-Identifier: MIT
//
// control: the one word that flows back from the reader to the program: how
// much is captured. It shares the header's `pulse` with the collector's tick,
// so that an event reads both at once. Any thread of either side; lock-free.
//
//   exact    every block
//   sampled  blocks at random, by bytes: each byte begins a sample with
//            probability 1/interval, so that a block of n bytes is in the
//            sample with p = 1 - exp(-n/interval) and stands for 1/p blocks
//   off      nothing: blocks that are freed meanwhile stay in the account
//            until their address is used again

#ifndef MS_RUNTIME_CONTROL_H
#define MS_RUNTIME_CONTROL_H

#include "platform/atomics.h"
#include "runtime/segment.h"

enum ms_mode { MS_MODE_EXACT = 0, MS_MODE_SAMPLED, MS_MODE_OFF, MS_MODES };

#define MS_INTERVAL_DEFAULT (UINT64_C(1) << 19)
#define MS_INTERVAL_SHIFT_LEAST 6u // never 0
#define MS_INTERVAL_SHIFT_MOST 36u

// The lower half of the pulse; the upper one is the tick. An interval that has
// been in use stays, so that rows of its level keep their meaning.
#define MS_CONTROL_MODE 3u        // enum ms_mode
#define MS_CONTROL_LEVEL_SHIFT 2u // 2 bits: which interval
#define MS_CONTROL_WAS_EXACT 16u  // at any time
#define MS_CONTROL_WAS_LESS 32u   // sampled or off, at any time
#define MS_CONTROL_WAS_OFF 64u    // at any time
#define MS_CONTROL_CUSTOM 128u    // a backend of the program's own is in use
#define MS_CONTROL_INTERVALS 8u   // 6 bits for each level from 1 on: log2
#define MS_CONTROL_NOTED (1u << 26) // some block has notes, annotations.h
#define MS_PULSE_TICK (UINT64_C(1) << 32)

static inline enum ms_mode ms_control_mode(uint32_t control)
{
    return (enum ms_mode)(control & MS_CONTROL_MODE);
}

// What each hook asks first, of the pulse: a test of bits, as a mode is one of
// the three.
_Static_assert(MS_MODE_EXACT == 0 && MS_MODE_SAMPLED == 1 && MS_MODE_OFF == 2,
               "no bit, the first, or the second");

static inline bool ms_control_is_exact(uint64_t pulse)
{
    return (pulse & MS_CONTROL_MODE) == 0;
}

static inline bool ms_control_is_off(uint64_t pulse)
{
    return (pulse & MS_MODE_OFF) != 0;
}

static inline uint32_t ms_control_level(uint32_t control)
{
    return control >> MS_CONTROL_LEVEL_SHIFT & (MS_SAMPLING_LEVELS - 1);
}

static inline uint32_t ms_interval_place(uint32_t level)
{
    return MS_CONTROL_INTERVALS + 6 * (level - 1);
}

// ms_control_interval is the log2 of a level's interval; 0: level 0, or one
// that has never been in use.
static inline uint32_t ms_control_interval(uint32_t control, uint32_t level)
{
    return level != 0 ? control >> ms_interval_place(level) & 63 : 0;
}

static inline uint32_t ms_interval_shift(uint64_t interval)
{
    uint32_t shift = MS_INTERVAL_SHIFT_LEAST;

    while (shift < MS_INTERVAL_SHIFT_MOST && UINT64_C(1) << shift < interval)
        shift++;
    return shift;
}

// The level that samples at this interval, or nearest to it.
static inline uint32_t ms_interval_level(uint32_t *control, uint32_t shift)
{
    uint32_t nearest = 1, distance = UINT32_MAX;

    for (uint32_t level = 1; level < MS_SAMPLING_LEVELS; level++) {
        uint32_t has = ms_control_interval(*control, level);
        if (has == 0) {
            *control |= shift << ms_interval_place(level);
            return level;
        }
        uint32_t d = has > shift ? has - shift : shift - has;
        if (d < distance) {
            distance = d;
            nearest = level;
        }
    }
    return nearest;
}

// ms_control_set asks for a mode; `interval` (bytes) counts for sampled only
// and is taken to the next power of two. A program can have sampled at three
// intervals in its life: a fourth becomes the nearest of them. Returns the
// interval that it has come to; 0: not sampled.
static inline uint64_t ms_control_set(struct ms_segment_header *h,
                                      enum ms_mode mode, uint64_t interval)
{
    uint64_t before = ms_load_relaxed(&h->pulse);
    uint32_t control, level;

    do {
        control = (uint32_t)before &
                  ~(MS_CONTROL_MODE | (MS_SAMPLING_LEVELS - 1)
                                          << MS_CONTROL_LEVEL_SHIFT);
        level = mode == MS_MODE_SAMPLED
                    ? ms_interval_level(&control, ms_interval_shift(interval))
                    : 0;
        control |=
            mode == MS_MODE_EXACT ? MS_CONTROL_WAS_EXACT : MS_CONTROL_WAS_LESS;
        if (mode == MS_MODE_OFF)
            control |= MS_CONTROL_WAS_OFF;
        control |= (uint32_t)mode | level << MS_CONTROL_LEVEL_SHIFT;
        // relaxed: the word is all that there is to see
    } while (!ms_cas_relaxed(&h->pulse, &before,
                             (before & ~(MS_PULSE_TICK - 1)) | control));
    return level != 0 ? UINT64_C(1) << ms_control_interval(control, level) : 0;
}

// ms_control_tell is the program's own: from its next event on, each thread
// goes by these bits as well. With MS_CONTROL_CUSTOM it asks the backend about
// every stack, and tells it of every free; with MS_CONTROL_NOTED it looks for
// the notes of what is freed.
static inline void ms_control_tell(struct ms_segment_header *h, uint32_t bits)
{
    uint64_t before = ms_load_relaxed(&h->pulse);

    // relaxed: the word is all that there is to see. Who frees a block that was
    // given notes sees it, as he knows of the block.
    while ((before & bits) != bits &&
           !ms_cas_relaxed(&h->pulse, &before, before | bits))
        continue;
}

// ms_control_parse reads "exact", "sampled", "sampled=BYTES" (with K, M or G
// for powers of 1024) or "off". False: it is none of them; nothing is changed.
bool ms_control_parse(const char *text, enum ms_mode *mode, uint64_t *interval);

#endif
