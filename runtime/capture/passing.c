// SPDX-License-Identifier: MIT
// See passing.h for the contract.

#include "capture/passing.h"

#include <unistd.h>

#include "platform/memory.h"
#include "platform/real_alloc.h"

union ms_passing ms_passing;
const _Atomic uint64_t ms_passing_unknown = MS_MODE_EXACT;

void ms_passing_follow(const _Atomic uint64_t *pulse)
{
    // Where a child would find the page as it is, it might pass everything by:
    // there each event finds out for itself.
    if (ms_real_alloc_resolve() && getpagesize() == MS_PASSING_BYTES &&
        ms_memory_keep(&ms_passing, sizeof ms_passing, false))
        // relaxed: see the header
        ms_store_relaxed(&ms_passing.way,
                         (uintptr_t)pulse - (uintptr_t)&ms_passing_unknown);
}

void ms_passing_always(void)
{
    static const _Atomic uint64_t off = MS_MODE_OFF;

    ms_passing_follow(&off);
}
