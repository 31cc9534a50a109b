// SPDX-License-Identifier: MIT
//
// Threads meet objects that are loaded in one another's place, while a reader
// copies the list: every module is whole, none is listed twice while it is
// loaded, and what lay where another came is unloaded.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#include "fake_engine.h"
#include "pause.h"
#include "platform/atomics.h"
#include "relay.h"
#include "same_memory.h"
#include "seed.h"
#include "store/modules.h"

#define THREADS 4u
#define OBJECTS 64u
#define MEETINGS 4000u
#define ID_BYTES 20u

static struct ms_store store;
static uint64_t seed;
static uint8_t ids[OBJECTS][ID_BYTES];
static char paths[OBJECTS][32];
static struct ms_loaded_module objects[OBJECTS];
static _Atomic unsigned running;

static void *work(void *arg)
{
    uint64_t random = ms_seed_of(seed, (uintptr_t)arg);

    for (uint32_t i = 0; i < MEETINGS; i++) {
        // More and more of them, so that new ones come all the time.
        uint32_t n =
            (uint32_t)(ms_random(&random) % (1 + i * OBJECTS / MEETINGS));
        ms_pause_module(&objects[n]);
        uint32_t module = ms_modules_find(&store, objects[n].start);
        if (module == 0)
            continue; // another thread was adding one
        const struct ms_module *m = ms_store_module(&store, module);
        MS_CHECK(m->start == objects[n].start && m->end == objects[n].end);
        MS_CHECK(memcmp(m->build_id, ids[n], ID_BYTES) == 0);
        MS_CHECK(strcmp(m->path, paths[n]) == 0);
    }
    atomic_fetch_sub(&running, 1);
    return NULL;
}

static void assert_whole(struct ms_reader *r, uint32_t i)
{
    struct ms_module m;

    assert_true(ms_reader_module(r, i, &m));
    uint32_t n = (uint32_t)(m.bias / 7);
    assert_in_range(n, 0, OBJECTS - 1);
    assert_int_equal(m.start, objects[n].start);
    assert_string_equal(m.path, paths[n]);
    assert_memory_equal(m.build_id, ids[n], ID_BYTES);
}

static void every_module_is_whole_and_listed_once(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    struct ms_session *s;

    assert_int_equal(ms_store_create(&store, MS_BACKEND_CORE), 0);
    ms_same_memory(&store);
    struct ms_engine *e = ms_fake_engine(dup(store.fd), &s);
    for (uint32_t i = 0; i < OBJECTS; i++) {
        memset(ids[i], (int)i + 1, ID_BYTES);
        snprintf(paths[i], sizeof paths[i], "/lib/object-%u.so", i);
        // Every eighth lies across its two neighbours.
        uint64_t at = i % 8 == 7 ? i * 0x1000 - 0x800 : i * 0x1000;
        objects[i] = (struct ms_loaded_module){at,     at + 0x1000, i * 7,
                                               ids[i], ID_BYTES,    paths[i]};
    }
    running = THREADS;
    for (uintptr_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, (void *)i);
    do {
        uint32_t count = ms_reader_modules(&s->reader);
        for (uint32_t i = 1; i < count; i++)
            assert_whole(&s->reader, i);
    } while (atomic_load(&running) != 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    uint32_t count = ms_reader_modules(&s->reader);
    printf("%u modules\n", count - 1);
    for (uint32_t i = 1; i < count; i++)
        for (uint32_t k = i + 1; k < count; k++) {
            struct ms_module *a = ms_store_module(&store, i);
            struct ms_module *b = ms_store_module(&store, k);
            if (a->start < b->end && b->start < a->end)
                assert_true(a->unload_ns != 0);
        }
    ms_fake_engine_destroy(e);
    ms_same_memory(NULL);
    ms_store_destroy(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_module_is_whole_and_listed_once),
    };

    seed = ms_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
