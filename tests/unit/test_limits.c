// SPDX-License-Identifier: MIT
//
// A store under a limit: it keeps within it, has a live table for an index,
// and what finds no room is counted by kind and in no account.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_engine.h"
#include "open_writer.h"
#include "platform/atomics.h"
#include "runtime/store.h"
#include "store/live_table.h"
#include "store/writer.h"

#define LIMIT (UINT64_C(2) << 20)
#define BLOCK(i) (UINT64_C(0x700000000) + (uint64_t)(i)*64)

static struct ms_store store;
static struct ms_writer *writer;
static struct ms_engine *engine;
static struct ms_session *session;

static int open_all(void **state)
{
    (void)state;
    if (ms_store_create_within(&store, MS_BACKEND_CORE, LIMIT) != 0)
        return -1;
    writer = ms_open_writer(&store, 100);
    engine = ms_fake_engine(dup(store.fd), &session);
    return writer == NULL || engine == NULL ? -1 : 0;
}

static int close_all(void **state)
{
    (void)state;
    ms_fake_engine_destroy(engine);
    ms_store_destroy(&store);
    return 0;
}

static uint64_t drops(enum ms_drop_kind kind)
{
    return ms_load_relaxed(&store.header->dropped[kind]);
}

static void release(uint64_t address)
{
    struct ms_taken taken = ms_store_take(writer, address);

    ms_store_deallocation(writer, address, &taken, false);
}

static size_t walked(uint64_t *bytes)
{
    struct ms_block_walk *walk;
    struct ms_block blocks[100];
    size_t n, count = 0;

    *bytes = 0;
    assert_int_equal(ms_block_walk_create(engine, 1, &walk), MEMSCOPE_OK);
    while ((n = ms_block_walk_next(walk, blocks, 100)) != 0) {
        for (size_t i = 0; i < n; i++)
            *bytes += blocks[i].size;
        count += n;
    }
    ms_block_walk_destroy(walk);
    return count;
}

static void segment_keeps_within_the_limit(void **state)
{
    (void)state;
    assert_true(store.header->total_bytes <= LIMIT);
    assert_true(store.header->total_bytes > LIMIT / 4);
    assert_null(store.index);
    assert_int_not_equal(store.header->table_capacity, 0);
    ms_session_tick(session);
    struct ms_stats stats;
    assert_int_equal(ms_engine_stats(engine, 1, 0, &stats), MEMSCOPE_OK);
    assert_int_equal(stats.capture.store_limit_bytes,
                     store.header->total_bytes);
    struct ms_store none;
    assert_int_not_equal(ms_store_create_within(&none, MS_BACKEND_CORE, 100000),
                         0);
}

static void table_does_what_the_index_does(void **state)
{
    (void)state;
    uint32_t stack = ms_store_stack(&store, 0x1234, 0);
    uint64_t bytes;

    for (uint64_t i = 0; i < 4000; i++)
        ms_store_allocation(writer, BLOCK(i), i, stack, false);
    for (uint64_t i = 0; i < 4000; i += 2)
        release(BLOCK(i));
    struct ms_taken taken = ms_store_take(writer, BLOCK(1001));
    assert_int_equal(taken.size, 1001);
    ms_store_put_back(writer, BLOCK(1001), &taken);
    assert_int_equal(walked(&bytes), 2000);
    assert_int_equal(bytes, 2000 * 2000);
    release(BLOCK(2)); // is no block any more
    assert_int_equal(ms_load_relaxed(&writer->slot->unknown_frees), 1);
    ms_session_tick(session);
    assert_int_equal(session->model.heap.alloc_count_total, 4000);
    assert_int_equal(session->model.heap.free_count_total, 2000);
    assert_int_equal(drops(MS_DROP_INDEX), 0);
}

static void what_the_table_has_no_room_for_is_in_no_account(void **state)
{
    (void)state;
    uint32_t stack = ms_store_stack(&store, 0x1234, 0);
    uint64_t all = store.header->table_capacity * UINT64_C(2), bytes;

    for (uint64_t i = 0; i < all; i++)
        ms_store_allocation(writer, BLOCK(i), 10, stack, false);
    uint64_t dropped = drops(MS_DROP_INDEX);
    uint64_t kept = all - dropped;
    // Nearly all of it is used before there is no room.
    assert_in_range(kept, store.header->table_capacity / 10 * 9,
                    store.header->table_capacity + MS_TABLE_WINDOW);
    assert_int_equal(walked(&bytes), kept);
    ms_session_tick(session);
    assert_int_equal(session->model.heap.alloc_count_total, kept);
    for (uint64_t i = 0; i < all; i++)
        release(BLOCK(i));
    ms_session_tick(session);
    assert_int_equal(session->model.heap.free_count_total, kept);
    assert_int_equal(ms_load_relaxed(&writer->slot->unknown_frees), dropped);
    assert_int_equal(walked(&bytes), 0);
    struct ms_stats stats;
    assert_int_equal(ms_engine_stats(engine, 1, 0, &stats), MEMSCOPE_OK);
    assert_int_equal(stats.capture.dropped_index, dropped);
    assert_int_equal(stats.capture.dropped_allocs, dropped);
}

static void rows_used_up_leave_no_entry(void **state)
{
    (void)state;
    uint32_t stack = ms_store_stack(&store, 0x1234, 0);
    uint64_t bytes;

    store.header->row_count = store.header->row_capacity;
    ms_store_allocation(writer, BLOCK(1), 10, stack, false);
    assert_int_equal(drops(MS_DROP_ROWS), 1);
    assert_int_equal(walked(&bytes), 0);
}

static void threads_used_up_map_nothing_more(void **state)
{
    (void)state;
    uint32_t tid = 101;

    while (ms_open_writer(&store, tid) != NULL)
        tid++;
    assert_int_equal(tid - 100, store.header->thread_capacity);
    uint32_t recorders = ms_load_relaxed(&store.recorder_count);
    for (int i = 0; i < 10; i++)
        assert_null(ms_open_writer(&store, tid));
    assert_int_equal(ms_load_relaxed(&store.recorder_count), recorders);
    assert_int_equal(drops(MS_DROP_THREADS), 11);
}

static void stacks_used_up_are_counted(void **state)
{
    (void)state;
    uint64_t n = 0;

    while (ms_store_stack(&store, 0x1000 + n, 0) != 0)
        n++;
    assert_int_equal(drops(MS_DROP_STACKS), 1);
    assert_in_range(n, store.header->node_capacity / 4 * 3,
                    store.header->node_capacity);
    assert_int_not_equal(ms_store_stack(&store, 0x1000, 0), 0);
    // What the backends book it under is a node like any other.
    ms_store_allocation(writer, BLOCK(1), 10, MS_NODE_UNKNOWN, false);
    ms_session_tick(session);
    assert_int_equal(session->model.heap.alloc_count_total, 1);
    assert_int_equal(session->model.sites[0].address, 0);
    assert_int_equal(session->reader.damaged, 0);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)
    const struct CMUnitTest tests[] = {
        CASE(segment_keeps_within_the_limit),
        CASE(table_does_what_the_index_does),
        CASE(what_the_table_has_no_room_for_is_in_no_account),
        CASE(rows_used_up_leave_no_entry),
        CASE(threads_used_up_map_nothing_more),
        CASE(stacks_used_up_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
