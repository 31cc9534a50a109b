// SPDX-License-Identifier: MIT
//
// Snapshots do not change, have good names, and are counted.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_engine.h"
#include "runtime/store.h"

static struct ms_store store;
static struct ms_writer *writer;
static struct ms_session *session;
static struct ms_engine *engine;

static int open_all(void **state)
{
    (void)state;
    return ms_fake_program(&store, &writer, &engine, &session) ? 0 : -1;
}

static int close_all(void **state)
{
    (void)state;
    ms_fake_program_end(&store, engine);
    return 0;
}

static void put(uint64_t address, uint64_t size)
{
    ms_store_allocation(writer, address, size,
                        ms_store_stack(&store, 0x4711, 0), false);
}

static const struct ms_snapshot *take(const char *name)
{
    const struct ms_snapshot *s;

    assert_int_equal(ms_snapshot_take(engine, 0, name, &s), MEMSCOPE_OK);
    return s;
}

static void there_is_none_before_the_first_tick(void **state)
{
    (void)state;
    const struct ms_snapshot *s;

    assert_int_equal(ms_snapshot_take(engine, 0, NULL, &s),
                     MEMSCOPE_ERROR_STATE);
    assert_int_equal(ms_snapshot_take(engine, 9, NULL, &s),
                     MEMSCOPE_ERROR_NOT_FOUND);
    assert_null(s);
}

static void it_stays_as_it_was(void **state)
{
    (void)state;
    put(0x10000, 777);
    (void)ms_session_tick(session);
    const struct ms_snapshot *s = take("before");
    put(0x20000, 1234);
    (void)ms_session_tick(session);
    (void)ms_session_tick(session);

    assert_int_equal(s->stats.heap.live_bytes, 777);
    assert_int_equal(s->sites[0].live_bytes, 777);
    assert_int_equal(s->threads[0].live_blocks, 1);
    assert_int_equal(s->histograms.size_live_bytes[10], 777);
    assert_int_equal(s->session.seq, s->stats.seq);
    assert_int_equal(session->model.heap.live_bytes, 2011);
    ms_snapshot_release(engine, s);
}

static void deleted_while_held_it_is_still_there(void **state)
{
    (void)state;
    (void)ms_session_tick(session);
    const struct ms_snapshot *s = take("held");
    uint32_t id = s->id;

    assert_int_equal(ms_snapshot_delete(engine, id), MEMSCOPE_OK);
    assert_int_equal(ms_snapshot_delete(engine, id), MEMSCOPE_ERROR_NOT_FOUND);
    assert_null(ms_snapshot_acquire(engine, id));
    assert_string_equal(s->name, "held");
    ms_snapshot_release(engine, s);
}

static void names_are_short_and_utf8(void **state)
{
    (void)state;
    char longest[MS_SNAPSHOT_NAME + 1];
    const struct ms_snapshot *s;
    static const char *const bad[] = {"\xff", "a\nb", "\x7f", "\xed\xa0\x80",
                                      "\xc3"};

    (void)ms_session_tick(session);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(ms_snapshot_take(engine, 0, bad[i], &s),
                         MEMSCOPE_ERROR_ARGUMENT);
    memset(longest, 'n', sizeof longest);
    longest[MS_SNAPSHOT_NAME] = '\0';
    assert_int_equal(ms_snapshot_take(engine, 0, longest, &s),
                     MEMSCOPE_ERROR_ARGUMENT);
    longest[MS_SNAPSHOT_NAME - 1] = '\0';
    s = take(longest);
    assert_string_equal(s->name, longest);
    ms_snapshot_release(engine, s);
    s = take("");
    assert_string_equal(s->name, "Snapshot 2");
    ms_snapshot_release(engine, s);
}

static void one_too_many_is_refused(void **state)
{
    (void)state;
    const struct ms_snapshot *s, *list[MS_SNAPSHOT_LIMIT + 1];

    (void)ms_session_tick(session);
    for (unsigned i = 0; i < MS_SNAPSHOT_LIMIT; i++)
        ms_snapshot_release(engine, take(NULL));
    assert_int_equal(ms_snapshot_take(engine, 0, NULL, &s),
                     MEMSCOPE_ERROR_LIMIT);
    size_t n = ms_snapshot_list(engine, list, MS_SNAPSHOT_LIMIT + 1);
    assert_int_equal(n, MS_SNAPSHOT_LIMIT);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(list[i]->id, i + 1);
        ms_snapshot_release(engine, list[i]);
    }
    assert_int_equal(ms_snapshot_delete(engine, 7), MEMSCOPE_OK);
    ms_snapshot_release(engine, take(NULL));
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)
    const struct CMUnitTest tests[] = {
        CASE(there_is_none_before_the_first_tick),
        CASE(it_stays_as_it_was),
        CASE(deleted_while_held_it_is_still_there),
        CASE(names_are_short_and_utf8),
        CASE(one_too_many_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
