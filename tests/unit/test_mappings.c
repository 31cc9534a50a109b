// SPDX-License-Identifier: MIT
//
// The set of mapped regions: what each kind of map and unmap leaves.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mappings.h"
#include "seed.h"

#define PAGE UINT64_C(4096)
#define PAGES 256u

static struct ms_mappings set;
static int64_t gained_bytes;
static int gained_regions;

static void count_gain(void *arg, const struct ms_region *region, int64_t bytes,
                       int regions)
{
    (void)arg;
    (void)region;
    gained_bytes += bytes;
    gained_regions += regions;
}

static int begin(void **state)
{
    (void)state;
    gained_bytes = gained_regions = 0;
    set = (struct ms_mappings){.gain = count_gain};
    return 0;
}

static int end(void **state)
{
    (void)state;
    ms_mappings_fini(&set);
    return 0;
}

static void apply(enum ms_mapping_operation operation, uint64_t page,
                  uint64_t pages, uint32_t stack, uint32_t thread)
{
    struct ms_region r = {
        .address = page * PAGE,
        .bytes = pages * PAGE,
        .stack = stack,
        .thread = thread,
        .kind = stack == 9 ? MS_MAPPING_FILE : MS_MAPPING_ANONYMOUS,
        .protection = stack == 9 ? 1 : 3,
    };

    assert_true(ms_mappings_apply(&set, operation, &r));
}

static void is_region(size_t i, uint64_t page, uint64_t pages, uint32_t stack)
{
    assert_true(i < set.count);
    assert_int_equal(set.regions[i].address / PAGE, page);
    assert_int_equal(set.regions[i].bytes / PAGE, pages);
    assert_int_equal(set.regions[i].stack, stack);
}

// What was heard of gains, the totals and the regions agree.
static void adds_up(void)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < set.count; i++) {
        bytes += set.regions[i].bytes;
        if (i > 0)
            assert_true(set.regions[i - 1].address + set.regions[i - 1].bytes <=
                        set.regions[i].address);
    }
    assert_int_equal(set.totals.bytes, bytes);
    assert_int_equal(set.totals.regions, set.count);
    assert_int_equal(gained_bytes, bytes);
    assert_int_equal(gained_regions, set.count);
    assert_true(set.totals.peak_bytes >= bytes);
}

static void unmap_of_a_part_cuts(void **state)
{
    (void)state;
    apply(MS_MAPPING_MAP, 10, 10, 1, 1);
    apply(MS_MAPPING_UNMAP, 5, 6, 0, 1); // and what is not there
    is_region(0, 11, 9, 1);
    apply(MS_MAPPING_UNMAP, 19, 100, 0, 2);
    is_region(0, 11, 8, 1);
    apply(MS_MAPPING_UNMAP, 13, 2, 0, 2);
    is_region(0, 11, 2, 1);
    is_region(1, 15, 4, 1);
    adds_up();
    apply(MS_MAPPING_UNMAP, 0, 100, 0, 2);
    assert_int_equal(set.count, 0);
    assert_int_equal(set.totals.peak_bytes, 10 * PAGE);
    assert_int_equal(set.totals.map_count_total, 2);
    adds_up();
}

static void map_over_another_replaces(void **state)
{
    (void)state;
    apply(MS_MAPPING_MAP, 10, 10, 1, 1);
    apply(MS_MAPPING_MAP, 30, 10, 2, 1);
    apply(MS_MAPPING_MAP, 15, 20, 3, 1);
    is_region(0, 10, 5, 1);
    is_region(1, 15, 20, 3);
    is_region(2, 35, 5, 2);
    adds_up();
}

static void move_keeps_the_kind(void **state)
{
    (void)state;
    apply(MS_MAPPING_MAP, 10, 10, 9, 1);
    apply(MS_MAPPING_UNMAP, 10, 10, 0, 1);
    apply(MS_MAPPING_MAP, 10, 10, 2, 2); // another thread is given the range
    apply(MS_MAPPING_MOVE, 50, 20, 4, 1);
    is_region(0, 10, 10, 2);
    is_region(1, 50, 20, 4);
    assert_int_equal(set.regions[1].kind, MS_MAPPING_FILE);
    assert_int_equal(set.regions[1].protection, 1);
    adds_up();
}

static void refused_unmap_is_taken_back(void **state)
{
    (void)state;
    apply(MS_MAPPING_MAP, 10, 10, 1, 1);
    apply(MS_MAPPING_MAP, 20, 10, 9, 1);
    apply(MS_MAPPING_UNMAP, 12, 12, 0, 1);
    apply(MS_MAPPING_UNMAP, 27, 1, 0, 2);
    apply(MS_MAPPING_RESTORE, 12, 12, 0, 1);
    is_region(0, 10, 2, 1);
    is_region(1, 12, 8, 1);
    is_region(2, 20, 4, 9);
    is_region(3, 24, 3, 9);
    is_region(4, 28, 2, 9);
    apply(MS_MAPPING_RESTORE, 12, 12, 0, 1); // once only
    assert_int_equal(set.count, 5);
    adds_up();
}

static void what_cannot_be_true_is_refused(void **state)
{
    (void)state;
    const struct ms_region bad[] = {
        {.address = 0, .bytes = 0},
        {.address = UINT64_MAX & ~(PAGE - 1), .bytes = 2 * PAGE},
        {.address = PAGE, .bytes = UINT64_MAX & ~(PAGE - 1)},
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(ms_mappings_apply(&set, MS_MAPPING_MAP, &bad[i]));
    assert_false(
        ms_mappings_apply(&set, (enum ms_mapping_operation)7,
                          &(struct ms_region){.address = PAGE, .bytes = PAGE}));
    assert_int_equal(set.count, 0);
}

// Against a plain map of pages.
static void random_maps_leave_what_pages_say(void **state)
{
    (void)state;
    static uint32_t pages[PAGES];
    uint64_t random = ms_seed_of(ms_seed(), 0);

    for (uint32_t i = 0; i < 20000; i++) {
        (void)ms_random(&random);
        uint32_t low = (uint32_t)(random >> 40) % PAGES;
        uint32_t n = 1 + (uint32_t)(random >> 50) % 20;
        bool map = random >> 63;
        if (low + n > PAGES)
            n = PAGES - low;
        apply(map ? MS_MAPPING_MAP : MS_MAPPING_UNMAP, low, n, i + 1, 1);
        for (uint32_t p = low; p < low + n; p++)
            pages[p] = map ? i + 1 : 0;
        uint32_t covered = 0;
        for (size_t r = 0; r < set.count; r++)
            for (uint64_t p = 0; p < set.regions[r].bytes / PAGE; p++) {
                uint64_t at = set.regions[r].address / PAGE + p;
                assert_int_equal(pages[at], set.regions[r].stack);
                covered++;
            }
        for (uint32_t p = 0; p < PAGES; p++)
            covered -= pages[p] != 0;
        assert_int_equal(covered, 0);
    }
    adds_up();
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        CASE(unmap_of_a_part_cuts),
        CASE(map_over_another_replaces),
        CASE(move_keeps_the_kind),
        CASE(refused_unmap_is_taken_back),
        CASE(what_cannot_be_true_is_refused),
        CASE(random_maps_leave_what_pages_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
