// SPDX-License-Identifier: MIT
//
// How often ticks come, by what they cost.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tick_budget.h"

#define MS UINT64_C(1000000)
#define PERIOD (100 * MS)

static struct ms_tick_budget budget;
static uint32_t part; // one in so many

static int begin(void **state)
{
    (void)state;
    ms_tick_budget_init(&budget, PERIOD);
    part = MS_TICK_SHARE;
    return 0;
}

// Ticks of `cpu_ns`, one after the other: what they take of all time, in
// thousandths, once they have settled. *period is the last one.
static uint64_t share(uint64_t cpu_ns, uint64_t *period)
{
    uint64_t time = 0;

    *period = PERIOD;
    for (unsigned i = 0; i < 200; i++)
        *period = ms_tick_budget_spend(&budget, *period, cpu_ns, part);
    for (unsigned i = 0; i < 200; i++) {
        *period = ms_tick_budget_spend(&budget, *period, cpu_ns, part);
        time += *period;
    }
    return cpu_ns * 200 * 1000 / time;
}

static void small_ticks_keep_their_period(void **state)
{
    (void)state;
    uint64_t period;

    (void)share(4 * MS, &period);
    assert_int_equal(period, PERIOD);
}

static void large_ones_take_their_share(void **state)
{
    (void)state;
    uint64_t period;

    assert_in_range(share(15 * MS, &period), 49, 50);
    assert_int_equal(period, 300 * MS);
}

static void there_is_one_in_two_seconds(void **state)
{
    (void)state;
    uint64_t period;

    (void)share(163 * MS, &period);
    assert_int_equal(period, 2000 * MS);
    (void)share(UINT64_MAX, &period);
    assert_int_equal(period, 2000 * MS);
}

static void resting_they_take_less(void **state)
{
    (void)state;
    uint64_t period;

    part = MS_TICK_SHARE_RESTING;
    assert_in_range(share(15 * MS, &period), 9, 10);
    assert_int_equal(period, 1500 * MS);
    (void)share(163 * MS, &period);
    assert_int_equal(period, 10000 * MS);
}

static void a_large_one_now_and_then_is_made_at_once(void **state)
{
    (void)state;

    for (unsigned i = 0; i < 100; i++) {
        uint64_t cpu = i % 20 == 19 ? 45 * MS : 2 * MS;
        assert_int_equal(ms_tick_budget_spend(&budget, PERIOD, cpu, part),
                         PERIOD);
    }
}

static void what_lies_long_ago_is_forgotten(void **state)
{
    (void)state;
    uint64_t period;

    (void)share(163 * MS, &period);
    assert_int_equal(ms_tick_budget_spend(&budget, UINT64_MAX, 4 * MS, part),
                     PERIOD);
    // But no more than a second gives.
    assert_int_equal(ms_tick_budget_spend(&budget, UINT64_MAX, 60 * MS, part),
                     200 * MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(small_ticks_keep_their_period, begin),
        cmocka_unit_test_setup(large_ones_take_their_share, begin),
        cmocka_unit_test_setup(there_is_one_in_two_seconds, begin),
        cmocka_unit_test_setup(resting_they_take_less, begin),
        cmocka_unit_test_setup(a_large_one_now_and_then_is_made_at_once, begin),
        cmocka_unit_test_setup(what_lies_long_ago_is_forgotten, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
