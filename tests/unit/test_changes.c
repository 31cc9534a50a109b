// SPDX-License-Identifier: MIT
//
// What has changed since a tick: of stacks and modules, no more than that, and
// where a stack leads.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/changes.h"
#include "fake_engine.h"
#include "platform/atomics.h"

static struct ms_store store;
static struct ms_writer *writer;
static struct ms_engine *engine;
static struct ms_session *session;
static uint32_t outer, stacks[2];

static int open_all(void **state)
{
    (void)state;
    if (!ms_fake_program(&store, &writer, &engine, &session))
        return -1;
    outer = ms_store_stack(&store, 0x500010, 0);
    stacks[0] = ms_store_stack(&store, 0x400010, outer);
    stacks[1] = ms_store_stack(&store, 0x400020, outer);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    ms_fake_program_end(&store, engine);
    return 0;
}

static struct ms_changes changes_since(uint64_t since)
{
    struct ms_changes c;

    assert_int_equal(ms_engine_changes(engine, 1, session->epoch, since, &c),
                     MEMSCOPE_OK);
    return c;
}

static void add_module(uint32_t number, const char *path)
{
    struct ms_module *m = ms_store_module(&store, number);

    m->start = 0x400000 * number;
    m->end = m->start + 0x100000;
    strcpy(m->path, path);
    ms_store_release(&store.header->module_count, number + 1);
}

static void stacks_that_changed_are_given_with_their_way(void **state)
{
    (void)state;
    ms_store_allocation(writer, 0x10000, 100, stacks[0], false);
    ms_store_allocation(writer, 0x20000, 200, stacks[1], false);
    (void)ms_session_tick(session);
    struct ms_changes c = changes_since(0);
    assert_true(c.whole);
    assert_int_equal(c.stack_count, 2);
    uint64_t seq = c.stats.seq;
    ms_changes_fini(&c);

    // What has changed is read once more a tick later.
    (void)ms_session_tick(session);
    ms_store_allocation(writer, 0x30000, 50, stacks[1], false);
    (void)ms_session_tick(session);
    c = changes_since(seq);
    assert_false(c.whole);
    assert_int_equal(c.stack_count, 1);
    assert_int_equal(c.stacks[0].id, stacks[1]);
    assert_int_equal(c.stacks[0].live_bytes, 250);
    assert_int_equal(c.frame_ends[0], 2);
    assert_int_equal(c.frames[0], 0x400020);
    assert_int_equal(c.frames[1], 0x500010);
    ms_changes_fini(&c);
}

static void modules_that_come_and_go_are_given(void **state)
{
    (void)state;
    add_module(1, "/lib/one.so");
    (void)ms_session_tick(session);
    struct ms_changes c = changes_since(0);
    uint64_t seq = c.stats.seq;
    assert_int_equal(c.module_count, 1);
    assert_int_equal(c.modules[0].unload_ns, 0);
    ms_changes_fini(&c);

    add_module(2, "/lib/two.so");
    (void)ms_session_tick(session);
    c = changes_since(seq);
    assert_int_equal(c.module_count, 1);
    assert_int_equal(c.modules[0].start, 0x800000);
    seq = c.stats.seq;
    ms_changes_fini(&c);

    ms_store_relaxed(&ms_store_module(&store, 1)->unload_ns,
                     store.header->start_ns + 7000);
    (void)ms_session_tick(session);
    c = changes_since(seq);
    assert_int_equal(c.module_count, 1);
    assert_int_equal(c.modules[0].start, 0x400000);
    assert_int_equal(c.modules[0].unload_ns, 7000);
    seq = c.stats.seq;
    ms_changes_fini(&c);
    (void)ms_session_tick(session);
    c = changes_since(seq);
    assert_int_equal(c.module_count, 0);
    ms_changes_fini(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            stacks_that_changed_are_given_with_their_way, open_all, close_all),
        cmocka_unit_test_setup_teardown(modules_that_come_and_go_are_given,
                                        open_all, close_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
