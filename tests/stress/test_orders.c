// SPDX-License-Identifier: MIT
//
// One case per ordered access of the store and its reader: what
// one side publishes is read by the other with nothing else between them that
// orders memory, so that ThreadSanitizer reports it whenever the order is
// weakened. docs/MEMORY_MODEL.md has the letters. Without ThreadSanitizer only
// the values are checked.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine_private.h"
#include "fake_engine.h"
#include "open_writer.h"
#include "pause.h"
#include "platform/atomics.h"
#include "relay.h"
#include "runtime/store.h"
#include "same_memory.h"
#include "store/modules.h"
#include "store/writer.h"

#define BLOCK UINT64_C(0x700001000)
#define FIRST_ROW MS_ROW_CHUNK // of the first writer

static struct ms_store store;
static struct ms_engine *engine;
static struct ms_session *session;
static int payload; // plain, as what the order publishes
static const uint64_t no_name[2];

static bool everybody_is_gone(uint32_t tid)
{
    (void)tid;
    return true;
}

static int open_all(void **state)
{
    (void)state;
    if (ms_store_create(&store, MS_BACKEND_CORE) != 0)
        return -1;
    ms_same_memory(&store);
    engine = ms_fake_engine(dup(store.fd), &session);
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

static struct ms_writer *open_writer(uint32_t tid)
{
    return ms_open_writer(&store, tid);
}

static void allocate_a_block(void)
{
    struct ms_writer *w = open_writer(101);
    uint32_t stack = ms_store_stack(&store, 0x1234, 0);

    payload = 4711;
    ms_store_allocation(w, BLOCK, 1077, stack, false);
}

static void walk_the_blocks(void)
{
    struct ms_block_walk *walk;
    struct ms_block block;

    MS_CHECK(ms_block_walk_create(engine, 1, &walk) == MEMSCOPE_OK);
    MS_CHECK(ms_block_walk_next(walk, &block, 1) == 1);
    MS_CHECK(block.size == 1077);
    MS_CHECK(block.thread == 1);
    MS_CHECK(ms_block_walk_next(walk, &block, 1) == 0);
    ms_block_walk_destroy(walk);
}

static void cell_publishes_size_and_row(void **state) // A
{
    (void)state;
    MS_RELAY(allocate_a_block, walk_the_blocks);
}

static void look_at_row(void *arg, uint32_t row)
{
    struct ms_row_key key;

    (void)arg;
    MS_CHECK(ms_reader_row_key(&session->reader, row, &key));
    MS_CHECK(key.size_class == 11);
    payload = 0;
}

static void take_the_dirty_list(void)
{
    ms_reader_take_dirty(&session->reader, 0, look_at_row, NULL);
    MS_CHECK(payload == 0);
}

static void dirty_list_publishes_rows(void **state) // B
{
    (void)state;
    MS_RELAY(allocate_a_block, take_the_dirty_list);
}

static void allocate_and_free(void)
{
    struct ms_writer *w = open_writer(101);

    payload = 4711;
    ms_store_allocation(w, BLOCK, 1077, ms_store_stack(&store, 0x1234, 0),
                        false);
    struct ms_taken taken = ms_store_take(w, BLOCK);
    ms_store_deallocation(w, BLOCK, &taken, false);
}

static void see_a_free_by_count(void)
{
    MS_CHECK(ms_load_acquire(&store.rows[FIRST_ROW].free_count) == 1);
    MS_CHECK(ms_load_relaxed(&store.rows[FIRST_ROW].alloc_count) == 1);
    MS_CHECK(payload == 4711);
}

static void see_a_free_by_bytes(void)
{
    MS_CHECK(ms_load_acquire(&store.rows[FIRST_ROW].free_bytes) == 1077);
    MS_CHECK(ms_load_relaxed(&store.rows[FIRST_ROW].alloc_bytes) == 1077);
    MS_CHECK(payload == 4711);
}

static void free_publishes_its_allocation(void **state) // C, the writer's
{
    (void)state;
    MS_RELAY(allocate_and_free, see_a_free_by_count);
    close_all(NULL);
    open_all(NULL);
    MS_RELAY(allocate_and_free, see_a_free_by_bytes);
}

static void free_by_count_alone(void)
{
    payload = 4711;
    ms_store_release(&store.rows[FIRST_ROW].free_count, 1);
}

static void free_by_bytes_alone(void)
{
    payload = 4711;
    ms_store_release(&store.rows[FIRST_ROW].free_bytes, 1077);
}

static void read_frees(void)
{
    ms_model_read_frees(&session->model, &session->reader, FIRST_ROW, 1);
    MS_CHECK(session->reader.damaged == 0);
    MS_CHECK(payload == 4711);
}

static void collector_acquires_each_free(void **state) // C, the collector's
{
    (void)state;
    allocate_a_block();
    MS_RELAY(free_by_count_alone, read_frees);
    MS_RELAY(free_by_bytes_alone, read_frees);
    assert_int_equal(session->model.heap.free_count_total, 1);
    assert_int_equal(session->model.heap.free_bytes_total, 1077);
}

static uint32_t nodes[2];

static void intern_first(void)
{
    nodes[0] = ms_store_stack(&store, 0x4711, 0);
}

static void intern_second(void)
{
    nodes[1] = ms_store_stack(&store, 0x4711, 0);
}

static void hash_publishes_nodes(void **state) // D
{
    (void)state;
    MS_RELAY(intern_first, intern_second);
    assert_int_equal(nodes[0], nodes[1]);
    assert_int_equal(store.nodes[nodes[1]].address, 0x4711);
}

static void intern_and_be_overtaken(void)
{
    ms_pause_at(MS_PAUSE_MODULE, 0); // the slot was seen empty
    nodes[0] = ms_store_stack(&store, 0x4711, 0);
}

static void overtaken_thread_sees_the_other_node(void **state) // D
{
    (void)state;
    MS_RELAY(intern_and_be_overtaken, intern_second);
    assert_int_equal(nodes[0], nodes[1]);
}

static void meet_libc(void)
{
    MS_CHECK(ms_modules_find(&store, (uintptr_t)&strlen) == 1);
}

static void read_the_module(void)
{
    struct ms_module m;

    MS_CHECK(ms_reader_module(&session->reader, 1, &m));
    MS_CHECK(m.start < m.end);
}

static void count_publishes_modules(void **state) // E
{
    (void)state;
    MS_RELAY(meet_libc, meet_libc);
    close_all(NULL);
    open_all(NULL);
    MS_RELAY(meet_libc, read_the_module);
}

static struct ms_loaded_module objects[3] = {
    {.start = 0x1000, .end = 0x2000, .build_id_bytes = 4, .path = "/first"},
    {.start = 0x1000, .end = 0x2000, .build_id_bytes = 4, .path = "/second"},
    {.start = 0x3000, .end = 0x4000, .path = "/third"},
};

// Compares build-ids, after it has read the count and before the lock.
static void meet_second_object(void)
{
    ms_pause_module(&objects[1]);
    ms_pause_at(MS_PAUSE_COMPARISON, 0);
    MS_CHECK(ms_modules_find(&store, 0x1111) == 3);
}

static void meet_third_object(void)
{
    ms_pause_module(&objects[2]);
    MS_CHECK(ms_modules_find(&store, 0x3333) == 2);
}

static void lock_hands_the_list_on(void **state) // F
{
    (void)state;
    objects[0].build_id = (const uint8_t *)"once";
    objects[1].build_id = (const uint8_t *)"anew";
    ms_pause_module(&objects[0]);
    assert_int_equal(ms_modules_find(&store, 0x1111), 1);
    ms_pause_module(NULL);
    MS_RELAY(meet_second_object, meet_third_object);
}

static struct ms_prepared prepared;
static int other_fd;

static void create_a_store(void)
{
    struct ms_store other;

    MS_CHECK(ms_store_create(&other, MS_BACKEND_LOCKFREE) == 0);
    close(other.fd);
}

static void open_a_reader(void)
{
    struct ms_reader r;

    MS_CHECK(ms_reader_open(&r, other_fd) == MEMSCOPE_OK);
    MS_CHECK(r.head.pid == (uint32_t)getpid());
    MS_CHECK(r.head.backend == MS_BACKEND_LOCKFREE);
    close(other_fd);
}

static void state_publishes_the_header(void **state) // G
{
    (void)state;
    ms_same_memory_prepare(&prepared);
    other_fd = dup(prepared.fd);
    ms_same_memory_create(&prepared);
    MS_RELAY(create_a_store, open_a_reader);
    ms_same_memory_create(NULL);
    ms_same_memory(&store);
}

static struct ms_writer *writers[2];

static void open_slowly(void)
{
    ms_pause_at(MS_PAUSE_CLOCK, 0); // on the list, and nobody's yet
    writers[0] = open_writer(101);
}

static void open_another(void)
{
    writers[1] = ms_store_writer_open(&store, 102, no_name, everybody_is_gone);
}

static void list_publishes_writers(void **state) // H
{
    (void)state;
    MS_RELAY(open_slowly, open_another);
    assert_ptr_equal(writers[1]->next, writers[0]);
}

static void tick(void)
{
    (void)ms_session_tick(session); // of no process: it says so
    MS_CHECK(session->model.threads[0].tid == 101);
}

static void state_publishes_the_thread(void **state) // I
{
    (void)state;
    MS_RELAY(allocate_a_block, tick);
}

static void live_and_end(void)
{
    writers[0] = open_writer(101);
    ms_store_allocation(writers[0], BLOCK, 1077,
                        ms_store_stack(&store, 0x1234, 0), false);
    ms_store_writer_close(writers[0], no_name);
}

static void end_hands_the_writer_on(void **state) // I
{
    (void)state;
    MS_RELAY(live_and_end, open_another);
    assert_ptr_equal(writers[0], writers[1]);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)
    const struct CMUnitTest tests[] = {
        CASE(cell_publishes_size_and_row),
        CASE(dirty_list_publishes_rows),
        CASE(free_publishes_its_allocation),
        CASE(collector_acquires_each_free),
        CASE(hash_publishes_nodes),
        CASE(overtaken_thread_sees_the_other_node),
        CASE(count_publishes_modules),
        CASE(lock_hands_the_list_on),
        CASE(state_publishes_the_header),
        CASE(list_publishes_writers),
        CASE(state_publishes_the_thread),
        CASE(end_hands_the_writer_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
