// SPDX-License-Identifier: MIT
//
// Threads intern the same names and annotate the same blocks at the same time:
// one name has one number, no count is lost, every loan is over once, and what
// a freed block leaves behind is nothing.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <memscope.h>
#include <pthread.h>

#include "annotate/notes.h"
#include "annotate/strings.h"
#include "capture/guard.h"
#include "open_writer.h"
#include "platform/atomics.h"
#include "relay.h"
#include "seed.h"

#define THREADS 4u
#define ROUNDS 300u
#define NAMES 32u  // of a round
#define BLOCKS 16u // of a round
#define ADDRESS(i) (UINT64_C(0x700001000) + 64 * (uint64_t)(i))

static struct ms_store store;
static uint64_t seed;
static pthread_barrier_t barrier;
static struct ms_writer *writers[THREADS];
static uint32_t numbers[THREADS][ROUNDS][NAMES];
static _Atomic uint64_t failed;

static void *address(uint32_t i)
{
    return (void *)(uintptr_t)ADDRESS(i);
}

static void annotate(uint64_t *random)
{
    void *block = address((uint32_t)(ms_random(random) % BLOCKS));
    memscope_loan loan = memscope_borrow(block, ms_random(random) % 4 == 0);

    MS_CHECK(memscope_retain(block) > 0);
    if (loan == 0 || !memscope_return(loan))
        ms_add_relaxed(&failed, 1u);
    MS_CHECK(!memscope_return(loan) || loan == 0);
    MS_CHECK(memscope_tag(block, "variable", "type"));
    MS_CHECK(memscope_release(block) >= 0);
}

static void *work(void *arg)
{
    uint32_t number = (uint32_t)(uintptr_t)arg;
    uint64_t random = ms_seed_of(seed, number);
    struct ms_writer *w = writers[number];
    char name[32];

    ms_guard_writer = w;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t first = (uint32_t)(ms_random(&random) % NAMES);
        if (number == 0)
            for (uint32_t i = 0; i < BLOCKS; i++)
                MS_CHECK(memscope_capture_alloc(address(i), 40));
        pthread_barrier_wait(&barrier);
        for (uint32_t i = 0; i < NAMES; i++) {
            uint32_t k = (first + i) % NAMES;
            snprintf(name, sizeof name, "name %u of %u", k, round);
            numbers[number][round][k] = ms_string_intern(&store, name);
        }
        for (uint32_t i = 0; i < 2 * BLOCKS; i++)
            annotate(&random);
        pthread_barrier_wait(&barrier);
        if (number == 1) // another thread than the one that allocated
            for (uint32_t i = 0; i < BLOCKS; i++)
                MS_CHECK(memscope_capture_dealloc(address(i)));
        pthread_barrier_wait(&barrier);
    }
    ms_guard_writer = NULL;
    return NULL;
}

static void check_the_end(void)
{
    struct ms_annotations *a = store.annotations;
    uint64_t made = (uint64_t)THREADS * ROUNDS * 2 * BLOCKS;

    for (uint32_t r = 0; r < ROUNDS; r++)
        for (uint32_t k = 0; k < NAMES; k++)
            for (uint32_t t = 0; t < THREADS; t++) {
                assert_int_not_equal(numbers[t][r][k], 0);
                assert_int_equal(numbers[t][r][k], numbers[0][r][k]);
            }
    assert_int_equal(ms_load_relaxed(&failed), 0);
    for (uint32_t i = 0; i < MS_NOTE_SLOTS; i++)
        assert_int_equal(ms_load_relaxed(&a->notes[i].key), 0);
    for (uint32_t i = 0; i < MS_NOTE_SLOTS / MS_NOTE_WINDOW; i++)
        assert_int_equal((uint32_t)ms_load_relaxed(&a->note_words[i]), 0);
    for (uint32_t i = 0; i < MS_BORROW_SLOTS; i++)
        assert_int_equal(ms_load_relaxed(&a->borrows[i].state) % 2, 0);
    assert_int_equal(ms_load_relaxed(&a->counts[MS_ANNOTATION_BORROWS]), made);
    assert_int_equal(ms_load_relaxed(&a->counts[MS_ANNOTATION_RETURNS]), made);
    // Each was returned a second time, and nothing else was wrong but what
    // borrowers did to each other.
    for (uint32_t i = MS_MOMENT_BORROW_CONFLICT; i < MS_MOMENT_KINDS; i++)
        if (i != MS_MOMENT_BORROW_CONFLICT)
            assert_int_equal(ms_load_relaxed(&a->moment_counts[i]),
                             i == MS_MOMENT_BAD_RETURN ? made : 0);
    for (uint32_t i = MS_DROP_STRINGS; i < MS_DROP_KINDS; i++)
        assert_int_equal(ms_load_relaxed(&store.header->dropped[i]), 0);
}

static void nothing_is_lost(void **state)
{
    pthread_t threads[THREADS];

    (void)state;
    assert_int_equal(ms_store_create(&store, MS_BACKEND_CORE), 0);
    ms_runtime_backend = &ms_backend_core; // the writers have no unwinder
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (uint32_t i = 0; i < THREADS; i++)
        writers[i] = ms_open_writer(&store, 101 + i);
    for (uintptr_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, (void *)i);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    check_the_end();
    ms_store_destroy(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_lost)};

    seed = ms_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
