// SPDX-License-Identifier: MIT
//
// Queries: what they see, of one cut; what they may not do, and when they end.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/sql.h"
#include "engine/sql_json.h"
#include "fake_engine.h"
#include "platform/clock.h"
#include "runtime/store.h"

#define ENDLESS                                                                \
    "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) "

static struct ms_store store;
static struct ms_writer *writer;
static struct ms_session *session;
static struct ms_engine *engine;

// 20 blocks of 100, 200, ... bytes at three sites, each called from two places.
static int open_all(void **state)
{
    (void)state;
    if (!ms_fake_program(&store, &writer, &engine, &session))
        return -1;
    for (uint64_t i = 0; i < 20; i++) {
        uint32_t caller = ms_store_stack(&store, 0x1000 * (i % 2 + 1), 0);
        uint32_t stack = ms_store_stack(&store, 0x5000 + i % 3, caller);
        ms_store_allocation(writer, 0x10000 * (i + 1), 100 * (i + 1), stack,
                            false);
    }
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    ms_fake_program_end(&store, engine);
    return 0;
}

static struct ms_sql *ask(const char *sql)
{
    struct ms_sql_request request = {.sql = sql};
    struct ms_sql_error error;
    struct ms_sql *q;

    if (!ms_sql_open(engine, &request, &q, &error))
        fail_msg("%s: %s", sql, error.message);
    return q;
}

// The one number that a query gives.
static int64_t number(const char *sql)
{
    struct ms_sql *q = ask(sql);
    struct ms_sql_error error;
    struct ms_sql_value value;

    if (ms_sql_step(q, &error) != MS_SQL_ROW)
        fail_msg("%s: no row", sql);
    ms_sql_value(q, 0, &value);
    int64_t n = value.integer;
    ms_sql_close(q);
    return n;
}

// How a query ends: the code of its error, or "".
static const char *end_of(const struct ms_sql_request *request)
{
    struct ms_sql_error error = {.code = ""};
    struct ms_sql *q;
    enum ms_sql_step step;

    if (!ms_sql_open(engine, request, &q, &error))
        return error.code;
    do
        step = ms_sql_step(q, &error);
    while (step == MS_SQL_ROW);
    ms_sql_close(q);
    return step == MS_SQL_FAILED ? error.code : "";
}

static void there_is_nothing_before_the_first_tick(void **state)
{
    (void)state;
    struct ms_sql_request request = {.sql = "SELECT 1"};

    assert_string_equal(end_of(&request), "unavailable");
    request.session = 7;
    assert_string_equal(end_of(&request), "not_found");
    request.session = 0;
    request.snapshot = 7;
    assert_string_equal(end_of(&request), "not_found");
}

static void sums_are_of_one_cut(void **state)
{
    (void)state;

    (void)ms_session_tick(session);
    assert_int_equal(number("SELECT sum(live_bytes) FROM sites"), 21000);
    assert_int_equal(number("SELECT sum(live_blocks) FROM threads"), 20);
    assert_int_equal(number("SELECT sum(live_bytes) FROM stacks"), 21000);
    assert_int_equal(number("SELECT count(*) FROM stacks"), 6);
    assert_int_equal(number("SELECT count(*) FROM frames"), 12);
    assert_int_equal(number("SELECT sum(size) FROM allocations"), 21000);
    assert_int_equal(number("SELECT count(*) FROM events_recent"), 20);

    // What is asked before a tick is answered as of then.
    struct ms_sql *q =
        ask("SELECT sum(s.live_bytes), (SELECT live_bytes FROM stats), "
            "(SELECT seq FROM stats) FROM sites s");
    struct ms_sql_error error;
    struct ms_sql_value value[3];
    ms_store_allocation(writer, 0x900000, 1, ms_store_stack(&store, 0x5000, 0),
                        false);
    (void)ms_session_tick(session);
    assert_int_equal(ms_sql_step(q, &error), MS_SQL_ROW);
    for (size_t i = 0; i < 3; i++)
        ms_sql_value(q, i, &value[i]);
    assert_int_equal(value[0].integer, 21000);
    assert_int_equal(value[1].integer, 21000);
    assert_int_equal((uint64_t)value[2].integer, ms_sql_seq(q));
    ms_sql_close(q);
    assert_int_equal(number("SELECT sum(live_bytes) FROM sites"), 21001);
}

