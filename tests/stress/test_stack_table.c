// SPDX-License-Identifier: MIT
//
// Threads intern the same stacks in different orders, while another one
// follows what they publish: one key has one node, and no node is seen half
// written. They meet in empty slots all the time, because every round has
// keys that nobody has met.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "platform/atomics.h"
#include "relay.h"
#include "runtime/store.h"
#include "seed.h"

#define THREADS 4u
#define ROUNDS 200u
#define KEYS 64u // of a round

static struct ms_store store;
static uint64_t seed;
static pthread_barrier_t barrier;
static uint32_t nodes[THREADS][ROUNDS][KEYS];
static _Atomic uint32_t newest; // a node, handed on without an order
static _Atomic bool done;

static uint64_t address_of(uint32_t round, uint32_t key)
{
    return 0x4000 + (uint64_t)round * KEYS + key;
}

static void *work(void *arg)
{
    uint32_t number = (uint32_t)(uintptr_t)arg;
    uint64_t random = ms_seed_of(seed, number);

    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t first = (uint32_t)(ms_random(&random) % KEYS);
        uint32_t step = (uint32_t)(ms_random(&random) % KEYS) | 1;
        pthread_barrier_wait(&barrier);
        for (uint32_t i = 0, k = first; i < KEYS; i++, k = (k + step) % KEYS) {
            uint32_t outer = ms_store_stack(&store, address_of(round, k), 0);
            nodes[number][round][k] =
                ms_store_stack(&store, address_of(round, k) << 20, outer);
            ms_store_relaxed(&newest, outer);
        }
    }
    return NULL;
}

// Looks every address up again: whoever finds it must find all of it.
static void *follow(void *arg)
{
    uint64_t random = ms_seed_of(seed, 99);

    (void)arg;
    while (!ms_load_relaxed(&done)) {
        uint32_t round = (uint32_t)(ms_random(&random) % ROUNDS);
        uint64_t address = address_of(round, (uint32_t)(random % KEYS));
        if (ms_load_relaxed(&newest) == 0)
            continue;
        uint32_t node = ms_store_stack(&store, address, 0);
        MS_CHECK(node != 0);
        MS_CHECK(store.nodes[node].address == address);
        MS_CHECK(store.nodes[node].parent == 0);
    }
    return NULL;
}

static void one_key_has_one_node(void **state)
{
    (void)state;
    pthread_t threads[THREADS], follower;
    uint32_t keys = 0;

    assert_int_equal(ms_store_create(&store, MS_BACKEND_CORE), 0);
    pthread_barrier_init(&barrier, NULL, THREADS);
    pthread_create(&follower, NULL, follow, NULL);
    for (uintptr_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, (void *)i);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ms_store_relaxed(&done, true);
    pthread_join(follower, NULL);
    for (uint32_t r = 0; r < ROUNDS; r++)
        for (uint32_t k = 0; k < KEYS; k++, keys++) {
            const struct ms_node *inner = &store.nodes[nodes[0][r][k]];
            assert_int_equal(inner->address, address_of(r, k) << 20);
            assert_int_equal(store.nodes[inner->parent].address,
                             address_of(r, k));
            for (size_t t = 1; t < THREADS; t++)
                assert_int_equal(nodes[t][r][k], nodes[0][r][k]);
        }
    // Who came second has filled a node for nothing, but none is lost twice.
    uint32_t filled = ms_load_relaxed(&store.header->node_count) - 1;
    assert_in_range(filled, 2 * keys, 2 * keys * (THREADS + 1));
    assert_int_equal(ms_load_relaxed(&store.header->dropped[MS_DROP_STACKS]),
                     0);
    ms_store_destroy(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_key_has_one_node)};

    seed = ms_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
