// SPDX-License-Identifier: MIT
//
// The past: what is drawn of a moment is what was published then, also when
// its frames have been merged, and it takes no more than its budget.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/moment.h"
#include "fake_engine.h"
#include "open_writer.h"
#include "runtime/store.h"
#include "seed.h"

#define TICKS 60u
#define STACKS 12u
#define BLOCKS 64u
#define LOCAL_STACKS 40u

static struct ms_store store;
static struct ms_writer *writers[3];
static struct ms_session *session;
static struct ms_engine *engine;
static uint64_t random_state;

static int open_all(void **state)
{
    (void)state;
    if (ms_store_create(&store, MS_BACKEND_CORE) != 0)
        return -1;
    for (unsigned i = 0; i < 3; i++)
        writers[i] = ms_open_writer(&store, 101 + i);
    engine = ms_fake_engine(dup(store.fd), &session);
    return engine == NULL ? -1 : 0;
}

static int close_all(void **state)
{
    (void)state;
    ms_fake_engine_destroy(engine);
    ms_store_destroy(&store);
    return 0;
}

// What was published at a tick.
struct published {
    struct ms_stats stats;
    struct ms_histograms histograms;
    struct ms_site_row *sites;
    struct ms_thread_row *threads;
    struct ms_stack_row *stacks;
    size_t site_count, thread_count, stack_count;
};

static void record(struct published *out)
{
    uint64_t seq;

    assert_int_equal(ms_engine_stats(engine, 0, 0, &out->stats), MEMSCOPE_OK);
    assert_int_equal(ms_engine_histograms(engine, 0, &out->histograms),
                     MEMSCOPE_OK);
    assert_int_equal(
        ms_engine_sites(engine, 0, 0, &out->sites, &out->site_count, &seq),
        MEMSCOPE_OK);
    assert_int_equal(ms_engine_threads(engine, 0, 0, &out->threads,
                                       &out->thread_count, &seq),
                     MEMSCOPE_OK);
    assert_int_equal(ms_engine_stack_rows(engine, 0, 0, &out->stacks,
                                          &out->stack_count, &seq),
                     MEMSCOPE_OK);
}

#define SAME(a, b, field) assert_int_equal((a)->field, (b)->field)

static void same_sites(const struct published *p,
                       const struct ms_past_picture *q)
{
    assert_int_equal(p->site_count, q->site_count);
    for (size_t i = 0; i < p->site_count; i++) {
        const struct ms_site_row *a = &p->sites[i], *b = &q->sites[i];
        SAME(a, b, id);
        SAME(a, b, address);
        SAME(a, b, live_bytes);
        SAME(a, b, live_blocks);
        SAME(a, b, alloc_bytes);
        SAME(a, b, alloc_count);
        SAME(a, b, free_bytes);
        SAME(a, b, free_count);
        SAME(a, b, realloc_count);
        SAME(a, b, temporary_count);
        if (a->free_count != 0)
            assert_true(a->mean_lifetime_ns == b->mean_lifetime_ns);
    }
}

static void same_threads(const struct published *p,
                         const struct ms_past_picture *q)
{
    assert_int_equal(p->thread_count, q->thread_count);
    for (size_t i = 0; i < p->thread_count; i++) {
        const struct ms_thread_row *a = &p->threads[i], *b = &q->threads[i];
        SAME(a, b, id);
        SAME(a, b, live_bytes);
        SAME(a, b, alloc_count);
        SAME(a, b, free_count);
        SAME(a, b, cross_frees);
        SAME(a, b, ended);
    }
}

static void same_stacks(const struct published *p,
                        const struct ms_past_picture *q)
{
    assert_int_equal(p->stack_count, q->stack_count);
    for (size_t i = 0; i < p->stack_count; i++) {
        const struct ms_stack_row *a = &p->stacks[i], *b = &q->stacks[i];
        SAME(a, b, id);
        SAME(a, b, site);
        SAME(a, b, live_bytes);
        SAME(a, b, live_blocks);
        SAME(a, b, free_bytes);
    }
}

static void same_picture(const struct published *p, struct ms_when when)
{
    struct ms_past_picture q;

    assert_int_equal(ms_engine_past(engine, 0, &when, &q), MEMSCOPE_OK);
    assert_memory_equal(&p->stats, &q.stats, sizeof q.stats);
    assert_memory_equal(&p->histograms, &q.histograms, sizeof q.histograms);
    same_sites(p, &q);
    same_threads(p, &q);
    same_stacks(p, &q);
    ms_past_picture_fini(&q);
}

static void free_published(struct published *p)
{
    free(p->sites);
    free(p->threads);
    free(p->stacks);
}

