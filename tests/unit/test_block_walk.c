// SPDX-License-Identifier: MIT
//
// The live index, read block by block.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_engine.h"
#include "platform/atomics.h"
#include "runtime/cell.h"
#include "runtime/store.h"

static struct ms_store store;
static struct ms_writer *writer;
static struct ms_session *session;
static struct ms_engine *engine;
static uint32_t stack;

static int open_all(void **state)
{
    (void)state;
    if (!ms_fake_program(&store, &writer, &engine, &session))
        return -1;
    stack = ms_store_stack(&store, 0x4711, 0);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    ms_fake_program_end(&store, engine);
    return 0;
}

static void put(uint64_t address, uint64_t size)
{
    ms_store_allocation(writer, address, size, stack, false);
}

// Walks in steps of `step` blocks.
static size_t walk(struct ms_block *blocks, size_t room, size_t step)
{
    struct ms_block_walk *w;
    size_t count = 0, n;

    assert_int_equal(ms_block_walk_create(engine, 1, &w), MEMSCOPE_OK);
    do {
        n = ms_block_walk_next(w, blocks + count,
                               step < room - count ? step : room - count);
        count += n;
    } while (n != 0 && count < room);
    ms_block_walk_destroy(w);
    return count;
}

static void blocks_far_apart_come_in_order(void **state)
{
    (void)state;
    const uint64_t at[] = {0x10000, 0x10020, 0x10050, 0x700001010, 0x900000000};
    const uint64_t size[] = {0, 1, 62, 63, UINT64_C(1) << 40};
    struct ms_block blocks[16];

    for (size_t i = 5; i-- > 0;)
        put(at[i], size[i]);
    (void)ms_session_tick(session);
    for (size_t step = 1; step <= 16; step += 5) {
        assert_int_equal(walk(blocks, 16, step), 5);
        for (size_t i = 0; i < 5; i++) {
            assert_int_equal(blocks[i].address, at[i]);
            assert_int_equal(blocks[i].size, size[i]);
            assert_int_equal(blocks[i].thread, 1);
            assert_int_equal(blocks[i].site, 1);
        }
    }
}

static void size_may_stand_in_the_next_window(void **state)
{
    (void)state;
    struct ms_block blocks[8];
    // Windows are 16 MiB of cells long and begin where the data do.
    uint64_t window = (UINT64_C(1) << 24) / 8 * 32;
    uint64_t first = 0x100000000;
    uint64_t pages = 4096 / 8 * 32;

    for (uint64_t a = first; a <= first + window; a += pages)
        put(a, 5); // one populated part from end to end
    put(first + window - 32, 70077);
    struct ms_block_walk *w;
    size_t seen = 0, n, big = 0;
    assert_int_equal(ms_block_walk_create(engine, 1, &w), MEMSCOPE_OK);
    while ((n = ms_block_walk_next(w, blocks, 8)) != 0)
        for (size_t i = 0; i < n; i++) {
            seen++;
            big += blocks[i].size == 70077 &&
                   blocks[i].address == first + window - 32;
        }
    ms_block_walk_destroy(w);
    assert_int_equal(big, 1);
    assert_int_equal(seen, window / pages + 1 + 1 - 1);
}

static void freed_blocks_are_not_there(void **state)
{
    (void)state;
    struct ms_block blocks[4];

    put(0x10000, 777);
    put(0x20000, 33);
    struct ms_taken taken = ms_store_take(writer, 0x10000);
    ms_store_deallocation(writer, 0x10000, &taken, false);
    assert_int_equal(walk(blocks, 4, 4), 1);
    assert_int_equal(blocks[0].size, 33);
}

static void cell_of_no_row_is_damage(void **state)
{
    (void)state;
    struct ms_block blocks[4];

    store.index[77] = ms_cell_pack(77 * 32, 0xffffff, 9, 1);
    store.index[99] = ms_cell_pack(99 * 32, 32, 500, 1); // and no size
    store.index[100] = MS_CELL_LIVE;
    uint64_t before = session->reader.damaged;
    assert_in_range(walk(blocks, 4, 4), 1, 2);
    assert_int_equal(blocks[0].site, 0);
    assert_true(session->reader.damaged > before);
}

static void walk_of_no_session_is_refused(void **state)
{
    (void)state;
    struct ms_block_walk *w;

    assert_int_equal(ms_block_walk_create(engine, 7, &w),
                     MEMSCOPE_ERROR_NOT_FOUND);
    assert_null(w);
    ms_block_walk_destroy(NULL);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)
    const struct CMUnitTest tests[] = {
        CASE(blocks_far_apart_come_in_order),
        CASE(size_may_stand_in_the_next_window),
        CASE(freed_blocks_are_not_there),
        CASE(cell_of_no_row_is_damage),
        CASE(walk_of_no_session_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
