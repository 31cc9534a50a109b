// SPDX-License-Identifier: MIT
// See tick_budget.h for the contract.

#include "tick_budget.h"

#define SECOND_NS INT64_C(1000000000)

void ms_tick_budget_init(struct ms_tick_budget *b, uint64_t period_ns)
{
    *b = (struct ms_tick_budget){.period_ns = period_ns,
                                 .left_ns = SECOND_NS / MS_TICK_SHARE_RESTING};
}

static int64_t at_most(uint64_t ns, int64_t most)
{
    return ns < (uint64_t)most ? (int64_t)ns : most;
}

uint64_t ms_tick_budget_spend(struct ms_tick_budget *b, uint64_t elapsed_ns,
                              uint64_t cpu_ns, uint32_t share)
{
    // What is saved beyond a second, or owed beyond the slowest period, is
    // forgotten.
    int64_t a_second = SECOND_NS / share;

    b->left_ns += at_most(elapsed_ns, 2 * MS_TICK_MOST_OWED_NS * share) / share;
    if (b->left_ns > a_second)
        b->left_ns = a_second;
    b->left_ns -= at_most(cpu_ns, a_second + MS_TICK_MOST_OWED_NS);
    if (b->left_ns < -MS_TICK_MOST_OWED_NS)
        b->left_ns = -MS_TICK_MOST_OWED_NS;
    uint64_t wait = b->left_ns < 0 ? (uint64_t)-b->left_ns * share : 0;
    return wait > b->period_ns ? wait : b->period_ns;
}
