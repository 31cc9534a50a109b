// SPDX-License-Identifier: MIT
//
// The heap as sums over rows.

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "model/model.h"
#include "runtime/store.h"

static struct ms_store store;
static struct ms_reader reader;
static struct ms_model model;

static int open_all(void **state)
{
    (void)state;
    if (ms_store_create(&store, MS_BACKEND_CORE) != 0 ||
        ms_reader_open(&reader, dup(store.fd)) != MEMSCOPE_OK ||
        ms_model_init(&model) != MEMSCOPE_OK)
        return -1;
    store.header->thread_count = 4;
    store.header->row_count = 64;
    for (uint64_t i = 0; i < 5; i++) // 1 and 2, 3 and 4: the same innermost
        (void)ms_store_stack(&store, 0x4000 + i / 2, (uint32_t)(i % 2));
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    ms_model_fini(&model);
    ms_reader_close(&reader);
    ms_store_destroy(&store);
    return 0;
}

static struct ms_row *row(uint32_t n, uint32_t stack, uint16_t thread,
                          uint32_t owner, uint8_t size_class)
{
    struct ms_row *r = &store.rows[n];

    r->stack = stack;
    r->thread = thread;
    r->owner = owner;
    r->size_class = size_class;
    return r;
}

static void read_row(uint32_t n)
{
    ms_model_read_own(&model, &reader, n, 7);
}

static void foreign_free_is_the_allocators(void **state)
{
    (void)state;
    struct ms_row *own = row(33, 1, 0, 0, 9);
    struct ms_row *foreign = row(40, 1, 3, 33, 2);

    own->alloc_count = 3;
    own->alloc_bytes = 777;
    foreign->free_count = 1;
    foreign->free_bytes = 300;
    foreign->temporary_count = 1;
    foreign->lifetime_units = 5;
    read_row(40);
    read_row(33);
    assert_int_equal(model.threads[0].free_bytes, 300);
    assert_int_equal(model.threads[0].alloc_bytes, 777);
    assert_int_equal(model.threads[3].free_bytes, 0);
    assert_int_equal(model.threads[3].cross_frees, 1);
    assert_int_equal(model.size_bytes[9], 477); // the owner's class
    assert_int_equal(model.size_blocks[9], 2);
    assert_int_equal(model.size_bytes[2], 0);
    assert_int_equal(model.sites[0].free_bytes, 300);
    assert_int_equal(model.sites[0].lifetime_units, 5);
    assert_int_equal(model.heap.temporary_count_total, 1);
    assert_int_equal(model.sites[0].changed_seq, 7);
}

static void only_the_gain_is_taken(void **state)
{
    (void)state;
    struct ms_row *r = row(33, 1, 0, 0, 9);

    r->alloc_count = 3;
    r->alloc_bytes = 777;
    r->realloc_count = UINT32_MAX;
    read_row(33);
    uint64_t reallocs = model.heap.realloc_count_total;
    read_row(33);
    assert_int_equal(model.heap.alloc_bytes_total, 777);
    r->alloc_count = 4;
    r->alloc_bytes = 810;
    r->realloc_count = 2; // has wrapped
    read_row(33);
    assert_int_equal(model.heap.alloc_bytes_total, 810);
    assert_int_equal(model.heap.alloc_count_total, 4);
    assert_int_equal(model.heap.realloc_count_total - reallocs, 3);
    assert_int_equal(reader.damaged, 0);
}

static void frees_of_no_bucket_are_those_of_the_first(void **state)
{
    (void)state;
    struct ms_row *r = row(33, 1, 0, 0, 9);
    struct ms_row_detail *d = ms_reader_row_detail(&reader, 33);
    const uint64_t *count;

    r->free_count = 5;
    read_row(33);
    assert_int_equal(model.details_seen, 0); // none has lived for a unit
    assert_int_equal(model.sites[0].lifetimes.count[0], 5);

    r->free_count = 8;
    r->lifetime_units = 6;
    d->lifetimes[3] = 1;
    read_row(33);
    count = model.threads[0].lifetimes.count;
    assert_int_equal(count[0], 7);
    assert_int_equal(count[3], 1);

    // Two more lifetimes are seen than frees, which come later.
    r->free_count = 9;
    r->lifetime_units = 18;
    d->lifetimes[3] = 4;
    read_row(33);
    assert_int_equal(count[0], 7);
    assert_int_equal(count[3], 4);
    r->free_count = 14;
    read_row(33);
    assert_int_equal(count[0], 10);
    assert_int_equal(model.lifetimes.count[0], 10);
    assert_int_equal(model.heap.free_count_total, 14);
}

static void the_sample_counts_in_every_bucket(void **state)
{
    (void)state;
    struct ms_row *r = row(33, 1, 0, 0, 9);

    r->sampling = 1;
    r->free_count = 5 << MS_COUNT_SHIFT;
    ms_reader_row_detail(&reader, 33)->lifetimes[0] = 4;
    read_row(33);
    assert_int_equal(model.threads[0].lifetimes.count[0], 4);
}

