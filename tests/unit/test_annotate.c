// SPDX-License-Identifier: MIT
//
// memscope.h over a store of the test's own: the seed's six operations reach
// the recorder, tables that are full are counted, contexts nest.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <memscope.h>

#include "annotate/contexts.h"
#include "annotate/notes.h"
#include "annotate/strings.h"
#include "capture/guard.h"
#include "open_writer.h"
#include "platform/atomics.h"

#define AT(n) ((void *)(uintptr_t)(UINT64_C(0x700001000) + (n)))

static struct ms_store store;
static struct ms_writer *writer;

static int open_store(void **state)
{
    (void)state;
    if (ms_store_create(&store, MS_BACKEND_CORE) != 0)
        return -1;
    ms_runtime_backend = &ms_backend_core;
    writer = ms_open_writer(&store, 100);
    ms_guard_writer = writer;
    return writer == NULL ? -1 : 0;
}

static int close_store(void **state)
{
    (void)state;
    ms_guard_writer = NULL;
    ms_store_destroy(&store);
    return 0;
}

static uint64_t dropped(enum ms_drop_kind kind)
{
    return ms_load_relaxed(&store.header->dropped[kind]);
}

static uint64_t told(enum ms_moment_kind kind)
{
    return ms_load_relaxed(&store.annotations->moment_counts[kind]);
}

static void the_six_operations_are_recorded(void **state)
{
    static const enum ms_operation expected[] = {
        MS_OPERATION_ALLOCATION,   MS_OPERATION_BORROW,
        MS_OPERATION_RETURN,       MS_OPERATION_MOVE,
        MS_OPERATION_DEALLOCATION, MS_OPERATION_REALLOCATION,
        MS_OPERATION_MOVE,         MS_OPERATION_DEALLOCATION,
    };

    (void)state;
    assert_true(memscope_capture_alloc(AT(0), 40));
    assert_true(memscope_return(memscope_borrow(AT(0), true)));
    assert_false(memscope_return(5)); // of no slot that was ever taken
    assert_true(memscope_move(AT(0)));
    assert_true(memscope_capture_realloc(AT(0), AT(256), 50));
    assert_true(memscope_capture_move(AT(256), AT(512)));
    assert_true(memscope_capture_dealloc(AT(512)));
    assert_int_equal(writer->slot->recorded,
                     sizeof expected / sizeof *expected);
    for (size_t i = 0; i < writer->slot->recorded; i++)
        assert_int_equal(ms_load_relaxed(&writer->events[i].what) >> 47,
                         expected[i]);
}

static void a_block_where_one_is_is_refused(void **state)
{
    (void)state;
    assert_true(memscope_capture_alloc(AT(64), 100));
    assert_false(memscope_capture_alloc(AT(64), 8));  // the same place
    assert_false(memscope_capture_alloc(AT(80), 8));  // the same granule
    assert_false(memscope_capture_alloc(AT(96), 8));  // where its size stands
    assert_false(memscope_capture_alloc(AT(32), 63)); // over its head
    assert_true(memscope_capture_alloc(AT(32), 32));
    assert_true(memscope_capture_alloc(AT(128), 8));
    assert_int_equal(dropped(MS_DROP_CROWDED), 4);
    assert_int_equal(told(MS_MOMENT_OVERLAP), 4);
    assert_true(memscope_capture_dealloc(AT(64)));
    assert_false(memscope_capture_dealloc(AT(64)));
    assert_int_equal(told(MS_MOMENT_UNKNOWN_BLOCK), 1);
}

static void names_beyond_the_table_are_counted(void **state)
{
    char name[32];

    (void)state;
    for (uint32_t i = 1; i < MS_STRING_CAPACITY; i++) {
        snprintf(name, sizeof name, "name %u", i);
        assert_int_equal(ms_string_intern(&store, name), i);
    }
    assert_int_equal(ms_string_intern(&store, "one more"), 0);
    assert_int_equal(dropped(MS_DROP_STRINGS), 1);
    assert_int_equal(ms_string_intern(&store, "name 17"), 17);
}

static void long_names_are_cut(void **state)
{
    char name[MS_STRING_TEXT + 10];

    (void)state;
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    uint32_t string = ms_string_intern(&store, name);
    assert_int_equal(strlen(store.annotations->strings[string].text),
                     MS_STRING_TEXT - 1);
    name[MS_STRING_TEXT] = 'y'; // beyond the cut
    assert_int_equal(ms_string_intern(&store, name), string);
}

static void loans_beyond_the_table_are_counted(void **state)
{
    size_t given = 0;

    (void)state;
    assert_true(memscope_capture_alloc(AT(0), 40));
    for (size_t i = 0; i < 2 * MS_BORROW_PROBES; i++)
        given += memscope_borrow(AT(0), false) != 0;
    assert_int_equal(given, MS_BORROW_PROBES);
    assert_int_equal(dropped(MS_DROP_BORROWS), MS_BORROW_PROBES);
}

