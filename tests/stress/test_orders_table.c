// SPDX-License-Identifier: MIT
//
// The live table: its orders, one case per side as in test_orders, and threads
// that hand blocks on, none of which is lost.

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_engine.h"
#include "open_writer.h"
#include "platform/atomics.h"
#include "relay.h"
#include "runtime/cell.h"
#include "same_memory.h"
#include "store/live_table.h"
#include "store/writer.h"

#define LIMIT (UINT64_C(2) << 20)
#define BLOCK UINT64_C(0x700001000)
#define OTHER UINT64_C(0x700002000)
#define THREADS 4u
#define ROUNDS 30000u
#define BLOCKS 256u // shared by all: whoever claims one, owns it

static struct ms_store store;
static struct ms_engine *engine;
static struct ms_session *session;
static int payload; // plain, as what the order publishes

static int open_all(void **state)
{
    (void)state;
    payload = 0;
    if (ms_store_create_within(&store, MS_BACKEND_CORE, LIMIT) != 0)
        return -1;
    ms_same_memory(&store);
    engine = ms_fake_engine(dup(store.fd), &session);
    return engine == NULL ? -1 : 0;
}

static int close_all(void **state)
{
    (void)state;
    ms_fake_engine_destroy(engine);
    ms_same_memory(NULL);
    ms_store_destroy(&store);
    return 0;
}

static void allocate(void)
{
    struct ms_writer *w = ms_open_writer(&store, 101);
    uint32_t stack = ms_store_stack(&store, 0x1234, 0);

    // The row has its own publication: it is there before.
    ms_store_allocation(w, OTHER, 1077, stack, false);
    payload = 4711;
    ms_store_allocation(w, BLOCK, 1077, stack, false);
}

static void walk(void)
{
    struct ms_block_walk *w;
    struct ms_block blocks[2];

    MS_CHECK(ms_block_walk_create(engine, 1, &w) == MEMSCOPE_OK);
    MS_CHECK(ms_block_walk_next(w, blocks, 2) == 2);
    MS_CHECK(blocks[0].size == 1077 && blocks[1].size == 1077);
    MS_CHECK(payload == 4711);
    ms_block_walk_destroy(w);
}

static void cell_publishes_size_and_row(void **state) // A
{
    (void)state;
    MS_RELAY(allocate, walk);
}

static void put_and_take(void)
{
    struct ms_table_entry *e = ms_live_table_claim(&store, BLOCK);

    ms_live_table_fill(e, BLOCK, 32, 77, 1);
    payload = 4712;
    MS_CHECK(ms_live_table_take(&store, BLOCK).size == 77);
}

static void claim_again(void)
{
    MS_CHECK(ms_live_table_claim(&store, BLOCK) != NULL);
    MS_CHECK(payload == 4712);
}

static void address_hands_the_entry_on(void **state) // O
{
    (void)state;
    MS_RELAY(put_and_take, claim_again);
}

static _Atomic uint32_t owned[BLOCKS]; // the allocator's part

static void *storm(void *argument)
{
    uint64_t random = (uintptr_t)argument + 1;

    for (uint32_t i = 0; i < ROUNDS; i++) {
        random = random * UINT64_C(6364136223846793005) + 1;
        uint32_t b = (uint32_t)(random >> 33) % BLOCKS;
        uint64_t address = BLOCK + (uint64_t)b * 32;
        uint32_t mine = 0;
        if (ms_claim_acquire(&owned[b], &mine, 1u)) {
            struct ms_table_entry *e = ms_live_table_claim(&store, address);
            MS_CHECK(e != NULL);
            ms_live_table_fill(e, address, 32, random, 1);
            ms_store_release(&owned[b], 2u);
        } else if (mine == 2 && ms_claim_acquire(&owned[b], &mine, 1u)) {
            struct ms_taken taken = ms_live_table_take(&store, address);
            MS_CHECK(ms_cell_live(taken.cell) && ms_cell_row(taken.cell) == 32);
            ms_store_release(&owned[b], 0u);
        }
    }
    return NULL;
}

static void no_block_is_lost(void **state)
{
    (void)state;
    pthread_t ids[THREADS];
    uint32_t live = 0, found = 0;

    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&ids[i], NULL, storm, (void *)i), 0);
    for (uint32_t i = 0; i < THREADS; i++)
        pthread_join(ids[i], NULL);
    for (uint32_t b = 0; b < BLOCKS; b++) {
        live += ms_load_relaxed(&owned[b]) == 2;
        found += ms_live_table_take(&store, BLOCK + (uint64_t)b * 32).cell != 0;
    }
    assert_int_equal(live, found);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)
    const struct CMUnitTest tests[] = {
        CASE(cell_publishes_size_and_row),
        CASE(address_hands_the_entry_on),
        CASE(no_block_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
