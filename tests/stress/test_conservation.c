// SPDX-License-Identifier: MIT
//
// Threads allocate, reallocate and free one another's blocks through the store
// as fast as they can while a session reads it, tick after tick. Every picture
// must add up and no row may fall below zero; at the end the model, the live
// index and the threads' own counts must be equal. A thread that has done its
// part before there are enough pictures goes on in bursts, one per tick: a
// reader that gets little of the processor would never catch up otherwise. The
// seed is printed; give it as MEMSCOPE_TEST_SEED to repeat a run.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#include "open_writer.h"
#include "platform/atomics.h"
#include "platform/thread.h"
#include "runtime/cell.h"
#include "runtime/control.h"
#include "runtime/store.h"
#include "same_memory.h"
#include "seed.h"
#include "session.h"

#define THREADS 8u
#define PLACES 4096u // addresses that blocks may have
#define FIRST_ADDRESS UINT64_C(0x100000000)
#define SPACING 131072u
#define STACKS 37u
#define ROWS_MOST 150000u // more than there can be
#define OPERATIONS 60000u // per thread, at least
#define BURST 1000u       // operations
#define PICTURES 20u      // with news, at least

struct place {
    _Atomic uint32_t owner; // 0: free to take; else a thread works on it
    bool live;              // {owner}
    uint64_t size;          // {owner}
};

static struct ms_store store;
static struct place places[PLACES];
static _Atomic uint64_t live_bytes, live_blocks, reallocs;
static _Atomic unsigned running;
static _Atomic bool enough;
static _Atomic uint64_t ticks;
static uint64_t seed;

static uint64_t address_of(uint32_t place)
{
    return FIRST_ADDRESS + (uint64_t)place * SPACING + (place & 1) * 16;
}

static void allocate(struct ms_writer *w, uint32_t i, uint64_t random)
{
    uint64_t size = random % 7 == 0 ? random % 100000 : random % 200;
    uint32_t stack = ms_store_stack(&store, 0x4000 + random / 1000 % STACKS, 0);

    bool by_realloc = random % 5 == 0;
    ms_store_allocation(w, address_of(i), size, stack, by_realloc);
    atomic_fetch_add(&reallocs, by_realloc);
    places[i].size = size;
    places[i].live = true;
    atomic_fetch_add(&live_bytes, size);
    atomic_fetch_add(&live_blocks, 1);
}

static void release(struct ms_writer *w, uint32_t i)
{
    struct ms_taken taken = ms_store_take(w, address_of(i));

    ms_store_deallocation(w, address_of(i), &taken, false);
    places[i].live = false;
    atomic_fetch_sub(&live_bytes, places[i].size);
    atomic_fetch_sub(&live_blocks, 1);
}

static void failed_realloc(struct ms_writer *w, uint32_t i)
{
    struct ms_taken taken = ms_store_take(w, address_of(i));

    ms_store_put_back(w, address_of(i), &taken);
}

// The next burst waits for the next tick; false: no more is needed.
static bool may_go_on(uint64_t *tick)
{
    const struct timespec moment = {.tv_nsec = 200000};

    while (!atomic_load(&enough)) {
        uint64_t now = atomic_load(&ticks);
        if (now != *tick) {
            *tick = now;
            return true;
        }
        nanosleep(&moment, NULL);
    }
    return false;
}

static void *work(void *arg)
{
    uint64_t name[2] = {0x6b726f77, 0};
    uint32_t number = (uint32_t)(uintptr_t)arg;
    uint64_t random = ms_seed_of(seed, number);
    uint64_t tick = 0;
    struct ms_writer *w =
        ms_store_writer_open(&store, ms_thread_id(), name, ms_nobody_is_gone);

    for (uint32_t n = 0; w != NULL; n++) {
        if (n >= OPERATIONS && n % BURST == 0 && !may_go_on(&tick))
            break;
        uint64_t r = ms_random(&random);
        uint32_t i = (uint32_t)(r >> 40) % PLACES;
        uint32_t nobody = 0;
        // As an allocator does: one owner after the other, in order.
        if (!atomic_compare_exchange_strong_explicit(
                &places[i].owner, &nobody, number + 1, memory_order_acquire,
                memory_order_relaxed))
            continue;
        if (!places[i].live)
            allocate(w, i, r >> 8);
        else if (r % 8 == 0)
            failed_realloc(w, i);
        else
            release(w, i);
        atomic_store_explicit(&places[i].owner, 0, memory_order_release);
    }
    atomic_fetch_sub(&running, 1);
    return NULL;
}

static void stacks_add_up(const struct ms_model *m,
                          const struct ms_heap_totals *h)
{
    struct ms_stack_sums sum = {0};
    uint32_t listed = 0;

    for (uint32_t i = 0; i < m->stacks.count; i++) {
        const struct ms_stack_sums *s = ms_stack_table_at(&m->stacks, i);
        assert_true(s->alloc_bytes >= s->free_bytes);
        assert_true(s->alloc_count >= s->free_count);
        sum.alloc_bytes += s->alloc_bytes;
        sum.alloc_count += s->alloc_count;
        sum.free_bytes += s->free_bytes;
        sum.free_count += s->free_count;
        sum.realloc_count += s->realloc_count;
        sum.temporary_count += s->temporary_count;
        listed += s->changed_seq != 0;
    }
    assert_int_equal(sum.alloc_bytes, h->alloc_bytes_total);
    assert_int_equal(sum.alloc_count, h->alloc_count_total);
    assert_int_equal(sum.free_bytes, h->free_bytes_total);
    assert_int_equal(sum.free_count, h->free_count_total);
    assert_int_equal(sum.realloc_count, h->realloc_count_total);
    assert_int_equal(sum.temporary_count, h->temporary_count_total);
    // The list has each of them once, those that changed last first.
    uint64_t seq = UINT64_MAX;
    for (uint32_t i = m->stacks.newest; i != 0; listed--) {
        const struct ms_stack_sums *s = ms_stack_table_at(&m->stacks, i - 1);
        assert_true(s->changed_seq <= seq && listed != 0);
        seq = s->changed_seq;
        assert_true(s->older != 0 || m->stacks.oldest == i);
        i = s->older;
    }
    assert_int_equal(listed, 0);
}

