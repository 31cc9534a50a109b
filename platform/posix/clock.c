// SPDX-License-Identifier: MIT
// See platform/clock.h for the contract.

#include "platform/clock.h"

#include <time.h>

static uint64_t read_ns(clockid_t id)
{
    struct timespec t;

    if (clock_gettime(id, &t) != 0)
        return 0;
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

uint64_t ms_clock_monotonic_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

uint64_t ms_clock_realtime_ns(void)
{
    return read_ns(CLOCK_REALTIME);
}
