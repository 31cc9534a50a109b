// SPDX-License-Identifier: MIT
//
// attempts: how often a source may try a token. Each has a few wrong ones free;
// after them, one more for each second that goes by. Bounded: sources are
// forgotten, longest unheard of first. One thread.

#ifndef MS_SERVER_ATTEMPTS_H
#define MS_SERVER_ATTEMPTS_H

#include <stdbool.h>
#include <stdint.h>

#define MS_ATTEMPTS_FREE 10
#define MS_ATTEMPTS_SOURCES 64

struct ms_attempts {
    struct ms_attempts_source {
        uint64_t source;
        uint64_t at_ns; // of the last wrong one; 0: this place is free
        unsigned wrong; // that are still counted
    } sources[MS_ATTEMPTS_SOURCES];
};

// ms_attempts_may says whether a source may try now; CLOCK_MONOTONIC.
bool ms_attempts_may(struct ms_attempts *a, uint64_t source, uint64_t now_ns);

// ms_attempts_wrong counts one that was wrong.
void ms_attempts_wrong(struct ms_attempts *a, uint64_t source, uint64_t now_ns);

#endif
