// SPDX-License-Identifier: MIT
//
// One case per ordered access of the annotations, as in test_orders: what one
// side publishes is read by the other with nothing else between them that
// orders memory. The functions of memscope.h are called as they are; each step
// is a thread with a writer of its own.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <memscope.h>

#include "annotate/notes.h"
#include "annotate/strings.h"
#include "capture/guard.h"
#include "engine/annotations.h"
#include "engine_private.h"
#include "fake_engine.h"
#include "open_writer.h"
#include "platform/atomics.h"
#include "relay.h"
#include "same_memory.h"

#define BLOCK UINT64_C(0x700001000)

static struct ms_store store;
static struct ms_engine *engine;
static struct ms_session *session;
static int payload; // plain, as what the order publishes
static struct ms_writer *writers[3];
static memscope_loan loan;

static int open_all(void **state)
{
    (void)state;
    if (ms_store_create(&store, MS_BACKEND_CORE) != 0)
        return -1;
    ms_same_memory(&store);
    engine = ms_fake_engine(dup(store.fd), &session);
    for (uint32_t i = 0; i < 3; i++)
        writers[i] = ms_open_writer(&store, 101 + i);
    ms_store_allocation(writers[0], BLOCK, 1077,
                        ms_store_stack(&store, 0x1234, 0), false);
    payload = 0;
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

static void intern(void)
{
    payload = 4711;
    MS_CHECK(ms_string_intern(&store, "name") == 1);
}

static void intern_again(void)
{
    MS_CHECK(ms_string_intern(&store, "name") == 1);
    MS_CHECK(payload == 4711);
}

static void slot_publishes_names(void **state) // S
{
    (void)state;
    MS_RELAY(intern, intern_again);
}

static void read_name(void)
{
    char text[MS_STRING_TEXT];

    ms_reader_string(&session->reader, 1, text);
    MS_CHECK(strcmp(text, "name") == 0);
    MS_CHECK(payload == 4711);
}

static void length_publishes_names(void **state) // S
{
    (void)state;
    MS_RELAY(intern, read_name);
}

static void make_a_note(void)
{
    bool live;

    payload = 4711;
    struct ms_note *n = ms_note_of(writers[0], BLOCK, true, &live);
    MS_CHECK(n != NULL);
    ms_store_relaxed(&n->type, 7);
}

static void find_the_note(void)
{
    bool live;

    MS_CHECK(ms_note_of(writers[1], BLOCK, false, &live) != NULL);
    MS_CHECK(payload == 4711);
}

static void word_publishes_notes(void **state) // P
{
    (void)state;
    MS_RELAY(make_a_note, find_the_note);
}

static void put_a_note(void)
{
    static const struct ms_note_copy copy = {.any = true};

    ms_notes_put(writers[1], BLOCK, &copy); // finds the one that is there
    MS_CHECK(payload == 4711);
}

static void claimer_sees_notes(void **state) // P
{
    (void)state;
    MS_RELAY(make_a_note, put_a_note);
}

static uint64_t cell_of_block(void)
{
    return ms_load_relaxed(&store.index[BLOCK >> MS_GRANULE_SHIFT]);
}

static void make_and_take(void)
{
    bool live;

    MS_CHECK(ms_note_of(writers[0], BLOCK, true, &live) != NULL);
    payload = 4711;
    MS_CHECK(ms_notes_take(writers[0], BLOCK, cell_of_block()).any);
}

static void make_it_anew(void)
{
    bool live;

    MS_CHECK(ms_note_of(writers[1], BLOCK, true, &live) != NULL);
    MS_CHECK(payload == 4711);
}

static void entry_is_handed_on(void **state) // Z
{
    (void)state;
    MS_RELAY(make_and_take, make_it_anew);
}

static void take_the_note(void)
{
    MS_CHECK(ms_notes_take(writers[1], BLOCK, cell_of_block()).type == 7);
    MS_CHECK(payload == 4711);
}

static void taker_sees_notes(void **state) // P
{
    (void)state;
    MS_RELAY(make_a_note, take_the_note);
}

static void walk_to_the_block(void)
{
    struct ms_block_walk *walk;
    struct ms_block block;

    MS_CHECK(ms_block_walk_create(engine, 1, &walk) == MEMSCOPE_OK);
    MS_CHECK(ms_block_walk_next(walk, &block, 1) == 1);
    MS_CHECK(block.said.type == 7);
    MS_CHECK(payload == 4711);
    ms_block_walk_destroy(walk);
}

static void walk_sees_notes(void **state) // P
{
    (void)state;
    MS_RELAY(make_a_note, walk_to_the_block);
}

static void as(uint32_t number)
{
    ms_guard_writer = writers[number];
}

static void create_a_task(void)
{
    as(0);
    MS_CHECK(memscope_task_create("task") == 1);
}

static void create_a_pool(void)
{
    as(0);
    MS_CHECK(memscope_pool_create("pool", (void *)(uintptr_t)0x70000f000,
                                  4096) == 1);
}

static void look_at_groups(void)
{
    struct ms_group_row *rows;
    size_t count;

    MS_CHECK(ms_engine_groups(engine, 1, &rows, &count) == MEMSCOPE_OK);
    MS_CHECK(count == 1 && rows[0].id == 1);
    free(rows);
}

static void state_publishes_tasks(void **state) // T
{
    (void)state;
    MS_RELAY(create_a_task, look_at_groups);
}

static void state_publishes_pools(void **state) // T
{
    (void)state;
    MS_RELAY(create_a_pool, look_at_groups);
}

static void mark(void)
{
    as(0);
    payload = 4711;
    memscope_mark("mark");
}

static void look_at_marks(void)
{
    struct ms_annotation_counts counts;
    struct ms_mark_row *rows;
    size_t count;

    MS_CHECK(ms_engine_marks(engine, 1, &counts, &rows, &count) == MEMSCOPE_OK);
    MS_CHECK(count == 1 && strcmp(rows[0].name, "mark") == 0);
    MS_CHECK(payload == 4711);
    free(rows);
}

static void seq_publishes_moments(void **state) // W
{
    (void)state;
    MS_RELAY(mark, look_at_marks);
}

static void give_back(void)
{
    as(1);
    MS_CHECK(memscope_return(loan));
}

static void borrow_next(void)
{
    as(2);
    // The same block, the same slot: freed by the return.
    memscope_loan next = memscope_borrow((void *)(uintptr_t)BLOCK, true);
    MS_CHECK(next != 0 && next != loan);
    MS_CHECK(!memscope_return(loan)); // that one is over
}

static void slot_is_handed_on(void **state) // Y
{
    (void)state;
    as(0);
    loan = memscope_borrow((void *)(uintptr_t)BLOCK, false);
    ms_guard_writer = NULL;
    assert_int_not_equal(loan, 0);
    MS_RELAY(give_back, borrow_next);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)
    const struct CMUnitTest tests[] = {
        CASE(slot_publishes_names),  CASE(length_publishes_names),
        CASE(word_publishes_notes),  CASE(claimer_sees_notes),
        CASE(entry_is_handed_on),    CASE(taker_sees_notes),
        CASE(walk_sees_notes),       CASE(state_publishes_tasks),
        CASE(state_publishes_pools), CASE(seq_publishes_moments),
        CASE(slot_is_handed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
