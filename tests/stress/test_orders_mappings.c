// SPDX-License-Identifier: MIT
//
// The queue of maps and unmaps: one case per side of its orders, as in
// test_orders, and many threads at once, none of whose events is lost or
// comes twice while the queue is not full.

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mappings.h"
#include "platform/atomics.h"
#include "relay.h"
#include "store/mapping_log.h"

#define THREADS 4u
#define EACH 3000u // all of them fit the queue
#define PLACE UINT64_C(0x700000000)
#define PAGE UINT64_C(4096)

static struct ms_store store;
static struct ms_mappings set;
static int payload; // plain, as what the order publishes

static int open_all(void **state)
{
    (void)state;
    payload = 0;
    set = (struct ms_mappings){0};
    return ms_store_create(&store, MS_BACKEND_CORE);
}

static int close_all(void **state)
{
    (void)state;
    ms_mappings_fini(&set);
    ms_store_destroy(&store);
    return 0;
}

static void note(enum ms_mapping_operation operation, uint64_t page,
                 uint32_t thread)
{
    struct ms_mapping_note n = {
        .operation = operation,
        .address = PLACE + page * PAGE,
        .bytes = PAGE,
        .thread = thread,
    };

    ms_mapping_log_add(&store, &n);
}

static uint64_t read_all(bool last)
{
    return ms_mappings_read(&set, store.header, store.mappings,
                            store.header->mapping_capacity, last);
}

static uint64_t dropped(void)
{
    return ms_load_relaxed(&store.header->dropped[MS_DROP_MAPS]);
}

static void map_one(void)
{
    payload = 4711;
    note(MS_MAPPING_MAP, 0, 1);
}

static void read_one(void)
{
    MS_CHECK(read_all(false) == 0 && set.count == 1);
    MS_CHECK(payload == 4711);
}

static void turn_publishes_the_event(void **state) // M
{
    (void)state;
    MS_RELAY(map_one, read_one);
}

static void read_the_queue(void)
{
    payload = 4712;
    MS_CHECK(read_all(false) == 0);
}

static void map_one_more(void)
{
    note(MS_MAPPING_MAP, 1, 1);
    MS_CHECK(payload == 4712);
}

static void turn_gives_the_entry_back(void **state) // N
{
    (void)state;
    for (uint32_t i = 0; i < MS_MAPPING_CAPACITY; i++)
        note(MS_MAPPING_MAP, 0, 1);
    assert_int_equal(dropped(), 0);
    MS_RELAY(read_the_queue, map_one_more);
    assert_int_equal(dropped(), 0);
}

static void full_queue_counts_a_drop_and_goes_on_later(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < MS_MAPPING_CAPACITY + 3; i++)
        note(MS_MAPPING_MAP, i % 7, 1);
    assert_int_equal(dropped(), 3);
    assert_int_equal(read_all(false), 0);
    assert_int_equal(set.count, 7);
    note(MS_MAPPING_MAP, 8, 1);
    assert_int_equal(dropped(), 3);
    assert_int_equal(read_all(true), 0);
    assert_int_equal(set.count, 8);
}

static void claimed_entry_that_is_never_filled_is_passed_by(void **state)
{
    (void)state;
    ms_add_relaxed(&store.header->mapping_head, 1); // and stopped for good
    note(MS_MAPPING_MAP, 1, 1);
    assert_int_equal(read_all(false), 0);
    assert_int_equal(set.count, 0);
    assert_int_not_equal(set.stuck_ns, 0);
    set.stuck_ns = 1; // long ago
    assert_int_equal(read_all(false), 1);
    assert_int_equal(set.count, 1);
}

static _Atomic uint32_t running;

static void *map_and_unmap(void *argument)
{
    uint32_t thread = *(uint32_t *)argument;

    // Each has pages of its own; every third one stays.
    for (uint64_t i = 0; i < EACH; i++) {
        uint64_t page = (uint64_t)thread * EACH * 2 + 2 * i;
        note(MS_MAPPING_MAP, page, thread);
        if (i % 3 != 0)
            note(MS_MAPPING_UNMAP, page, thread);
    }
    ms_add_relaxed(&running, -1u);
    return NULL;
}

static void no_event_is_lost_or_comes_twice(void **state)
{
    (void)state;
    pthread_t ids[THREADS];
    uint32_t numbers[THREADS];
    uint64_t damaged = 0;

    ms_store_relaxed(&running, THREADS);
    for (uint32_t i = 0; i < THREADS; i++) {
        numbers[i] = i + 1;
        assert_int_equal(
            pthread_create(&ids[i], NULL, map_and_unmap, &numbers[i]), 0);
    }
    while (ms_load_relaxed(&running) != 0)
        damaged += read_all(false);
    for (uint32_t i = 0; i < THREADS; i++)
        pthread_join(ids[i], NULL);
    damaged += read_all(true);
    assert_int_equal(damaged, 0);
    assert_int_equal(dropped(), 0);
    assert_int_equal(set.count, THREADS * ((EACH + 2) / 3));
    assert_int_equal(set.totals.map_count_total, THREADS * EACH);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)
    const struct CMUnitTest tests[] = {
        CASE(turn_publishes_the_event),
        CASE(turn_gives_the_entry_back),
        CASE(full_queue_counts_a_drop_and_goes_on_later),
        CASE(claimed_entry_that_is_never_filled_is_passed_by),
        CASE(no_event_is_lost_or_comes_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
