// SPDX-License-Identifier: MIT
// See tick_budget.h for the contract.

#include "tick_budget.h"

#define SECOND_GIVES (INT64_C(1000000000) / MS_TICK_SHARE)
#define MOST_OWED (MS_TICK_SLOWEST_NS / MS_TICK_SHARE)

void ms_tick_budget_init(struct ms_tick_budget *b, uint64_t period_ns)
{
    *b = (struct ms_tick_budget){.period_ns = period_ns,
                                 .left_ns = SECOND_GIVES};
}

static int64_t at_most(uint64_t ns, int64_t most)
{
    return ns < (uint64_t)most ? (int64_t)ns : most;
}

uint64_t ms_tick_budget_spend(struct ms_tick_budget *b, uint64_t elapsed_ns,
                              uint64_t cpu_ns)
{
    // What is saved beyond a second, or owed beyond the slowest period, is
    // forgotten.
    int64_t got = at_most(elapsed_ns, 2 * MS_TICK_SLOWEST_NS) / MS_TICK_SHARE;

    b->left_ns += got;
    if (b->left_ns > SECOND_GIVES)
        b->left_ns = SECOND_GIVES;
    b->left_ns -= at_most(cpu_ns, SECOND_GIVES + MOST_OWED);
    if (b->left_ns < -MOST_OWED)
        b->left_ns = -MOST_OWED;
    uint64_t wait = b->left_ns < 0 ? (uint64_t)-b->left_ns * MS_TICK_SHARE : 0;
    return wait > b->period_ns ? wait : b->period_ns;
}
