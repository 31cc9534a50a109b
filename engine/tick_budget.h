// SPDX-License-Identifier: MIT
//
// tick_budget: how often ticks may come. What one costs depends on how much of
// the program's account has changed; where that is much, there are fewer, so
// that they take a share of one processor and no more, but one in the time
// in which that share is 100 ms.
// The collector only.

#ifndef MS_ENGINE_TICK_BUDGET_H
#define MS_ENGINE_TICK_BUDGET_H

#include <stdint.h>

// One in so many parts of all time that one processor has.
#define MS_TICK_SHARE 20u          // one tick in two seconds, at the least
#define MS_TICK_SHARE_RESTING 100u // where nobody looks: one in ten
#define MS_TICK_MOST_OWED_NS INT64_C(100000000) // CPU time

struct ms_tick_budget {
    uint64_t period_ns; // between ticks that cost little
    int64_t left_ns;    // CPU time; what one second gives may be used at once
};

// ms_tick_budget_init begins with all that may be used at once.
void ms_tick_budget_init(struct ms_tick_budget *b, uint64_t period_ns);

// ms_tick_budget_spend takes a tick of `cpu_ns` that began `elapsed_ns` after
// the one before, and says when the next one is due, in ns after this one was.
uint64_t ms_tick_budget_spend(struct ms_tick_budget *b, uint64_t elapsed_ns,
                              uint64_t cpu_ns, uint32_t share);

#endif
