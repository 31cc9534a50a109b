// SPDX-License-Identifier: MIT
//
// Capture by sampling: what the sample stands for is what was allocated, as
// often as the shown error says, in runs with different seeds.

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_engine.h"
#include "open_writer.h"
#include "platform/atomics.h"
#include "platform/memory.h"
#include "runtime/control.h"
#include "runtime/store.h"
#include "store/fold.h"
#include "store/sampled.h"

#define RUNS 50
#define BLOCKS 160000u
#define FREED 4u // every one but each so-many-th is freed again
#define FIRST UINT64_C(0x10000000)
#define APART 64u

static void weights_are_what_the_odds_say(void **state)
{
    (void)state;
    for (uint32_t shift = 6; shift <= 30; shift += 4)
        for (uint64_t size = 0; size < UINT64_C(1) << 34; size = size * 3 + 1) {
            double bytes = size != 0 ? (double)size : 1;
            double p = -expm1(-bytes / ldexp(1, (int)shift));
            struct ms_weight w = ms_sampler_weight(shift, size);
            assert_true(fabs((double)w.count / 65536 * p - 1) < 2e-5);
            assert_true(fabs((double)w.bytes - (double)size / p) <= 1 ||
                        fabs((double)w.bytes * p / (double)size - 1) < 1e-9);
        }
}

// The distances between points are exponential: mean, and share beyond it.
static void points_are_a_poisson_process(void **state)
{
    (void)state;
    struct ms_sampler s;
    const int draws = 200000;
    double sum = 0, squares = 0;
    int beyond = 0;

    ms_sampler_seed(&s, 7);
    ms_sampler_set(&s, 16);
    for (int i = 0; i < draws; i++) {
        ms_sampler_draw(&s);
        double x = ((double)s.until - 0.5) / 65536;
        sum += x;
        squares += x * x;
        beyond += x > 3;
    }
    assert_true(fabs(sum / draws - 1) < 0.01);
    assert_true(fabs(squares / draws - 2) < 0.05); // variance 1, mean 1
    assert_true(fabs((double)beyond / draws - exp(-3)) < 0.003);
}

// What is asked for before it is given may be of any size.
static void what_passes_is_short_of_the_next_point(void **state)
{
    (void)state;
    struct ms_sampler s = {.until = 100};

    assert_true(ms_sampler_passes(&s, 0)); // counts as one byte
    assert_int_equal(s.until, 99);
    assert_false(ms_sampler_passes(&s, 99));
    assert_false(ms_sampler_passes(&s, SIZE_MAX));
    assert_false(ms_sampler_passes(&s, (size_t)INT64_MIN));
    assert_int_equal(s.until, 99);
    assert_true(ms_sampler_passes(&s, 98));
    assert_false(ms_sampler_passes(&s, 0));
    assert_int_equal(s.until, 1);
}

static uint64_t size_of(uint32_t block, uint64_t seed)
{
    static const uint64_t sizes[] = {16,  24,   32,   48,   100,
                                     256, 1000, 5000, 70000};

    return sizes[(block * UINT64_C(2654435761) + seed * 97) >> 7 & 7] +
           (block % 1000 == 0 ? sizes[8] : 0);
}

struct outcome {
    double bytes, blocks;               // estimate / truth
    bool bytes_covered, blocks_covered; // by the shown error
    double total; // of all bytes ever allocated, estimate / truth
};

static void play(struct ms_writer *w, uint64_t seed, uint64_t *bytes,
                 uint64_t *blocks, uint64_t *all)
{
    for (uint32_t i = 0; i < BLOCKS; i++) {
        uint64_t address = FIRST + (uint64_t)i * APART, size = size_of(i, seed);
        uint32_t stack = ms_store_stack(w->store, 0x1000 + i % 50, 0);
        ms_writer_now(w);
        *all += size;
        if (ms_sampler_takes(&w->sampler, size))
            ms_fold_sampled(w, address, size, stack, false);
        if (i % FREED != 0) {
            struct ms_taken taken = {0};
            if (ms_filter_has(w, address))
                taken = ms_fold_take(w, address);
            if (taken.cell != 0)
                ms_fold_deallocation(w, address, &taken, false);
            continue;
        }
        *bytes += size;
        *blocks += 1;
    }
}

static struct outcome run(uint64_t seed)
{
    struct ms_store store;
    struct ms_session *s;
    uint64_t bytes = 0, blocks = 0, all = 0;

    assert_int_equal(ms_store_create(&store, MS_BACKEND_UNIFIED), 0);
    ms_control_set(store.header, MS_MODE_SAMPLED, 8192);
    store.filter = ms_memory_map_wiped(MS_FILTER_BYTES);
    struct ms_writer *w = ms_open_writer(&store, 100);
    ms_sampler_seed(&w->sampler, seed);
    ms_sampler_draw(&w->sampler);
    struct ms_engine *e = ms_fake_engine(dup(store.fd), &s);
    (void)ms_session_tick(s);
    play(w, seed, &bytes, &blocks, &all);
    (void)ms_session_tick(s);
    struct ms_stats *now = &s->stats[s->seq % MS_STATS_KEPT];
    assert_string_equal(now->capture.mode, "sampled");
    assert_int_equal(now->capture.interval, 8192);
    assert_int_equal(now->capture.unknown_frees, 0);
    struct ms_heap_totals *h = &now->heap;
    struct outcome o = {
        .bytes = (double)h->live_bytes / (double)bytes,
        .blocks = (double)h->live_blocks / (double)blocks,
        .total = (double)h->alloc_bytes_total / (double)all,
        .bytes_covered = llabs((long long)(h->live_bytes - bytes)) <=
                         (long long)h->live_bytes_error,
        .blocks_covered = llabs((long long)(h->live_blocks - blocks)) <=
                          (long long)h->live_blocks_error,
    };
    ms_fake_engine_destroy(e);
    ms_store_destroy(&store);
    return o;
}