static void later_tasks_of_a_name_share_a_row(void **state)
{
    memscope_task last = 0;

    (void)state;
    for (uint32_t i = 1; i <= MS_TASKS_ALONE; i++)
        assert_int_equal(memscope_task_create("request"), i);
    for (uint32_t i = 0; i < 10; i++)
        last = memscope_task_create("request");
    assert_int_equal(last, MS_TASKS_ALONE + 1);
    assert_true(store.annotations->tasks[last].shared);
    assert_int_equal(ms_load_relaxed(&store.annotations->tasks[last].created),
                     10);
    assert_int_equal(memscope_task_create("other"), MS_TASKS_ALONE + 2);
    assert_int_equal(dropped(MS_DROP_TASKS), 0);
}

static void contexts_nest_and_are_left(void **state)
{
    struct ms_row_hint *hint;

    (void)state;
    assert_true(ms_context_enter(writer, MS_PSEUDO_SCOPE, 1, true));
    uint32_t outer = writer->context;
    assert_true(ms_context_enter(writer, MS_PSEUDO_TASK, 2, true));
    assert_int_equal(store.nodes[writer->context].parent, outer);
    uint32_t stack = ms_store_stack(&store, 0x1234, 0);
    uint32_t inside = ms_context_wrap(writer, stack, &hint);
    assert_int_equal(store.nodes[inside].parent, stack);
    assert_int_equal(store.nodes[inside].address,
                     ms_pseudo(MS_PSEUDO_CONTEXT, writer->context));
    assert_int_equal(ms_context_wrap(writer, stack, &hint), inside);
    // Leaving the outer one leaves the inner one, too.
    assert_true(ms_context_leave(writer, MS_PSEUDO_SCOPE, 1));
    assert_int_equal(writer->context, 0);
    assert_false(ms_context_leave(writer, MS_PSEUDO_TASK, 2));
    for (uint32_t i = 0; i < MS_CONTEXT_DEPTH; i++)
        assert_true(ms_context_enter(writer, MS_PSEUDO_SCOPE, 1, true));
    assert_false(ms_context_enter(writer, MS_PSEUDO_SCOPE, 9, true));
    assert_int_equal(dropped(MS_DROP_CONTEXTS), 1);
    assert_true(ms_context_leave(writer, MS_PSEUDO_SCOPE, 9));
    for (uint32_t i = 0; i < MS_CONTEXT_DEPTH; i++)
        assert_true(ms_context_leave(writer, MS_PSEUDO_SCOPE, 1));
    assert_int_equal(writer->context, 0);
}

static void a_pool_is_discarded_at_once(void **state)
{
    (void)state;
    assert_true(memscope_capture_alloc(AT(0), 65536)); // the slab
    memscope_pool pool = memscope_pool_create("pool", AT(0), 65536);
    for (size_t i = 0; i < 65536; i += 64)
        assert_true(memscope_pool_alloc(pool, AT(i), 48));
    assert_true(memscope_capture_alloc(AT(65536), 40)); // not of the pool
    assert_int_equal(memscope_pool_discard(pool), 1024);
    assert_int_equal(memscope_pool_discard(pool), 0);
    memscope_pool_destroy(pool);
    assert_true(memscope_capture_dealloc(AT(0))); // a block once more
    assert_true(memscope_capture_dealloc(AT(65536)));
}

static void a_small_segment_keeps_none(void **state)
{
    struct ms_store small;

    (void)state;
    assert_int_equal(
        ms_store_create_within(&small, MS_BACKEND_CORE, UINT64_C(8) << 20), 0);
    assert_null(small.annotations);
    ms_guard_writer = ms_open_writer(&small, 101);
    assert_false(memscope_capture_alloc(AT(0), 40));
    assert_false(memscope_tag(AT(0), "variable", "type"));
    assert_int_equal(memscope_task_create("task"), 0);
    memscope_scope_begin("scope");
    memscope_pause();
    memscope_mark("mark");
    assert_int_equal(
        ms_load_relaxed(&small.header->dropped[MS_DROP_ANNOTATIONS]), 6);
    ms_guard_writer = writer;
    ms_store_destroy(&small);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_store, close_store)
    const struct CMUnitTest tests[] = {
        CASE(the_six_operations_are_recorded),
        CASE(a_block_where_one_is_is_refused),
        CASE(names_beyond_the_table_are_counted),
        CASE(long_names_are_cut),
        CASE(loans_beyond_the_table_are_counted),
        CASE(later_tasks_of_a_name_share_a_row),
        CASE(contexts_nest_and_are_left),
        CASE(a_pool_is_discarded_at_once),
        CASE(a_small_segment_keeps_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
