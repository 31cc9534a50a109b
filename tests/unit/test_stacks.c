// SPDX-License-Identifier: MIT
//
// Stacks as a tree: shared callers, names, contexts, and what is damaged.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/stacks.h"
#include "fake_engine.h"
#include "runtime/annotations.h"
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

static uint32_t call(uint64_t address, uint32_t caller)
{
    return ms_store_stack(&store, address, caller);
}

static void put(uint64_t address, uint64_t size, uint32_t stack)
{
    ms_store_allocation(writer, address, size, stack, false);
}

static void take_all(struct ms_stacks *out)
{
    struct ms_stats stats;

    assert_int_equal(ms_engine_stacks(engine, 0, &stats, out), MEMSCOPE_OK);
    uint64_t live = 0;
    for (size_t i = 0; i < out->row_count; i++)
        live += out->rows[i].live_bytes;
    assert_int_equal(live, stats.heap.live_bytes);
    for (size_t i = 0; i < out->node_count; i++) {
        assert_true(out->nodes[i].parent <= i); // callers first
        assert_in_range(out->nodes[i].frame, 1, out->frame_count);
    }
}

static uint64_t address_of(const struct ms_stacks *s, uint32_t node)
{
    return s->frames[s->nodes[node - 1].frame - 1].address;
}

static void there_are_none_before_the_first_tick(void **state)
{
    (void)state;
    struct ms_stacks s;
    struct ms_stats stats;

    assert_int_equal(ms_engine_stacks(engine, 0, &stats, &s),
                     MEMSCOPE_ERROR_STATE);
    assert_int_equal(ms_engine_stacks(engine, 9, &stats, &s),
                     MEMSCOPE_ERROR_NOT_FOUND);
    (void)ms_session_tick(session);
    take_all(&s);
    assert_int_equal(s.row_count, 0);
    assert_int_equal(s.node_count, 0);
    ms_stacks_fini(&s);
}

static void callers_are_shared(void **state)
{
    (void)state;
    struct ms_stacks s;
    uint32_t start = call(0x1000, 0), work = call(0x2000, start);
    uint32_t a = call(0x3000, work), b = call(0x4000, work);
    uint32_t again = call(0x3000, start); // the frame of a, called elsewhere

    (void)call(0x9000, start); // of nobody
    put(0x10000, 10, a);
    put(0x20000, 200, b);
    put(0x30000, 3000, again);
    put(0x40000, 40000, start); // is a stack and a caller
    (void)ms_session_tick(session);
    take_all(&s);
    assert_int_equal(s.row_count, 4);
    assert_int_equal(s.node_count, 5);
    assert_int_equal(s.frame_count, 4);
    assert_int_equal(s.rows[1].id, a); // in order of id
    uint32_t node = s.rows[1].node;
    assert_int_equal(address_of(&s, node), 0x3000);
    node = s.nodes[node - 1].parent;
    assert_int_equal(address_of(&s, node), 0x2000);
    node = s.nodes[node - 1].parent;
    assert_int_equal(address_of(&s, node), 0x1000);
    assert_int_equal(node, s.rows[0].node);
    assert_int_equal(s.nodes[node - 1].parent, 0);
    ms_stacks_fini(&s);
}

static void contexts_are_one_stack(void **state)
{
    (void)state;
    struct ms_stacks s;
    uint32_t stack = call(0x1000, 0);
    uint32_t task = call(ms_pseudo(MS_PSEUDO_TASK, 1), 0);

    put(0x10000, 10, stack);
    put(0x20000, 200, call(ms_pseudo(MS_PSEUDO_CONTEXT, task), stack));
    (void)ms_session_tick(session);
    take_all(&s);
    assert_int_equal(s.row_count, 1);
    assert_int_equal(s.rows[0].id, stack);
    assert_int_equal(s.rows[0].live_bytes, 210);
    assert_int_equal(s.rows[0].live_blocks, 2);
    ms_stacks_fini(&s);
}

static void only_what_has_changed_is_given(void **state)
{
    (void)state;
    struct ms_stack_row *rows;
    uint32_t a = call(0x1000, 0), b = call(0x2000, 0);
    uint64_t first, seq;
    size_t count;

    put(0x10000, 10, a);
    put(0x20000, 10, b);
    (void)ms_session_tick(session);
    assert_int_equal(ms_engine_stack_rows(engine, 0, 0, &rows, &count, &first),
                     MEMSCOPE_OK);
    assert_int_equal(count, 2);
    free(rows);
    put(0x30000, 10, a);
    (void)ms_session_tick(session);
    assert_int_equal(
        ms_engine_stack_rows(engine, 0, first, &rows, &count, &seq),
        MEMSCOPE_OK);
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].id, a);
    assert_int_equal(rows[0].live_bytes, 20);
    assert_int_equal(rows[0].changed_seq, seq);
    free(rows);
    (void)ms_session_tick(session);
    assert_int_equal(ms_engine_stack_rows(engine, 0, seq, &rows, &count, &seq),
                     MEMSCOPE_OK);
    assert_int_equal(count, 0);
    free(rows);
}

static void a_circle_is_cut(void **state)
{
    (void)state;
    struct ms_stacks s;
    uint32_t outer = call(0x1000, 0), inner = call(0x2000, outer);

    put(0x10000, 10, inner);
    (void)ms_session_tick(session);
    store.nodes[outer].parent = inner;
    take_all(&s);
    assert_int_equal(s.node_count, 2);
    store.nodes[inner].parent = UINT32_MAX;
    ms_stacks_fini(&s);
    take_all(&s);
    assert_int_equal(s.node_count, 1);
    ms_stacks_fini(&s);
}

static void the_unknown_stack_has_a_name(void **state)
{
    (void)state;
    struct ms_stacks s;

    put(0x10000, 10, MS_NODE_UNKNOWN);
    (void)ms_session_tick(session);
    take_all(&s);
    assert_int_equal(s.row_count, 1);
    assert_int_equal(ms_stacks_name(engine, &s), 0);
    assert_string_equal(s.frames[0].function, "(unknown stack)");
    assert_int_equal(s.frames[0].address, 0);
    ms_stacks_fini(&s);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)
    const struct CMUnitTest tests[] = {
        CASE(there_are_none_before_the_first_tick),
        CASE(callers_are_shared),
        CASE(contexts_are_one_stack),
        CASE(only_what_has_changed_is_given),
        CASE(a_circle_is_cut),
        CASE(the_unknown_stack_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
