// SPDX-License-Identifier: MIT
// See platform/clock.h for the contract.

#include "platform/clock.h"

#include <stdatomic.h>
#include <time.h>

static uint64_t read_ns(clockid_t id)
{
    struct timespec t;

    if (clock_gettime(id, &t) != 0)
        return 0;
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

static _Atomic bool coarse;

void ms_clock_coarse(bool yes)
{
    atomic_store_explicit(&coarse, yes, memory_order_relaxed);
}

uint64_t ms_clock_monotonic_ns(void)
{
#ifdef CLOCK_MONOTONIC_COARSE
    // relaxed: a thread that is forbidden anything has stored it itself
    if (atomic_load_explicit(&coarse, memory_order_relaxed))
        return read_ns(CLOCK_MONOTONIC_COARSE);
#endif
    return read_ns(CLOCK_MONOTONIC);
}

uint64_t ms_clock_realtime_ns(void)
{
    return read_ns(CLOCK_REALTIME);
}
