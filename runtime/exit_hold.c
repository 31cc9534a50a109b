// SPDX-License-Identifier: MIT
// See exit_hold.h for the contract.

#include "exit_hold.h"

#include <stddef.h>
#include <time.h>

#include "platform/atomics.h"
#include "platform/clock.h"
#include "platform/environment.h"
#include "runtime/announce.h"

#define STEP_NS 2000000
#define LIMIT_NS UINT64_C(60000000000)
#define SILENCE_NS UINT64_C(2000000000)

void ms_exit_hold(struct ms_segment_header *h)
{
    const char *wanted = ms_environment(MS_ENV_LEAK_CHECK);

    if (wanted == NULL || wanted[0] != '1' ||
        ms_environment(MS_ENV_SOCKET) == NULL)
        return;
    uint64_t begin = ms_clock_monotonic_ns(), heard = begin, now = begin;
    uint64_t pulse = ms_load_relaxed(&h->pulse); // a sign of life

    // relaxed: words that are looked at again, ordered with nothing
    ms_store_relaxed(&h->exit_hold, MS_HOLD_ASKED);
    while (ms_load_relaxed(&h->exit_hold) != MS_HOLD_LET_GO &&
           now - begin < LIMIT_NS && now - heard < SILENCE_NS) {
        clock_nanosleep(CLOCK_MONOTONIC, 0,
                        &(struct timespec){.tv_nsec = STEP_NS}, NULL);
        now = ms_clock_monotonic_ns();
        if (ms_load_relaxed(&h->pulse) == pulse)
            continue;
        pulse = ms_load_relaxed(&h->pulse);
        heard = now;
    }
}