static void stacks_of_one_address_are_one_site(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        row(33 + i, i + 2, 0, 0, 5)->alloc_bytes = 100 + i;
        read_row(33 + i);
    }
    assert_int_equal(model.site_count, 2);
    assert_int_equal(model.sites[0].alloc_bytes, 201);
    assert_int_equal(model.sites[1].alloc_bytes, 205);
    assert_int_equal(ms_model_site(&model, &reader, 7), 0); // no such node
    assert_int_equal(ms_model_site(&model, &reader, 0), 0);
}

static void stacks_are_apart_and_add_up_to_their_site(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        struct ms_row *r = row(33 + i, i + 2, 0, 0, 5);
        r->alloc_bytes = 100 + i;
        r->free_bytes = i;
        r->realloc_count = 1;
        r->temporary_count = 2;
        r->lifetime_units = 3;
        read_row(33 + i);
    }
    assert_int_equal(model.stacks.count, 4);
    for (uint32_t i = 0; i < 4; i++) {
        struct ms_stack_sums *s = ms_stack_table_at(&model.stacks, i);
        assert_int_equal(s->node, i + 2);
        assert_int_equal(s->site, i / 2);
        assert_int_equal(s->alloc_bytes, 100 + i);
        assert_int_equal(s->free_bytes, i);
        assert_int_equal(s->realloc_count, 1);
        assert_int_equal(s->temporary_count, 2);
        assert_int_equal(s->lifetime_units, 3);
    }
    assert_int_equal(ms_model_known_site(&model, 5), 2);
    assert_int_equal(ms_model_known_site(&model, 6), 0);
}

static void changed_stacks_come_first(void **state)
{
    (void)state;
    struct ms_row *r[4];

    for (uint32_t i = 0; i < 4; i++) {
        r[i] = row(33 + i, i + 2, 0, 0, 5);
        r[i]->alloc_bytes = 1;
        read_row(33 + i);
    }
    r[1]->alloc_bytes = 2;
    ms_model_read_own(&model, &reader, 34, 8);
    ms_model_read_own(&model, &reader, 33, 8); // nothing has changed
    assert_int_equal(model.stacks.newest, 2);
    assert_int_equal(ms_stack_table_at(&model.stacks, 1)->changed_seq, 8);
    assert_int_equal(ms_stack_table_at(&model.stacks, 1)->older, 4);
    assert_int_equal(ms_stack_table_at(&model.stacks, 0)->changed_seq, 7);
    assert_int_equal(model.stacks.oldest, 1);
    assert_int_equal(ms_stack_table_at(&model.stacks, 2)->older, 1);
}

static void rates_are_of_the_last_second(void **state)
{
    (void)state;
    struct ms_row *r = row(33, 1, 0, 0, 9);

    r->alloc_count = 30;
    r->alloc_bytes = 3300;
    read_row(33);
    ms_model_second(&model, 1.5, 8);
    assert_true(model.sites[0].alloc_rate == 20);
    assert_true(model.threads[0].bytes_rate == 2200);
    ms_model_second(&model, 1, 9); // nothing more: it stopped, and is told
    assert_true(model.sites[0].alloc_rate == 0);
    assert_int_equal(model.sites[0].changed_seq, 9);
    ms_model_second(&model, 1, 10); // and no more than once
    assert_int_equal(model.sites[0].changed_seq, 9);
    assert_true(model.threads[0].bytes_rate == 0);
}

static void trend_is_a_ring(void **state)
{
    (void)state;
    struct ms_row *r = row(33, 1, 0, 0, 9);

    read_row(33);
    for (uint32_t i = 1; i <= MS_TREND_POINTS + 3; i++) {
        r->alloc_bytes = i * 11;
        read_row(33);
        ms_model_trend(&model, i);
    }
    assert_int_equal(model.trend_head, 3);
    assert_true(model.sites[0].trend[2] == (MS_TREND_POINTS + 3) * 11);
    assert_true(model.sites[0].trend[3] == 4 * 11);
    // A flat line that fills the ring does not change the picture.
    for (uint32_t i = 0; i < MS_TREND_POINTS; i++)
        ms_model_trend(&model, 100);
    ms_model_trend(&model, 101);
    assert_int_equal(model.sites[0].changed_seq, 100);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)
    const struct CMUnitTest tests[] = {
        CASE(foreign_free_is_the_allocators),
        CASE(only_the_gain_is_taken),
        CASE(frees_of_no_bucket_are_those_of_the_first),
        CASE(the_sample_counts_in_every_bucket),
        CASE(stacks_of_one_address_are_one_site),
        CASE(stacks_are_apart_and_add_up_to_their_site),
        CASE(changed_stacks_come_first),
        CASE(rates_are_of_the_last_second),
        CASE(trend_is_a_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
