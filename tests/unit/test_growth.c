// SPDX-License-Identifier: MIT
//
// Who is suspected of leaking, and who is not.

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/growth.h"
#include "analysis/significance.h"

#define STEP_NS UINT64_C(3000000000)
#define MIB ((uint64_t)1 << 20)
#define SITES 64u

static struct ms_site sites[SITES];
static struct ms_model model;
static struct ms_growth growth;
static uint64_t now;

static int begin(void **state)
{
    (void)state;
    memset(sites, 0, sizeof sites);
    model = (struct ms_model){.sites = sites, .site_count = SITES};
    growth = (struct ms_growth){0};
    now = 0;
    srand(1);
    return 0;
}

static int end(void **state)
{
    (void)state;
    ms_growth_fini(&growth);
    return 0;
}

static void gain(struct ms_site *s, uint64_t alloc, uint64_t freed)
{
    s->alloc_bytes += alloc;
    s->free_bytes += freed;
    ms_site_note_low(s);
}

static void step(void)
{
    now += STEP_NS;
    ms_growth_step(&growth, &model, now);
}

static bool suspected(uint32_t site)
{
    for (size_t i = 0; i < growth.suspect_count; i++)
        if (growth.suspects[i].site == site)
            return true;
    return false;
}

static void student_as_in_the_tables(void **state)
{
    (void)state;
    // Two-sided 5 % and 0.1 % points.
    assert_true(fabs(ms_student_tail(12.706, 1) - 0.025) < 1e-5);
    assert_true(fabs(ms_student_tail(4.303, 2) - 0.025) < 1e-5);
    assert_true(fabs(ms_student_tail(2.228, 10) - 0.025) < 1e-5);
    assert_true(fabs(ms_student_tail(2.093, 19) - 0.025) < 1e-5);
    assert_true(fabs(ms_student_tail(4.587, 10) - 0.0005) < 1e-6);
    assert_true(fabs(ms_student_tail(0, 7) - 0.5) < 1e-12);
    assert_true(fabs(ms_sign_tail(9, 10) - 11.0 / 1024) < 1e-12);
}

static void a_leak_is_first_within_a_minute(void **state)
{
    (void)state;
    unsigned steps = 0;

    gain(&sites[3], 200 * MIB, 0); // a cache, filled at the start
    while (!suspected(7) && steps++ < 20) {
        // 1 MiB a second, unevenly, and others that come and go.
        gain(&sites[7], 2 * MIB + (uint64_t)rand() % (2 * MIB), 0);
        gain(&sites[3], 40 * MIB, 40 * MIB);
        for (uint32_t i = 10; i < SITES; i++) {
            uint64_t live = sites[i].alloc_bytes - sites[i].free_bytes;
            gain(&sites[i], (uint64_t)rand() % MIB, 0);
            gain(&sites[i], 0, live / 2);
        }
        step();
    }
    assert_true(steps <= 19); // 60 s and less
    assert_int_equal(growth.suspects[0].site, 7);
    assert_int_equal(growth.suspect_count, 1);
    assert_true(growth.suspects[0].confidence > 0.999);
    assert_true(fabs(growth.suspects[0].bytes_per_s - MIB) < 0.3 * MIB);
}

static void what_is_steady_is_never_suspected(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < SITES; i++)
        gain(&sites[i], 200 * MIB, 0);
    for (unsigned n = 0; n < 5000; n++) {
        for (uint32_t i = 0; i < SITES; i++) {
            uint64_t live = sites[i].alloc_bytes - sites[i].free_bytes;
            uint64_t gone = (uint64_t)rand() % (20 * MIB);
            // Odd ones keep to a bound; even ones go where chance takes them.
            uint64_t more = i % 2 == 1 && live > 200 * MIB
                                ? gone / 2
                                : (uint64_t)rand() % (20 * MIB);
            gain(&sites[i], 0, gone < live ? gone : live);
            gain(&sites[i], more, 0);
        }
        step();
        assert_int_equal(growth.suspect_count, 0);
    }
}

static void a_cache_that_comes_to_its_bound_disappears(void **state)
{
    (void)state;
    bool was = false;
    unsigned after = 0;

    for (unsigned n = 0; n < 30; n++) {
        gain(&sites[1], 3 * MIB, 0);
        step();
        was |= suspected(1);
    }
    assert_true(was);
    while (suspected(1) && after++ < 200) {
        gain(&sites[1], 3 * MIB, 3 * MIB);
        step();
    }
    assert_true(after <= 8); // 24 s
    for (unsigned n = 0; n < 400; n++) {
        gain(&sites[1], 3 * MIB, 3 * MIB);
        step();
        assert_false(suspected(1));
    }
}

static void a_slow_leak_in_bursts_is_found(void **state)
{
    (void)state;
    bool was = false;

    gain(&sites[5], 20000, 0);
    for (unsigned n = 0; n < 400 && !was; n++) {
        if (n % 9 == 0)
            gain(&sites[5], 4096, 0);
        step();
        was = suspected(5);
    }
    assert_true(was);
}

static void a_sawtooth_is_not(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 400; n++) {
        uint64_t live = sites[2].alloc_bytes - sites[2].free_bytes;
        if (n % 5 == 0)
            gain(&sites[2], 0, live);
        gain(&sites[2], 5 * MIB, 0);
        step();
        assert_false(suspected(2));
    }
}

static void only_the_fastest_are_published(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 20; n++) {
        for (uint32_t i = 0; i < SITES; i++)
            gain(&sites[i], (i + 1) * (MIB / 8), 0);
        step();
    }
    assert_int_equal(growth.suspect_total, SITES);
    assert_int_equal(growth.suspect_count, MS_SUSPECTS);
    for (uint32_t i = 0; i < MS_SUSPECTS; i++)
        assert_int_equal(growth.suspects[i].site, SITES - 1 - i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(student_as_in_the_tables),
        cmocka_unit_test_setup_teardown(a_leak_is_first_within_a_minute, begin,
                                        end),
        cmocka_unit_test_setup_teardown(what_is_steady_is_never_suspected,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            a_cache_that_comes_to_its_bound_disappears, begin, end),
        cmocka_unit_test_setup_teardown(a_slow_leak_in_bursts_is_found, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_sawtooth_is_not, begin, end),
        cmocka_unit_test_setup_teardown(only_the_fastest_are_published, begin,
                                        end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