// Some allocations and frees, by any thread at any stack.
static void work(const uint32_t stacks[STACKS], uint64_t blocks[BLOCKS])
{
    unsigned events = (unsigned)(ms_random(&random_state) % 20);

    while (events-- > 0) {
        unsigned slot = (unsigned)(ms_random(&random_state) % BLOCKS);
        struct ms_writer *w = writers[ms_random(&random_state) % 3];
        uint64_t address = 0x100000 + slot * UINT64_C(0x10000);
        if (blocks[slot] != 0) {
            struct ms_taken taken = ms_store_take(w, address);
            ms_store_deallocation(w, address, &taken, false);
        } else {
            ms_store_allocation(w, address, 1 + ms_random(&random_state) % 5000,
                                stacks[ms_random(&random_state) % STACKS],
                                false);
        }
        blocks[slot] = !blocks[slot];
    }
}

static void a_moment_is_what_was_published_then(void **state)
{
    static struct published published[TICKS];
    uint32_t stacks[STACKS];
    uint64_t blocks[BLOCKS] = {0};

    (void)state;
    for (uint32_t i = 0; i < STACKS; i++) // 3 to a site
        stacks[i] = ms_store_stack(
            &store, 0x2000 + i / 3,
            ms_store_stack(&store, 0x1000 + i * UINT64_C(16), 0));
    for (unsigned t = 0; t < TICKS; t++) {
        work(stacks, blocks);
        (void)ms_session_tick(session);
        record(&published[t]);
    }
    ms_session_finish(session, 0, "exit");
    for (unsigned t = 0; t < TICKS; t++) {
        uint64_t uptime = published[t].stats.uptime_ns;
        same_picture(&published[t],
                     (struct ms_when){.seq = published[t].stats.seq});
        same_picture(&published[t], (struct ms_when){.uptime_ns = uptime});
        free_published(&published[t]);
    }
    struct published last;
    record(&last);
    same_picture(&last, (struct ms_when){.uptime_ns = UINT64_MAX});
    free_published(&last);
}

static void nothing_is_known_of_before(void **state)
{
    struct ms_past_picture q;

    (void)state;
    assert_int_equal(ms_engine_past(engine, 0, &(struct ms_when){.seq = 1}, &q),
                     MEMSCOPE_ERROR_NOT_FOUND);
    (void)ms_session_tick(session);
    assert_int_equal(
        ms_engine_past(engine, 0, &(struct ms_when){.uptime_ns = 0}, &q),
        MEMSCOPE_ERROR_NOT_FOUND);
    assert_int_equal(ms_engine_past(engine, 9, &(struct ms_when){.seq = 1}, &q),
                     MEMSCOPE_ERROR_NOT_FOUND);
}

// A hash of all that the model says.
static uint64_t hash_row(uint64_t h, const uint64_t row[MS_PAST_FIELDS])
{
    for (unsigned f = 0; f < MS_PAST_FIELDS; f++)
        h = (h ^ row[f]) * UINT64_C(0x9E3779B97F4A7C15) + 1;
    return h;
}

static uint64_t hash_of_model(const struct ms_stack_table *t)
{
    uint64_t h = 0;

    for (uint32_t i = 0; i < LOCAL_STACKS; i++) {
        const struct ms_stack_sums *s = ms_stack_table_at(t, i);
        h = hash_row(h, (const uint64_t[MS_PAST_FIELDS]){
                            s->alloc_bytes, s->alloc_count, s->free_bytes,
                            s->free_count, s->realloc_count, s->temporary_count,
                            s->lifetime_units, s->mapped_bytes});
    }
    return h;
}

static uint64_t hash_of_table(const struct ms_past_table *t)
{
    static const uint64_t none[MS_PAST_FIELDS];
    uint64_t h = 0;

    for (uint32_t i = 0; i < LOCAL_STACKS; i++)
        h = hash_row(h, i < t->room ? t->rows[i] : none);
    return h;
}

static void change_some(struct ms_stack_table *t, uint64_t seq)
{
    unsigned n = (unsigned)(ms_random(&random_state) % 4);

    while (n-- > 0) {
        uint32_t i = (uint32_t)(ms_random(&random_state) % LOCAL_STACKS);
        struct ms_stack_sums *s = ms_stack_table_at(t, i);
        s->alloc_bytes += ms_random(&random_state) % 100000;
        s->alloc_count += ms_random(&random_state) % 9;
        s->free_bytes = s->alloc_bytes / 2;
        s->mapped_bytes -= ms_random(&random_state) % 3; // falls as well
        ms_stack_table_touch(t, i, seq);
    }
}

