// SPDX-License-Identifier: MIT
//
// Writers, recorders and the stack table at their limits.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "open_writer.h"
#include "platform/atomics.h"
#include "runtime/store.h"
#include "store/ledger.h"

#define BLOCK UINT64_C(0x700001000)

static struct ms_store store;
static const uint64_t no_name[2];

static bool only_101_is_gone(uint32_t tid)
{
    return tid == 101;
}

static int open_store(void **state)
{
    (void)state;
    return ms_store_create(&store, MS_BACKEND_CORE);
}

static int close_store(void **state)
{
    (void)state;
    ms_store_destroy(&store);
    return 0;
}

static uint64_t drops(enum ms_drop_kind kind)
{
    return ms_load_relaxed(&store.header->dropped[kind]);
}

static void thread_beyond_the_last_slot_is_counted(void **state)
{
    (void)state;
    store.header->thread_count = MS_THREAD_CAPACITY - 1;
    struct ms_writer *last = ms_open_writer(&store, 101);
    assert_int_equal(last->thread, MS_THREAD_CAPACITY - 1);
    assert_null(ms_open_writer(&store, 102));
    assert_int_equal(drops(MS_DROP_THREADS), 1);
    assert_int_equal(store.header->thread_count, MS_THREAD_CAPACITY);
}

static void full_stack_table_is_counted(void **state)
{
    (void)state;
    store.header->node_count = MS_NODE_CAPACITY - 1;
    uint32_t last = ms_store_stack(&store, 0x1111, 0);
    assert_int_equal(last, MS_NODE_CAPACITY - 1);
    assert_int_equal(ms_store_stack(&store, 0x2222, 0), 0);
    assert_int_equal(drops(MS_DROP_STACKS), 1);
    assert_int_equal(ms_store_stack(&store, 0x1111, 0), last);
}

static void full_ledger_is_counted(void **state)
{
    (void)state;
    uint32_t stack = ms_store_stack(&store, 0x1111, 0);
    struct ms_writer *w = ms_open_writer(&store, 101);

    store.header->row_count = MS_ROW_CAPACITY;
    ms_store_allocation(w, BLOCK, 77, stack, false);
    assert_int_equal(drops(MS_DROP_ROWS), 1);
    struct ms_taken taken = ms_store_take(w, BLOCK);
    assert_true(taken.cell == 0);
}

// That of the group of a live block's row.
static uint32_t mark_of(const struct ms_writer *w, uint64_t address)
{
    return ms_ledger_group_mark(
        w, ms_load_relaxed(&store.index[address >> MS_GRANULE_SHIFT]));
}

static void only_exact_rows_are_of_a_marked_group(void **state)
{
    (void)state;
    uint32_t stack = ms_store_stack(&store, 0x1111, 0);
    struct ms_writer *w = ms_open_writer(&store, 101);

    assert_int_equal(mark_of(w, BLOCK), 0); // of no block
    for (uint64_t i = 0; i < 5; i++) {
        w->level = i % 2; // a sampled row between two exact ones
        ms_store_allocation(w, BLOCK + 64 * i, 1u << 2 * i, stack, false);
        assert_int_equal(mark_of(w, BLOCK + 64 * i), i % 2 != 0 ? 0 : w->mark);
    }
}

static void taken_over_writer_begins_anew(void **state)
{
    (void)state;
    uint32_t stack = ms_store_stack(&store, 0x1111, 0);
    struct ms_writer *w = ms_open_writer(&store, 101);
    ms_store_allocation(w, BLOCK, 77, stack, false);
    uint32_t row = ms_load_relaxed(&w->slot->dirty);
    ms_store_writer_close(w, no_name);

    struct ms_writer *next =
        ms_store_writer_open(&store, 102, no_name, only_101_is_gone);
    assert_ptr_equal(next, w);
    assert_int_equal(next->slot->recorded, 0);
    ms_store_allocation(next, BLOCK + 64, 77, stack, false);
    uint32_t other = ms_load_relaxed(&next->slot->dirty);
    assert_int_not_equal(row, other);
    assert_int_equal(store.rows[other].thread, 1);
    // What each thread frees says by its group whose it is.
    assert_true(mark_of(next, BLOCK) == 1 && mark_of(next, BLOCK + 64) == 2);
    assert_true(next->mark == 2);
    assert_int_equal(ms_load_relaxed(&store.rows[row].alloc_count), 1);
    // One that never said that it ended, and one that still runs, keep theirs.
    assert_ptr_not_equal(
        ms_store_writer_open(&store, 103, no_name, only_101_is_gone), w);
}