static void what_a_table_finds_by_itself_is_right(void **state)
{
    (void)state;

    (void)ms_session_tick(session);
    assert_int_equal(
        number("SELECT size FROM allocations WHERE address = 0x30000"), 300);
    assert_int_equal(number("SELECT count(*) FROM allocations WHERE address "
                            "BETWEEN 0x30000 AND 0x50000"),
                     3);
    assert_int_equal(
        number("SELECT count(*) FROM allocations WHERE address > 196608.5"),
        17);
    assert_int_equal(
        number("SELECT count(*) FROM allocations WHERE address < -1"), 0);
    assert_int_equal(
        number("SELECT count(*) FROM allocations WHERE size > 1500.5"), 5);
    assert_int_equal(number("SELECT count(*) FROM sites WHERE id = 2"), 1);
    assert_int_equal(number("SELECT count(*) FROM sites WHERE id = 2.5"), 0);
    assert_int_equal(number("SELECT count(*) FROM sites WHERE id = NULL"), 0);
    assert_int_equal(number("SELECT count(*) FROM sites WHERE id = '2'"), 1);
    assert_int_equal(number("SELECT count(*) FROM frames WHERE stack = "
                            "(SELECT max(id) FROM stacks)"),
                     2);
    assert_int_equal(
        number("SELECT count(*) FROM sites WHERE mean_lifetime_ns > 0"), 0);
    assert_int_equal(number("SELECT address FROM allocations ORDER BY address "
                            "DESC LIMIT 1"),
                     0x140000);
}

static void nothing_but_reading_is_allowed(void **state)
{
    (void)state;
    static const char *const evil[] = {
        "ATTACH ':memory:' AS x",
        "CREATE TABLE t(a)",
        "PRAGMA user_version",
        "CREATE TEMP TABLE t(a)",
        "BEGIN",
        "VACUUM",
        "SELECT * FROM sqlite_schema",
        "EXPLAIN SELECT 1",
        "SELECT load_extension('x')",
        "SELECT printf('%.*c', 999999999, 'x')",
        "SELECT json_group_array(1)",
    };

    (void)ms_session_tick(session);
    for (size_t i = 0; i < sizeof evil / sizeof *evil; i++) {
        struct ms_sql_request request = {.sql = evil[i]};
        if (strcmp(end_of(&request), "not_allowed") != 0)
            fail_msg("%s: %s", evil[i], end_of(&request));
    }
    struct ms_sql_request two = {.sql = "SELECT 1; SELECT 2"};
    assert_string_equal(end_of(&two), "bad_query");
    struct ms_sql_request none = {.sql = "-- nothing"};
    assert_string_equal(end_of(&none), "bad_query");
}

static bool after_the_third_time(void *arg)
{
    return ++*(int *)arg > 3;
}

static void every_limit_ends_a_query(void **state)
{
    (void)state;
    int asked = 0;
    struct ms_sql_request time = {
        .sql = ENDLESS "SELECT max(n) FROM t",
        .limits = {.time_ns = 20000000},
    };
    struct ms_sql_request cancelled = {
        .sql = time.sql,
        .cancelled = after_the_third_time,
        .arg = &asked,
    };
    struct ms_sql_request memory = {
        .sql = ENDLESS "SELECT n, hex(randomblob(2000)) FROM t ORDER BY 2",
        .limits = {.memory_bytes = 1 << 20, .time_ns = UINT64_C(300000000000)},
    };

    (void)ms_session_tick(session);
    assert_string_equal(end_of(&time), "timeout");
    assert_string_equal(end_of(&cancelled), "cancelled");
    assert_int_equal(asked, 4);
    assert_string_equal(end_of(&memory), "too_large");
    // Not only between SQLite's own steps: in a walk that finds nothing.
    struct ms_sql_request walk = {
        .sql = "SELECT count(*) FROM allocations a CROSS JOIN allocations b "
               "CROSS JOIN allocations c CROSS JOIN allocations d CROSS JOIN "
               "allocations e CROSS JOIN allocations f WHERE f.size = 1",
        .limits = {.time_ns = 20000000},
    };
    assert_string_equal(end_of(&walk), "timeout");
}