static void estimates_are_true_on_average(void **state)
{
    (void)state;
    double bytes = 0, blocks = 0, total = 0;
    int bytes_covered = 0, blocks_covered = 0;

    for (uint64_t seed = 1; seed <= RUNS; seed++) {
        struct outcome o = run(seed);
        bytes += o.bytes / RUNS;
        blocks += o.blocks / RUNS;
        total += o.total / RUNS;
        bytes_covered += o.bytes_covered;
        blocks_covered += o.blocks_covered;
    }
    printf("mean of estimate / truth over %d runs: live bytes %.4f, live "
           "blocks %.4f, bytes in all %.4f; covered by the error of 95 %%: "
           "bytes %d, blocks %d\n",
           RUNS, bytes, blocks, total, bytes_covered, blocks_covered);
    assert_true(fabs(bytes - 1) < 0.02);
    assert_true(fabs(total - 1) < 0.02);
    assert_true(fabs(blocks - 1) < 0.02);
    // 95 of 100 are expected: fewer than 44 of 50 in 1 of 40 cases.
    assert_in_range(bytes_covered, 43, RUNS);
    assert_in_range(blocks_covered, 43, RUNS);
}

static void a_program_has_three_intervals_at_most(void **state)
{
    (void)state;
    struct ms_segment_header h = {0};

    assert_int_equal(ms_control_set(&h, MS_MODE_SAMPLED, 1000), 1024);
    assert_int_equal(ms_control_set(&h, MS_MODE_SAMPLED, 1 << 16), 1 << 16);
    assert_int_equal(ms_control_set(&h, MS_MODE_EXACT, 0), 0);
    assert_int_equal(ms_control_set(&h, MS_MODE_SAMPLED, 1 << 20), 1 << 20);
    assert_int_equal(ms_control_set(&h, MS_MODE_SAMPLED, 1 << 19), 1 << 20);
    assert_int_equal(ms_control_set(&h, MS_MODE_SAMPLED, 1), 1024);
    assert_int_equal(ms_control_set(&h, MS_MODE_OFF, 0), 0);
    uint32_t control = (uint32_t)h.pulse;
    assert_int_equal(ms_control_mode(control), MS_MODE_OFF);
    assert_true(control & MS_CONTROL_WAS_EXACT);
    assert_true(control & MS_CONTROL_WAS_OFF);
    assert_int_equal(h.pulse >> 32, 0);
}

// Ticks alone measure nothing: their first event is no example of the others.
static void events_are_measured_by_their_number(void **state)
{
    (void)state;
    struct ms_store store;

    assert_int_equal(ms_store_create(&store, MS_BACKEND_UNIFIED), 0);
    struct ms_writer *w = ms_open_writer(&store, 100);
    for (int tick = 0; tick < 1000; tick++) {
        ms_add_relaxed(&store.header->pulse, MS_PULSE_TICK);
        for (uint32_t i = 0; i < MS_CLOCK_EVENTS / 2; i++) {
            ms_writer_now(w);
            assert_true(w->timed_ns == 0);
        }
    }
    for (uint32_t i = 0; i <= MS_CLOCK_EVENTS_MOST && w->timed_ns == 0; i++)
        ms_writer_now(w);
    assert_int_not_equal(w->timed_ns, 0);
    ms_store_destroy(&store);
}

static void modes_are_read_from_text(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "Exact",
                                        "sampled=",
                                        "sampled=0",
                                        "sampled=x",
                                        "sampled=1KB",
                                        "sampled=-1",
                                        "sampled=99999999999999999999",
                                        "sampled=65G",
                                        "offf"};
    enum ms_mode mode;
    uint64_t interval = 1;

    assert_true(ms_control_parse("sampled", &mode, &interval));
    assert_int_equal(interval, MS_INTERVAL_DEFAULT);
    assert_true(ms_control_parse("sampled=64k", &mode, &interval));
    assert_int_equal(interval, 65536);
    assert_true(ms_control_parse("sampled=64G", &mode, &interval));
    assert_int_equal(interval, UINT64_C(1) << 36);
    assert_true(ms_control_parse("off", &mode, &interval));
    assert_int_equal(mode, MS_MODE_OFF);
    assert_true(ms_control_parse("exact", &mode, &interval));
    assert_int_equal(mode, MS_MODE_EXACT);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(ms_control_parse(wrong[i], &mode, &interval));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_are_what_the_odds_say),
        cmocka_unit_test(points_are_a_poisson_process),
        cmocka_unit_test(what_passes_is_short_of_the_next_point),
        cmocka_unit_test(estimates_are_true_on_average),
        cmocka_unit_test(a_program_has_three_intervals_at_most),
        cmocka_unit_test(events_are_measured_by_their_number),
        cmocka_unit_test(modes_are_read_from_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