static void place_given_anew_closes_what_lived_there(void **state)
{
    (void)state;
    uint32_t stack = ms_store_stack(&store, 0x1111, 0);
    struct ms_writer *w = ms_open_writer(&store, 101);
    struct ms_writer *other = ms_open_writer(&store, 102);

    // Its free was not seen; then the allocator gives the place to another.
    ms_store_allocation(w, BLOCK, 77, stack, false);
    ms_store_allocation(w, BLOCK, 1000, stack, false);
    const struct ms_row *first = &store.rows[MS_ROW_CHUNK];
    assert_int_equal(ms_load_relaxed(&first->alloc_bytes), 77);
    assert_int_equal(ms_load_relaxed(&first->free_count), 1);
    assert_int_equal(ms_load_relaxed(&first->free_bytes), 77);
    // Another thread books such a free in a row of its own.
    ms_store_allocation(other, BLOCK, 5, stack, false);
    uint32_t foreign = ms_load_relaxed(&other->slot->dirty);
    while (store.rows[foreign].owner == 0)
        foreign = ms_load_relaxed(&store.rows[foreign].next_dirty);
    assert_int_equal(ms_load_relaxed(&store.rows[foreign].free_bytes), 1000);
    struct ms_taken taken = ms_store_take(other, BLOCK);
    assert_int_equal(taken.size, 5);
}

static void recorder_keeps_the_last_events(void **state)
{
    (void)state;
    uint32_t stack = ms_store_stack(&store, 0x1111, 0);
    struct ms_writer *w = ms_open_writer(&store, 101);
    uint64_t mask = (UINT64_C(1) << 47) - 1;
    const uint64_t events = MS_RECORDER_EVENTS + 7;

    for (uint64_t i = 0; i < events; i++)
        ms_store_allocation(w, BLOCK + i * 96, 33, stack, i % 2 == 1);
    assert_int_equal(ms_load_relaxed(&w->slot->recorded), events);
    uint64_t newest = ms_load_relaxed(&w->events[6].what);
    uint64_t oldest = ms_load_relaxed(&w->events[7].what);
    assert_int_equal(newest & mask, BLOCK + (events - 1) * 96);
    assert_int_equal(newest >> 47 & 31, MS_OPERATION_ALLOCATION);
    assert_int_equal(oldest & mask, BLOCK + 7 * 96);
    assert_int_equal(oldest >> 47 & 31, MS_OPERATION_REALLOCATION);
    assert_int_equal(ms_cell_row(ms_load_relaxed(&w->events[6].where)),
                     ms_load_relaxed(&w->slot->dirty));
}

// One event in so many is measured; the few before it practise, and say
// nothing of how often the clock is to be read.
static void an_event_is_measured_after_some_practice(void **state)
{
    struct ms_writer *w = ms_open_writer(&store, 1);
    uint64_t events = 0, last_ones = 0, run = 0, measured = 0, before = 0;

    (void)state;
    for (; measured < 3 && events < 1000000; events++) {
        bool practises = w->practice != 0;
        uint32_t stretch = w->stretch;
        w->timed_ns = 0;
        // relaxed: there is no other thread
        ms_writer_now(w);
        if (practises)
            assert_int_equal(w->stretch, stretch);
        last_ones = w->countdown == 0 ? last_ones + 1 : 0;
        if (w->timed_ns == 0) {
            run = last_ones;
            continue;
        }
        // One to which the countdown came, and four.
        assert_int_equal(run, 5);
        assert_int_equal(w->countdown, w->stretch);
        assert_true(measured == 0 || events - before >= 64 * MS_CLOCK_EVENTS);
        assert_true(events - before <= 65 * (MS_CLOCK_EVENTS_MOST + 1) + 5);
        before = events;
        measured++;
    }
    assert_int_equal(measured, 3);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_store, close_store)
    const struct CMUnitTest tests[] = {
        CASE(thread_beyond_the_last_slot_is_counted),
        CASE(full_stack_table_is_counted),
        CASE(full_ledger_is_counted),
        CASE(taken_over_writer_begins_anew),
        CASE(only_exact_rows_are_of_a_marked_group),
        CASE(place_given_anew_closes_what_lived_there),
        CASE(recorder_keeps_the_last_events),
        CASE(an_event_is_measured_after_some_practice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
