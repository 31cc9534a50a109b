// SPDX-License-Identifier: MIT
//
// Conditions for snapshots: what they are called, when they are met, and that
// they are not met all the time.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/picture.h"
#include "snapshot/triggers.h"

#define SECOND UINT64_C(1000000000)
#define MIB (UINT64_C(1) << 20)

static struct ms_trigger one(const char *text)
{
    struct ms_triggers t;

    assert_true(ms_triggers_parse(text, &t));
    assert_int_equal(t.count, 1);
    return t.list[0];
}

static void good_texts_are_read(void **state)
{
    struct ms_triggers t;

    (void)state;
    assert_true(ms_triggers_parse(
        "rss>500M,heap>200K,growth>1M/s,growth>7,cgroup>80%,peak,exit", &t));
    assert_int_equal(t.count, 7);
    assert_true(t.list[0].limit == 500 * 0x1p20);
    assert_true(t.list[1].limit == 200 * 0x1p10);
    assert_true(t.list[2].limit == 0x1p20);
    assert_true(t.list[3].limit == 7);
    assert_true(t.list[4].limit == 80);
    assert_string_equal(t.list[2].text, "growth>1M/s");
    assert_string_equal(ms_trigger_cause(&t.list[4]), "cgroup");
    assert_true(one("heap>1.5G").limit == 1.5 * 0x1p30);
}

static void other_texts_are_refused(void **state)
{
    static const char *const bad[] = {
        "",          ",",         "rss",         "rss>",       "rss>M",
        "rss>1X",    "rss>1MM",   "rss>-1",      "rss>0",      "rss<1",
        "cgroup>80", "cgroup>0%", "cgroup>101%", "cgroup>8%%", "peak>1",
        "exit,",     ",exit",     "exit,,peak",  "heap>1M/s",  "heap>inf",
        "heap>nan",  "leave",     "heap>1e999",  "rss>1 M",
    };
    struct ms_triggers t;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (ms_triggers_parse(bad[i], &t))
            fail_msg("\"%s\" is taken", bad[i]);
    assert_false(ms_triggers_parse("exit,exit,exit,exit,exit,exit,exit,exit,"
                                   "exit",
                                   &t));
}

static struct ms_stats at(uint64_t second, uint64_t live)
{
    struct ms_stats s = {.seq = 1 + second * 10, .uptime_ns = second * SECOND};

    s.heap.live_bytes = live;
    s.system.rss_bytes = UINT64_MAX;
    return s;
}

static void a_limit_is_met_once_until_it_is_left(void **state)
{
    struct ms_trigger t = one("heap>100M");
    struct ms_trigger_state s = {0};
    static const struct {
        uint64_t second, mib;
        bool due;
    } course[] = {
        {0, 50, false},  {1, 100, false},
        {2, 101, true},  {3, 300, false},
        {4, 95, false},  {20, 101, false}, // not far enough below
        {21, 89, false}, {22, 101, true},
        {23, 10, false}, {24, 200, false}, // too soon
        {40, 200, true}, {41, 201, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof course / sizeof *course; i++) {
        struct ms_stats now = at(course[i].second, course[i].mib * MIB);
        if (ms_trigger_due(&t, &s, &now, NULL) != course[i].due)
            fail_msg("second %d", (int)course[i].second);
    }
}

static void what_is_not_known_meets_nothing(void **state)
{
    struct ms_trigger_state s = {0};
    struct ms_stats now = at(5, 1000 * MIB);
    struct ms_trigger rss = one("rss>1M"), growth = one("growth>1M");

    (void)state;
    now.system.memory_usage = __builtin_nan("");
    assert_false(ms_trigger_due(&rss, &s, &now, NULL));
    assert_false(ms_trigger_due(&growth, &s, &now, NULL));
    struct ms_trigger cgroup = one("cgroup>1%");
    assert_false(ms_trigger_due(&cgroup, &s, &now, NULL));
}

static void growth_is_measured_over_ten_seconds(void **state)
{
    struct ms_trigger t = one("growth>1M/s");
    struct ms_trigger_state s = {0};
    struct ms_stats before = at(10, 100 * MIB), soon = at(15, 200 * MIB);
    struct ms_stats slow = at(20, 109 * MIB), fast = at(20, 111 * MIB);

    (void)state;
    assert_false(ms_trigger_due(&t, &s, &soon, &before)); // 5 s say nothing
    assert_false(ms_trigger_due(&t, &s, &slow, &before));
    assert_true(ms_trigger_due(&t, &s, &fast, &before));
}

static void peak_follows_the_most_and_rests(void **state)
{
    struct ms_trigger t = one("peak");
    struct ms_trigger_state s = {0};
    static const struct {
        uint64_t second, bytes;
        bool due;
    } course[] = {{0, 0, false},   {1, 1000, true},   {2, 1005, false},
                  {3, 1011, true}, {3, 5000, false},  {4, 5000, true},
                  {5, 10, false},  {60, 5049, false}, {61, 6000, true}};

    (void)state;
    for (size_t i = 0; i < sizeof course / sizeof *course; i++) {
        struct ms_stats now = at(course[i].second, course[i].bytes);
        if (ms_trigger_due(&t, &s, &now, NULL) != course[i].due)
            fail_msg("step %zu", i);
    }
}

static void exit_is_met_once_at_the_end(void **state)
{
    struct ms_trigger t = one("exit");
    struct ms_trigger_state s = {0};
    struct ms_stats now = at(5, 10);

    (void)state;
    assert_false(ms_trigger_due(&t, &s, &now, NULL));
    now.ended = true;
    assert_true(ms_trigger_due(&t, &s, &now, NULL));
    assert_false(ms_trigger_due(&t, &s, &now, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_texts_are_read),
        cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(a_limit_is_met_once_until_it_is_left),
        cmocka_unit_test(what_is_not_known_meets_nothing),
        cmocka_unit_test(growth_is_measured_over_ten_seconds),
        cmocka_unit_test(peak_follows_the_most_and_rests),
        cmocka_unit_test(exit_is_met_once_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