static void picture_adds_up(struct ms_session *s)
{
    const struct ms_model *m = &s->model;
    const struct ms_heap_totals *h = &s->stats[s->seq % MS_STATS_KEPT].heap;
    uint64_t sites = 0, threads = 0, sizes = 0, blocks = 0, temporary = 0;

    for (size_t i = 0; i < m->site_count; i++) {
        assert_true(m->sites[i].alloc_bytes >= m->sites[i].free_bytes);
        assert_true(m->sites[i].alloc_count >= m->sites[i].free_count);
        sites += m->sites[i].alloc_bytes - m->sites[i].free_bytes;
    }
    for (size_t i = 0; i < m->thread_count; i++) {
        assert_true(m->threads[i].alloc_bytes >= m->threads[i].free_bytes);
        threads += m->threads[i].alloc_bytes - m->threads[i].free_bytes;
    }
    for (size_t i = 0; i < MS_SIZE_CLASSES; i++) {
        assert_true((int64_t)m->size_bytes[i] >= 0);
        assert_true((int64_t)m->size_blocks[i] >= 0);
        sizes += m->size_bytes[i];
        blocks += m->size_blocks[i];
    }
    stacks_add_up(m, h);
    for (size_t i = 0; i < m->site_count; i++)
        temporary += m->sites[i].temporary_count;
    assert_int_equal(temporary, h->temporary_count_total);
    assert_int_equal(sites, h->live_bytes);
    assert_int_equal(threads, h->live_bytes);
    assert_int_equal(sizes, h->live_bytes);
    assert_int_equal(blocks, h->live_blocks);
    assert_true(h->peak_bytes >= h->live_bytes);
    assert_int_equal(s->reader.damaged, 0);
}

static void walk_the_index(uint64_t *bytes, uint64_t *blocks)
{
    *bytes = *blocks = 0;
    for (uint32_t i = 0; i < PLACES; i++) {
        uint64_t at = address_of(i) >> MS_GRANULE_SHIFT;
        uint64_t cell = ms_load_acquire(&store.index[at]);
        if (!ms_cell_live(cell))
            continue;
        uint64_t size = ms_cell_small_size(cell);
        *bytes +=
            size == MS_CELL_BIG ? ms_load_relaxed(&store.index[at + 1]) : size;
        *blocks += 1;
    }
}

// Counters of 32 bits, each about to wrap.
static void start_before_the_wrap(struct ms_session *s)
{
    const uint32_t before = UINT32_MAX - 2;

    ms_store_relaxed(&store.header->pulse, (uint64_t)before << 32);
    for (uint32_t row = 1; row < ROWS_MOST; row++) {
        ms_store_relaxed(&store.rows[row].realloc_count, before);
        ms_store_relaxed(&store.rows[row].temporary_count, before);
        s->model.seen[row].realloc_count = before;
        s->model.seen[row].temporary_count = before;
    }
}

static void every_picture_adds_up(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    struct ms_session *s;
    uint64_t bytes, blocks;
    uint64_t moving = 0;

    assert_int_equal(ms_store_create(&store, MS_BACKEND_CORE), 0);
    ms_same_memory(&store);
    assert_int_equal(ms_session_open(dup(store.fd), getpid(), 1, NULL,
                                     UINT64_C(100000000), &s),
                     MEMSCOPE_OK);
    start_before_the_wrap(s);
    running = THREADS;
    for (uintptr_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, (void *)i);
    while (atomic_load(&running) > 0) {
        uint64_t before = s->model.heap.alloc_count_total;
        assert_false(ms_session_tick(s));
        picture_adds_up(s);
        moving += s->model.heap.alloc_count_total != before;
        atomic_fetch_add(&ticks, 1);
        atomic_store(&enough, moving >= PICTURES);
    }
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    // The second tick reads again what the first one cleared.
    (void)ms_session_tick(s);
    (void)ms_session_tick(s);
    picture_adds_up(s);
    walk_the_index(&bytes, &blocks);
    printf("%llu ticks, %llu with news, %llu events, %llu live\n",
           (unsigned long long)atomic_load(&ticks), (unsigned long long)moving,
           (unsigned long long)(s->model.heap.alloc_count_total +
                                s->model.heap.free_count_total),
           (unsigned long long)blocks);
    assert_true(moving >= PICTURES);
    assert_int_equal(bytes, atomic_load(&live_bytes));
    assert_int_equal(blocks, atomic_load(&live_blocks));
    assert_int_equal(s->model.heap.live_bytes, bytes);
    assert_int_equal(s->model.heap.live_blocks, blocks);
    assert_int_equal(s->model.heap.realloc_count_total, atomic_load(&reallocs));
    assert_true(ms_reader_rows(&s->reader) <= ROWS_MOST);
    for (size_t i = 0; i < MS_DROP_KINDS; i++)
        assert_int_equal(ms_load_relaxed(&store.header->dropped[i]), 0);
    ms_session_finish(s, 0, "exit");
    assert_int_equal(s->model.heap.live_bytes, bytes);
    ms_session_close(s);
    ms_same_memory(NULL);
    ms_store_destroy(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_picture_adds_up),
    };

    seed = ms_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
