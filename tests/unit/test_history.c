// SPDX-License-Identifier: MIT
//
// The three rings of the past.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "history.h"

#define TICK UINT64_C(100000000)

static struct ms_history history;

static int open_history(void **state)
{
    (void)state;
    return ms_history_init(&history, TICK) == MEMSCOPE_OK ? 0 : -1;
}

static int close_history(void **state)
{
    (void)state;
    ms_history_fini(&history);
    return 0;
}

static void add(uint64_t first, uint64_t last)
{
    for (uint64_t i = first; i <= last; i++)
        ms_history_add(&history, &(struct ms_sample){.seq = i,
                                                     .uptime_ns = i * TICK,
                                                     .live_bytes = i * 77});
}

static size_t copy(enum ms_history_step step, uint64_t since, uint64_t *first,
                   uint64_t *last)
{
    struct ms_sample *samples;
    size_t count;

    assert_int_equal(ms_history_copy(&history, step, since, &samples, &count),
                     MEMSCOPE_OK);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(samples[i].live_bytes, samples[i].seq * 77);
        assert_true(i == 0 || samples[i].seq > samples[i - 1].seq);
    }
    *first = count != 0 ? samples[0].seq : 0;
    *last = count != 0 ? samples[count - 1].seq : 0;
    free(samples);
    return count;
}

static void each_ring_keeps_its_step(void **state)
{
    (void)state;
    uint64_t first, last;

    add(1, 205);
    assert_int_equal(copy(MS_STEP_100MS, 0, &first, &last), 205);
    assert_int_equal(copy(MS_STEP_1S, 0, &first, &last), 21);
    assert_int_equal(first, 1);
    assert_int_equal(last, 200);
    assert_int_equal(copy(MS_STEP_10S, 0, &first, &last), 3);
    assert_int_equal(last, 200);
}

static void ring_that_is_full_forgets_the_oldest(void **state)
{
    (void)state;
    uint64_t first, last;

    add(1, 6007);
    assert_int_equal(copy(MS_STEP_100MS, 0, &first, &last), 6000);
    assert_int_equal(first, 8);
    assert_int_equal(last, 6007);
    assert_int_equal(copy(MS_STEP_1S, 0, &first, &last), 601);
}

static void since_leaves_out_what_was_seen(void **state)
{
    (void)state;
    uint64_t first, last;

    add(1, 6007);
    assert_int_equal(copy(MS_STEP_100MS, 6000, &first, &last), 7);
    assert_int_equal(first, 6001);
    assert_int_equal(copy(MS_STEP_100MS, 6007, &first, &last), 0);
    assert_int_equal(copy(MS_STEP_100MS, 3, &first, &last), 6000);
    assert_int_equal(copy(MS_STEP_10S, 5000, &first, &last), 10);
    assert_int_equal(first, 5100);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_history, close_history)
    const struct CMUnitTest tests[] = {
        CASE(each_ring_keeps_its_step),
        CASE(ring_that_is_full_forgets_the_oldest),
        CASE(since_leaves_out_what_was_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
