// SPDX-License-Identifier: MIT
//
// What capture is said to take, and the steps that follow from it.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "governor.h"
#include "open_writer.h"
#include "platform/atomics.h"
#include "runtime/store.h"
#include "store/writer.h"

#define SECOND UINT64_C(1000000000)

static struct ms_store store;
static struct ms_reader reader;
static struct ms_governor governor;
static struct ms_thread_slot *slot;

static int open_all(void **state)
{
    (void)state;
    if (ms_store_create(&store, MS_BACKEND_CORE) != 0 ||
        ms_reader_open(&reader, dup(store.fd)) != MEMSCOPE_OK)
        return -1;
    slot = ms_open_writer(&store, 101)->slot;
    ms_governor_init(&governor, &reader);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    ms_reader_close(&reader);
    ms_store_destroy(&store);
    return 0;
}

// A second in which a million events were booked, and some timed.
static void second(uint64_t number, uint64_t timed, uint64_t ns)
{
    ms_bump(&slot->recorded, 1000000);
    ms_bump(&slot->measured_events, timed);
    ms_bump(&slot->measured_ns, ns);
    ms_governor_second(&governor, &reader, number * SECOND, number * 1000000);
}

static enum ms_capture_mode mode(void)
{
    enum ms_capture_mode now;
    uint64_t interval;

    ms_governor_now(&reader, &now, &interval);
    return now;
}

static void a_third_of_what_events_were_timed_at_is_reckoned_with(void **state)
{
    (void)state;
    second(1, 0, 0);
    assert_true(governor.overhead != governor.overhead); // not known
    second(2, 10, 3000);
    assert_float_equal(governor.overhead, 10.0, 1e-6); // 100 ns each
    second(3, 0, 0); // none was timed: as the last ones
    assert_float_equal(governor.overhead, 10.0, 1e-6);
    second(4, 1, 300000);
    assert_float_equal(governor.overhead, 100.0, 1e-6); // not more than all
}

static void a_program_that_hardly_runs_has_no_share(void **state)
{
    (void)state;
    second(1, 10, 3000);
    ms_bump(&slot->recorded, 1000000);
    ms_governor_second(&governor, &reader, SECOND + 1000, 2000000);
    assert_float_equal(governor.overhead, 0.0, 1e-6);
}

static void beyond_the_budget_is_a_step_coarser(void **state)
{
    struct ms_capture_order order = {.mode = MS_CAPTURE_EXACT, .budget = 11};

    (void)state;
    ms_governor_order(&governor, &reader, &order);
    second(1, 10, 3000);
    assert_int_equal(mode(), MS_CAPTURE_EXACT); // 10 of 11
    second(2, 10, 3600);
    assert_int_equal(mode(), MS_CAPTURE_SAMPLED); // 12
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)
    const struct CMUnitTest tests[] = {
        CASE(a_third_of_what_events_were_timed_at_is_reckoned_with),
        CASE(a_program_that_hardly_runs_has_no_share),
        CASE(beyond_the_budget_is_a_step_coarser),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