// Runs a past of many hours, and holds every frame that is left against the
// model at its tick.
static void live_long(struct ms_past *p, uint64_t ticks, uint64_t hashes[],
                      uint64_t budget)
{
    struct ms_stack_table *t = &session->model.stacks;

    for (uint32_t i = 0; i < LOCAL_STACKS; i++)
        assert_int_not_equal(ms_stack_table_add(t, 2 + i, 0), 0);
    ms_past_init(p, budget);
    for (uint64_t seq = 1; seq <= ticks; seq++) {
        struct ms_stats stats = {.seq = seq,
                                 .uptime_ns = seq * UINT64_C(100000000)};
        change_some(t, seq);
        hashes[seq] = hash_of_model(t);
        ms_past_add(p, session, &stats);
        assert_true(p->bytes <= budget);
    }
}

static void frames_are_true(struct ms_past *p, const uint64_t hashes[],
                            struct ms_past_view *view)
{
    struct ms_past_table tables[MS_PAST_SERIES] = {{0}};

    assert_int_equal(
        ms_past_open(p, &(struct ms_when){.uptime_ns = UINT64_MAX}, view),
        MEMSCOPE_OK);
    for (size_t i = 0; i < view->count; i++) {
        assert_true(ms_past_sum(view->frames[i], tables));
        assert_int_equal(hash_of_table(&tables[MS_PAST_STACKS]),
                         hashes[view->frames[i]->seq]);
    }
    ms_past_tables_fini(tables);
}

static void the_past_is_thinned_with_age_and_stays_true(void **state)
{
    enum { TICKS_OF_3_HOURS = 108000 };
    uint64_t *hashes = calloc(TICKS_OF_3_HOURS + 1, sizeof *hashes);
    uint64_t now = TICKS_OF_3_HOURS * UINT64_C(100000000);
    struct ms_past past;
    struct ms_past_view view;

    (void)state;
    live_long(&past, TICKS_OF_3_HOURS, hashes, UINT64_C(1) << 40);
    frames_are_true(&past, hashes, &view);
    for (size_t i = 1; i < view.count; i++) {
        uint64_t age = (now - view.frames[i]->uptime_ns) / 1000000000;
        uint64_t step =
            (view.frames[i]->uptime_ns - view.frames[i - 1]->uptime_ns) /
            1000000;
        assert_true(step <= (age < 600 ? 100u : age < 7200 ? 1000u : 10000u));
    }
    assert_true(view.count < 6000 + 7200 + 8640 + 100);
    assert_int_equal(view.frames[view.count - 1]->seq, TICKS_OF_3_HOURS);
    ms_past_close(&past, &view);
    ms_past_fini(&past);
    free(hashes);
}

static void a_small_budget_takes_the_oldest_detail(void **state)
{
    enum { TICKS_OF_AN_HOUR = 36000 };
    uint64_t *hashes = calloc(TICKS_OF_AN_HOUR + 1, sizeof *hashes);
    struct ms_past past;
    struct ms_past_view view;

    (void)state;
    live_long(&past, TICKS_OF_AN_HOUR, hashes, UINT64_C(200) << 10);
    frames_are_true(&past, hashes, &view);
    assert_non_null(past.base);
    assert_true(view.count > 100);
    ms_past_close(&past, &view);
    ms_past_fini(&past);
    free(hashes);
}

// Who reads holds on to frames that have been merged meanwhile.
static void a_reader_keeps_what_it_reads(void **state)
{
    uint64_t *hashes = calloc(20001, sizeof *hashes);
    struct ms_past past;
    struct ms_past_view view, later;

    (void)state;
    live_long(&past, 9000, hashes, UINT64_C(1) << 40);
    frames_are_true(&past, hashes, &view);
    for (uint64_t seq = 9001; seq <= 20000; seq++) {
        struct ms_stats stats = {.seq = seq,
                                 .uptime_ns = seq * UINT64_C(100000000)};
        change_some(&session->model.stacks, seq);
        hashes[seq] = hash_of_model(&session->model.stacks);
        ms_past_add(&past, session, &stats);
    }
    assert_non_null(past.unneeded);
    frames_are_true(&past, hashes, &later);
    for (size_t i = 0; i < view.count; i++) // still to be read
        assert_true(view.frames[i]->seq <= 9000);
    ms_past_close(&past, &later);
    ms_past_close(&past, &view);
    assert_null(past.unneeded);
    ms_past_fini(&past);
    free(hashes);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)
    const struct CMUnitTest tests[] = {
        CASE(a_moment_is_what_was_published_then),
        CASE(nothing_is_known_of_before),
        CASE(the_past_is_thinned_with_age_and_stays_true),
        CASE(a_small_budget_takes_the_oldest_detail),
        CASE(a_reader_keeps_what_it_reads),
    };

    random_state = ms_seed_of(ms_seed(), 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
