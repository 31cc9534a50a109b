// SPDX-License-Identifier: MIT
//
// Short threads, one generation after the other, each with a writer that it
// may have taken over, while a session reads: no writer has two owners, no
// event is lost, and there are hardly more writers than threads at a time.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#include "fake_engine.h"
#include "platform/atomics.h"
#include "platform/thread.h"
#include "relay.h"
#include "runtime/control.h"
#include "same_memory.h"
#include "seed.h"
#include "store/writer.h"

#define CHAINS 4u // threads at a time; each starts the next one
#define GENERATIONS 150u
#define NUMBERS (CHAINS * GENERATIONS)

static struct ms_store store;
static uint64_t seed;
static _Atomic bool ended[NUMBERS + 1];
static _Atomic uint64_t events, reused;
static _Atomic unsigned running;

static bool has_ended(uint32_t tid)
{
    return ms_load_relaxed(&ended[tid]);
}

// The thread's last act, as its exit is: after it, others may have its writer.
static void *live(void *arg)
{
    static const uint64_t no_name[2];
    uint32_t tid = (uint32_t)(uintptr_t)arg;
    uint64_t random = ms_seed_of(seed, tid);
    uint64_t count = ms_random(&random) % (2 * MS_RECORDER_EVENTS);
    struct ms_writer *w = ms_store_writer_open(&store, tid, no_name, has_ended);

    MS_CHECK(w != NULL);
    MS_CHECK(w->slot->recorded == 0);
    ms_add_relaxed(&reused, w->own.entries[0].key != 0);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t address = ((uint64_t)tid << 24) + i % 64 * 64;
        uint32_t stack = ms_store_stack(&store, 0x4000 + random % 7, 0);
        ms_store_allocation(w, address, 1 + i % 700, stack, false);
        struct ms_taken taken = ms_store_take(w, address);
        MS_CHECK(taken.size == 1 + i % 700);
        ms_store_deallocation(w, address, &taken, false);
        MS_CHECK((uint32_t)ms_load_relaxed(&w->owner) == tid);
    }
    MS_CHECK(w->slot->recorded == 2 * count);
    MS_CHECK(ms_load_relaxed(&w->slot->recorded) == 2 * count);
    ms_add_relaxed(&events, count);
    ms_store_writer_close(w, no_name);
    ms_store_relaxed(&ended[tid], true);
    return NULL;
}

static void *chain(void *arg)
{
    uint32_t first = (uint32_t)(uintptr_t)arg * GENERATIONS;

    for (uint32_t i = 1; i <= GENERATIONS; i++) {
        pthread_t one;
        MS_CHECK(pthread_create(&one, NULL, live,
                                (void *)(uintptr_t)(first + i)) == 0);
        pthread_join(one, NULL);
    }
    atomic_fetch_sub(&running, 1);
    return NULL;
}

static void no_writer_has_two_owners(void **state)
{
    (void)state;
    pthread_t chains[CHAINS];
    struct ms_session *s;
    size_t writers = 0;

    assert_int_equal(ms_store_create(&store, MS_BACKEND_CORE), 0);
    store.header->pulse = UINT64_MAX - 3 * MS_PULSE_TICK + 1; // it wraps
    ms_same_memory(&store);
    struct ms_engine *e = ms_fake_engine(dup(store.fd), &s);
    running = CHAINS;
    for (uintptr_t i = 0; i < CHAINS; i++)
        pthread_create(&chains[i], NULL, chain, (void *)i);
    do {
        (void)ms_session_tick(s);
        assert_int_equal(s->reader.damaged, 0);
        assert_true(s->model.heap.alloc_count_total >=
                    s->model.heap.free_count_total);
    } while (atomic_load(&running) != 0);
    for (size_t i = 0; i < CHAINS; i++)
        pthread_join(chains[i], NULL);
    ms_session_finish(s, 0, "exit");
    assert_int_equal(s->model.heap.alloc_count_total, atomic_load(&events));
    assert_int_equal(s->model.heap.live_blocks, 0);
    assert_int_equal(s->model.heap.live_bytes, 0);
    assert_int_equal(s->model.thread_count, NUMBERS);
    for (struct ms_writer *w = ms_load_relaxed(&store.writers); w; w = w->next)
        writers++;
    printf("%zu writers for %u threads\n", writers, NUMBERS);
    // A thread that is stopped while it looks for a free one may see each of
    // them in use, one after the other, and make one more.
    assert_in_range(writers, 1, 4 * CHAINS);
    assert_int_equal(atomic_load(&reused), 0);
    ms_fake_engine_destroy(e);
    ms_same_memory(NULL);
    ms_store_destroy(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_writer_has_two_owners),
    };

    seed = ms_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