static void rows_are_cut_off_and_it_is_said(void **state)
{
    (void)state;
    struct ms_sql_request request = {.sql = "SELECT id FROM sites",
                                     .limits = {.rows = 2}};
    struct ms_sql_error error;
    struct ms_sql *q;

    (void)ms_session_tick(session);
    for (unsigned most = 2; most <= 3; most++) {
        request.limits.rows = most;
        assert_true(ms_sql_open(engine, &request, &q, &error));
        for (unsigned i = 0; i < most; i++)
            assert_int_equal(ms_sql_step(q, &error), MS_SQL_ROW);
        assert_int_equal(ms_sql_step(q, &error), MS_SQL_DONE);
        assert_int_equal(ms_sql_truncated(q), most == 2);
        ms_sql_close(q);
    }
}

static void a_snapshot_keeps_what_it_keeps(void **state)
{
    (void)state;
    const struct ms_snapshot *snapshot;
    struct ms_sql_request request = {.snapshot = 1};

    (void)ms_session_tick(session);
    assert_int_equal(ms_snapshot_take(engine, 0, NULL, &snapshot), MEMSCOPE_OK);
    ms_snapshot_release(engine, snapshot);
    request.sql =
        "SELECT * FROM sites, stacks, frames, threads, modules, stats";
    assert_string_equal(end_of(&request), "");
    request.sql = "SELECT * FROM allocations";
    assert_string_equal(end_of(&request), "not_kept");
}

static void names_to_come_are_counted(void **state)
{
    (void)state;
    (void)ms_session_tick(session);
    assert_true(ms_list_add(&session->unnamed, 0));
    struct ms_sql *q = ask("SELECT function FROM sites");
    assert_int_equal(ms_sql_unnamed(q), 1);
    ms_sql_close(q);
    q = ask("SELECT name FROM threads");
    assert_int_equal(ms_sql_unnamed(q), 0);
    ms_sql_close(q);
    session->unnamed.count = 0;
}

static void json_holds_any_text(void **state)
{
    (void)state;
    struct ms_sql_json out = {0};
    struct ms_sql_error error;
    struct ms_sql *q =
        ask("SELECT x'ff41c3a9c3', char(0, 34, 92, 10), 0.5, -1, NULL, "
            "address FROM allocations WHERE address = 0x10000");

    assert_int_equal(ms_sql_step(q, &error), MS_SQL_ROW);
    ms_sql_json_row(&out, q); // without a head, no address is known as one
    assert_false(out.failed);
    out.text[out.bytes] = '\0';
    assert_string_equal(out.text,
                        "\n[\"\xef\xbf\xbd"
                        "A\xc3\xa9\xef\xbf\xbd\",\"\\u0000\\\"\\\\\\u000a\","
                        "0.5,-1,null,65536]");
    out.bytes = 0;
    ms_sql_json_head(&out, q, true);
    out.bytes = 0;
    ms_sql_json_row(&out, q);
    out.text[out.bytes] = '\0';
    assert_non_null(strstr(out.text, ",\"0x10000\"]"));
    ms_sql_json_fini(&out);
    ms_sql_close(q);
}

static void a_tick_makes_it_ready(void **state)
{
    (void)state;
    (void)ms_session_tick(session);
    json_holds_any_text(state);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)
    const struct CMUnitTest tests[] = {
        TEST(there_is_nothing_before_the_first_tick),
        TEST(sums_are_of_one_cut),
        TEST(what_a_table_finds_by_itself_is_right),
        TEST(nothing_but_reading_is_allowed),
        TEST(every_limit_ends_a_query),
        TEST(rows_are_cut_off_and_it_is_said),
        TEST(a_snapshot_keeps_what_it_keeps),
        TEST(names_to_come_are_counted),
        TEST(a_tick_makes_it_ready),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
