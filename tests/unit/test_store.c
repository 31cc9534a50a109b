// SPDX-License-Identifier: MIT
//
// The event store's writing side, read back by hand.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "open_writer.h"
#include "platform/atomics.h"
#include "platform/thread.h"
#include "runtime/cell.h"
#include "runtime/store.h"
#include "store/live_index.h"
#include "store/writer.h"

#define BLOCK UINT64_C(0x700001000)

static struct ms_store store;
static struct ms_writer *writer;

static bool everybody_is_gone(uint32_t tid)
{
    (void)tid;
    return true;
}

static int open_store(void **state)
{
    uint64_t name[2] = {0, 0};

    (void)state;
    memcpy(name, "tester", 6);
    if (ms_store_create(&store, MS_BACKEND_CORE) != 0)
        return -1;
    writer = ms_store_writer_open(&store, 100, name, ms_nobody_is_gone);
    return writer == NULL ? -1 : 0;
}

static int close_store(void **state)
{
    (void)state;
    ms_store_destroy(&store);
    return 0;
}

static struct ms_row *row_of(uint64_t address)
{
    uint64_t cell = ms_load_relaxed(&store.index[address >> 5]);

    return &store.rows[ms_cell_row(cell)];
}

static void allocation_writes_cell_and_row(void **state)
{
    (void)state;
    uint32_t stack = ms_store_stack(&store, 0x1234, 0);

    ms_store_allocation(writer, BLOCK + 16, 40, stack, false);

    uint64_t cell = ms_load_relaxed(&store.index[BLOCK >> 5]);
    assert_true(ms_cell_live(cell));
    assert_int_equal(ms_cell_small_size(cell), 40);
    assert_int_equal(ms_cell_address(cell, BLOCK >> 5), BLOCK + 16);
    struct ms_row *row = row_of(BLOCK);
    assert_int_equal(row->stack, stack);
    assert_int_equal(row->size_class, 6);
    assert_int_equal(ms_load_relaxed(&row->alloc_count), 1);
    assert_int_equal(ms_load_relaxed(&row->alloc_bytes), 40);
    assert_int_equal(ms_load_relaxed(&writer->slot->dirty), ms_cell_row(cell));
}

static void size_that_does_not_fit_the_cell_stands_in_the_next(void **state)
{
    (void)state;
    uint32_t stack = ms_store_stack(&store, 0x1234, 0);
    const uint64_t sizes[] = {0, 1, 62, 63, 64, 1 << 20, UINT64_C(1) << 40};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        ms_store_allocation(writer, BLOCK, sizes[i], stack, false);
        struct ms_taken taken = ms_store_take(writer, BLOCK);
        assert_int_equal(taken.size, sizes[i]);
        ms_store_deallocation(writer, BLOCK, &taken, false);
    }
}

static void free_of_unknown_block_is_counted(void **state)
{
    (void)state;
    struct ms_taken taken = ms_store_take(writer, BLOCK);

    assert_true(taken.cell == 0);
    ms_store_deallocation(writer, BLOCK, &taken, false);
    assert_int_equal(ms_load_relaxed(&writer->slot->unknown_frees), 1);
}

static void block_beyond_the_index_is_dropped_and_counted(void **state)
{
    (void)state;
    uint32_t stack = ms_store_stack(&store, 0x1234, 0);

    ms_store_allocation(writer, UINT64_C(1) << MS_ADDRESS_BITS, 8, stack,
                        false);
    assert_int_equal(ms_load_relaxed(&store.header->dropped[MS_DROP_ADDRESS]),
                     1);
}

static void put_back_undoes_a_take(void **state)
{
    (void)state;
    uint32_t stack = ms_store_stack(&store, 0x1234, 0);

    ms_store_allocation(writer, BLOCK, 1000, stack, false);
    uint64_t before = ms_load_relaxed(&store.index[BLOCK >> 5]);
    struct ms_taken taken = ms_store_take(writer, BLOCK);
    assert_false(ms_cell_live(ms_load_relaxed(&store.index[BLOCK >> 5])));
    ms_store_put_back(writer, BLOCK, &taken);
    assert_true(ms_load_relaxed(&store.index[BLOCK >> 5]) == before);
    assert_int_equal(ms_load_relaxed(&row_of(BLOCK)->free_count), 0);
}

static void free_by_another_thread_is_booked_in_its_own_row(void **state)
{
    (void)state;
    uint64_t name[2] = {0, 0};
    uint32_t stack = ms_store_stack(&store, 0x1234, 0);
    struct ms_writer *other =
        ms_store_writer_open(&store, 101, name, ms_nobody_is_gone);

    ms_store_allocation(writer, BLOCK, 77, stack, false);
    uint32_t owner = ms_cell_row(ms_load_relaxed(&store.index[BLOCK >> 5]));
    struct ms_taken taken = ms_store_take(other, BLOCK);
    ms_store_deallocation(other, BLOCK, &taken, false);

    assert_int_equal(ms_load_relaxed(&store.rows[owner].free_count), 0);
    uint32_t foreign = ms_load_relaxed(&other->slot->dirty);
    assert_int_not_equal(foreign, 0);
    assert_int_equal(store.rows[foreign].owner, owner);
    assert_int_equal(store.rows[foreign].stack, stack);
    assert_int_equal(store.rows[foreign].size_class, 7);
    assert_int_equal(ms_load_relaxed(&store.rows[foreign].free_bytes), 77);
}

