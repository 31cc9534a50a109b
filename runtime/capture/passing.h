// SPDX-License-Identifier: MIT
//
// passing: what a hook looks at first of all: whether capture is off, so that
// the allocator is all there is. It costs two loads, whatever the mode, and is
// asked before a writer or a thread is. Any thread; signal-safe.

#ifndef MS_RUNTIME_CAPTURE_PASSING_H
#define MS_RUNTIME_CAPTURE_PASSING_H

#include <stddef.h>

#include "platform/compiler.h"
#include "runtime/control.h"

#define MS_PASSING_BYTES 4096

// On a page of its own, which a forked child finds zeroed: it is not the
// parent's control word that the child goes by.
union ms_passing {
    // Where the control word is, from ms_passing_unknown on: 0 leads to a word
    // that says exact, so that nobody asks whether it is known yet.
    _Atomic uintptr_t way;
    char page[MS_PASSING_BYTES];
};
extern union ms_passing ms_passing
    __attribute__((visibility("hidden"), aligned(MS_PASSING_BYTES)));
extern const _Atomic uint64_t ms_passing_unknown
    __attribute__((visibility("hidden")));

// ms_passing_follow has all threads go by this control word, which stays, from
// their next event on; ms_passing_always lets everything pass, in this process,
// until it follows one. May allocate, as ms_real_alloc_resolve.
void ms_passing_follow(const _Atomic uint64_t *pulse);
void ms_passing_always(void);

// The control word and the tick, as in the header's pulse.
MS_ALWAYS_INLINE uint64_t ms_passing_pulse(void)
{
    // relaxed, both: no more than the word is read through it
    uintptr_t at =
        (uintptr_t)&ms_passing_unknown + ms_load_relaxed(&ms_passing.way);

    return ms_load_relaxed((const _Atomic uint64_t *)at);
}

// The page of that word: a hook may be about to look at it; NULL: it is not
// known yet.
static inline void *ms_passing_page(void)
{
    uintptr_t way = ms_load_relaxed(&ms_passing.way); // relaxed: as above
    uintptr_t at = (uintptr_t)&ms_passing_unknown + way;

    return way == 0 ? NULL : (void *)(at & ~(uintptr_t)(MS_PASSING_BYTES - 1));
}

MS_ALWAYS_INLINE bool ms_passing_now(void)
{
    return ms_control_mode((uint32_t)ms_passing_pulse()) == MS_MODE_OFF;
}

#endif
