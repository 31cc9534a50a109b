// SPDX-License-Identifier: MIT
//
// seed: random numbers that can be had again: the seed is printed, and given
// as MEMSCOPE_TEST_SEED it repeats a run.

#ifndef MS_TESTS_SEED_H
#define MS_TESTS_SEED_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline uint64_t ms_seed(void)
{
    const char *given = getenv("MEMSCOPE_TEST_SEED");
    uint64_t seed =
        given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);

    printf("seed %llu\n", (unsigned long long)seed);
    return seed;
}

// The state of one thread's numbers; never 0.
static inline uint64_t ms_seed_of(uint64_t seed, uint64_t thread)
{
    return seed * 7919 + thread * 104729 + 1;
}

static inline uint64_t ms_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

#endif
