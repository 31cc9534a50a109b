// SPDX-License-Identifier: MIT
//
// A thread's own table of rows.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/row_map.h"

static void keys_are_found_again_after_growth(void **state)
{
    (void)state;
    struct ms_row_map map;

    ms_row_map_init(&map);
    for (uint32_t i = 1; i <= 9001; i++) {
        assert_int_equal(ms_row_map_get(&map, i * 77), 0);
        assert_true(ms_row_map_put(&map, i * 77, i + 5));
    }
    for (uint32_t i = 1; i <= 9001; i++)
        assert_int_equal(ms_row_map_get(&map, i * 77), i + 5);
    assert_true(map.used * 2 <= map.mask + 1);
    assert_int_equal(ms_row_map_get(&map, 78), 0);
    ms_row_map_clear(&map);
    assert_int_equal(ms_row_map_get(&map, 77), 0);
    assert_ptr_equal(map.entries, map.first);
}

static void keys_that_meet_are_told_apart(void **state)
{
    (void)state;
    struct ms_row_map map;
    uint32_t keys[20], count = 0;

    ms_row_map_init(&map);
    for (uint32_t k = 1; count < 20; k++) // all would begin in the last slot
        if (ms_row_map_place(&map, k) == map.mask)
            keys[count++] = k;
    for (uint32_t i = 0; i < 20; i++)
        assert_true(ms_row_map_put(&map, keys[i], 100 + i));
    for (uint32_t i = 0; i < 20; i++)
        assert_int_equal(ms_row_map_get(&map, keys[i]), 100 + i);
    ms_row_map_clear(&map);
}

// Neighbours share a line, but not all their size classes.
static void many_size_classes_are_found_soon(void **state)
{
    (void)state;
    struct ms_row_map map;
    uint32_t furthest = 0;

    ms_row_map_init(&map);
    for (uint32_t stack = 800; stack < 808; stack++)
        for (uint32_t class = 0; class < 40; class ++)
            assert_true(ms_row_map_put(&map, stack | class << 24, 1));
    for (uint32_t i = 0; i <= map.mask; i++)
        if (map.entries[i].key != 0) {
            uint32_t from = ms_row_map_place(&map, map.entries[i].key);
            uint32_t away = (i - from) & map.mask;
            furthest = away > furthest ? away : furthest;
        }
    assert_in_range(furthest, 0, 100); // of 320
    ms_row_map_clear(&map);
}

// A list that grows has its size classes by turns; none of them is another's.
static void hints_are_of_their_size_class(void **state)
{
    (void)state;
    struct ms_row_hint hint = {0};

    for (uint32_t class = 0; class < 48; class ++)
        assert_int_equal(ms_row_hint_for(&hint, class), 0);
    for (uint32_t class = 4; class < 4 + MS_ROW_HINTS; class ++)
        ms_row_hint_keep(&hint, class, 0xFFFFF0 + class);
    for (uint32_t class = 4; class < 4 + MS_ROW_HINTS; class ++)
        assert_int_equal(ms_row_hint_for(&hint, class), 0xFFFFF0 + class);
    for (uint32_t class = 4 + MS_ROW_HINTS; class < 48; class ++)
        assert_int_equal(ms_row_hint_for(&hint, class), 0);
    ms_row_hint_keep(&hint, 4 + MS_ROW_HINTS, 7);
    assert_int_equal(ms_row_hint_for(&hint, 4), 0);
    assert_int_equal(ms_row_hint_for(&hint, 4 + MS_ROW_HINTS), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_found_again_after_growth),
        cmocka_unit_test(keys_that_meet_are_told_apart),
        cmocka_unit_test(many_size_classes_are_found_soon),
        cmocka_unit_test(hints_are_of_their_size_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