static void block_freed_before_the_next_event_is_temporary(void **state)
{
    (void)state;
    uint32_t stack = ms_store_stack(&store, 0x1234, 0);

    ms_store_allocation(writer, BLOCK, 8, stack, false);
    ms_store_allocation(writer, BLOCK + 64, 8, stack, false);
    struct ms_row *row = row_of(BLOCK);
    struct ms_taken taken = ms_store_take(writer, BLOCK + 64);
    ms_store_deallocation(writer, BLOCK + 64, &taken, false);
    taken = ms_store_take(writer, BLOCK);
    ms_store_deallocation(writer, BLOCK, &taken, false);

    assert_int_equal(ms_load_relaxed(&row->temporary_count), 1);
    assert_int_equal(ms_load_relaxed(&row->free_count), 2);
}

static void same_stack_has_one_node(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= 100000; i++)
        assert_int_not_equal(ms_store_stack(&store, i * 7, 0), 0);
    uint32_t nodes = ms_load_relaxed(&store.header->node_count);
    for (uint64_t i = 1; i <= 100000; i++) {
        uint32_t node = ms_store_stack(&store, i * 7, 0);
        assert_int_equal(store.nodes[node].address, i * 7);
    }
    assert_int_equal(ms_load_relaxed(&store.header->node_count), nodes);
    assert_int_not_equal(ms_store_stack(&store, 7, 1),
                         ms_store_stack(&store, 7, 0));
}

static void module_of_an_address_is_listed_once(void **state)
{
    (void)state;
    uint64_t here = (uintptr_t)&same_stack_has_one_node;
    uint64_t libc = (uintptr_t)&strlen;
    uint32_t a = ms_store_stack(&store, here, 0);
    uint32_t b = ms_store_stack(&store, here + 1, 0);
    uint32_t c = ms_store_stack(&store, libc, 0);

    assert_int_not_equal(store.nodes[a].module, 0);
    assert_int_equal(store.nodes[a].module, store.nodes[b].module);
    assert_int_not_equal(store.nodes[a].module, store.nodes[c].module);
    struct ms_module *m = ms_store_module(&store, store.nodes[a].module);
    assert_true(m->start <= here && here < m->end);
    assert_string_equal(m->path, store.header->exe);
    assert_int_not_equal(m->build_id_bytes, 0);
}

static void peak_is_seen_between_ticks_within_the_bound(void **state)
{
    (void)state;
    uint32_t stack = ms_store_stack(&store, 0x1234, 0);
    uint64_t peak = 0;

    for (int i = 0; i < 100; i++) {
        ms_store_allocation(writer, BLOCK + (uint64_t)i * 8192, 8000, stack,
                            false);
        peak += 8000;
    }
    for (int i = 0; i < 100; i++) {
        uint64_t at = BLOCK + (uint64_t)i * 8192;
        struct ms_taken taken = ms_store_take(writer, at);
        ms_store_deallocation(writer, at, &taken, false);
    }
    uint64_t seen = (uint64_t)ms_load_relaxed(&store.header->posted_peak_bytes);
    assert_in_range(seen, peak - MS_POST_BYTES, peak);
}

static void writer_of_an_ended_thread_serves_the_next(void **state)
{
    (void)state;
    uint64_t name[2] = {0, 0};
    uint32_t before = writer->thread;

    ms_store_writer_close(writer, name);
    struct ms_writer *next =
        ms_store_writer_open(&store, 200, name, everybody_is_gone);
    assert_ptr_equal(next, writer);
    assert_int_not_equal(next->thread, before);
    assert_int_equal(ms_load_relaxed(&ms_store_slot(&store, before)->state),
                     MS_THREAD_ENDED);
}

static void writer_of_a_running_thread_is_left_alone(void **state)
{
    (void)state;
    uint64_t name[2] = {0, 0};

    assert_ptr_not_equal(
        ms_store_writer_open(&store, 200, name, everybody_is_gone), writer);
    ms_store_writer_close(writer, name);
    assert_ptr_not_equal(
        ms_store_writer_open(&store, 201, name, ms_nobody_is_gone), writer);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_store, close_store)
    const struct CMUnitTest tests[] = {
        CASE(allocation_writes_cell_and_row),
        CASE(size_that_does_not_fit_the_cell_stands_in_the_next),
        CASE(free_of_unknown_block_is_counted),
        CASE(block_beyond_the_index_is_dropped_and_counted),
        CASE(put_back_undoes_a_take),
        CASE(free_by_another_thread_is_booked_in_its_own_row),
        CASE(block_freed_before_the_next_event_is_temporary),
        CASE(same_stack_has_one_node),
        CASE(module_of_an_address_is_listed_once),
        CASE(peak_is_seen_between_ticks_within_the_bound),
        CASE(writer_of_an_ended_thread_serves_the_next),
        CASE(writer_of_a_running_thread_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
