// SPDX-License-Identifier: MIT
//
// The capture engine over a store of the test's own: its common case and its
// general one book alike, in the row of the block's size; a block is booked
// once; one with notes is freed the long way; and off is off, but not in a
// child.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "annotate/notes.h"
#include "capture/engine.h"
#include "capture/fast.h"
#include "capture/passing.h"
#include "open_writer.h"

#define AT(n) ((void *)(uintptr_t)(UINT64_C(0x700001000) + (n)))

static struct ms_store store;
static struct ms_writer *writer;
static const uint64_t frame[] = {0, 0x1234, 0}; // a hook's, its caller there

static int open_store(void **state)
{
    (void)state;
    if (ms_store_create(&store, MS_BACKEND_CORE) != 0)
        return -1;
    ms_runtime_backend = &ms_backend_core;
    writer = ms_open_writer(&store, 100);
    ms_guard_writer = writer;
    return writer == NULL ? -1 : 0;
}

static int close_store(void **state)
{
    (void)state;
    ms_guard_writer = NULL;
    ms_passing_always(); // and not by a store that is gone
    ms_store_destroy(&store);
    return 0;
}

static enum ms_fast fast_dealloc(const void *block, struct ms_fast_event *e)
{
    uint64_t pulse = ms_load_relaxed(&store.header->pulse);

    return ms_fast_dealloc(block, pulse, frame, e);
}

struct sums {
    uint64_t allocs, bytes, frees, free_bytes;
};

static struct sums sums_of_rows(void)
{
    struct sums sums = {0};

    for (uint32_t i = 1; i < ms_load_relaxed(&store.header->row_count); i++) {
        const struct ms_row *r = &store.rows[i];
        uint64_t count = ms_load_relaxed(&r->alloc_count);
        uint64_t bytes = ms_load_relaxed(&r->alloc_bytes);
        assert_true(bytes <= count << r->size_class);
        assert_true(r->size_class == 0 ||
                    bytes > count << (r->size_class - 1) || count == 0);
        sums.allocs += ms_load_relaxed(&r->alloc_count);
        sums.bytes += ms_load_relaxed(&r->alloc_bytes);
        sums.frees += ms_load_relaxed(&r->free_count);
        sums.free_bytes += ms_load_relaxed(&r->free_bytes);
    }
    return sums;
}

static void common_case_books_like_the_general_one(void **state)
{
    (void)state;
    struct ms_fast_event e = {0};
    unsigned common = 0;
    uint64_t bytes = 0;

    for (unsigned i = 0; i < 1000; i++) {
        size_t size = i % 50 == 0 ? 0 : i * 7 % 300;
        void *block = AT((uint64_t)(i % 8) * 512);
        bytes += size;
        enum ms_fast done = ms_fast_alloc(block, size, frame, &e);
        common += done != MS_FAST_NOT;
        if (done == MS_FAST_NOT)
            ms_capture_alloc_slow(block, size, frame);
        else if (done == MS_FAST_FOLLOW)
            ms_fast_follow(e);
        else if (done != MS_FAST_DONE)
            assert_ptr_equal(
                ms_fast_alloc_far(e.writer, block, size, frame, done), block);
        if (i < 4) // these stay
            continue;
        done = fast_dealloc(block, &e);
        common += done != MS_FAST_NOT;
        if (done == MS_FAST_NOT)
            assert_true(ms_capture_dealloc_slow(block, frame));
        else if (done == MS_FAST_FOLLOW)
            ms_fast_follow(e);
    }
    struct sums sums = sums_of_rows();
    // The four that stay are given away again, unseen: each is closed.
    assert_int_equal(sums.allocs, 1000);
    assert_int_equal(sums.bytes, bytes);
    assert_int_equal(sums.frees, 1000);
    assert_int_equal(sums.free_bytes, bytes);
    assert_true(common > 1500);
    assert_int_equal(writer->state, MS_WRITER_READY);
}

static void common_case_says_what_is_to_follow(void **state)
{
    (void)state;
    struct ms_fast_event e = {0};

    ms_capture_alloc_slow(AT(0), 40, frame);
    ms_capture_alloc_slow(AT(512), 70000, frame);
    // A row is noted beside its stack when it is met again.
    assert_int_equal(ms_fast_alloc(AT(3072), 40, frame, &e), MS_FAST_ROW);
    assert_ptr_equal(
        ms_fast_alloc_far(e.writer, AT(3072), 40, frame, MS_FAST_ROW),
        AT(3072));
    assert_int_equal(writer->state, MS_WRITER_READY);
    assert_int_equal(sums_of_rows().allocs, 3);
    ms_capture_alloc(AT(3584), 70000, frame);
    // As the collector does it.
    for (uint32_t i = ms_load_relaxed(&writer->slot->dirty); i != MS_DIRTY_END;)
        i = ms_exchange_relaxed(&store.rows[i].next_dirty, 0);
    ms_store_relaxed(&writer->slot->dirty, 0);
    assert_int_equal(ms_fast_alloc(AT(1024), 40, frame, &e), MS_FAST_FOLLOW);
    ms_fast_follow(e);
    assert_int_equal(ms_load_relaxed(&writer->slot->dirty), e.row);
    assert_int_equal(ms_fast_alloc(AT(1536), 40, frame, &e), MS_FAST_DONE);
    // What is much is posted at once.
    int64_t before = ms_load_relaxed(&store.header->posted_live_bytes);
    ms_capture_alloc(AT(2048), 70000, frame);
    assert_int_equal(ms_fast_alloc(AT(2560), 70000, frame, &e), MS_FAST_FOLLOW);
    ms_fast_follow(e);
    int64_t after = ms_load_relaxed(&store.header->posted_live_bytes);
    assert_int_equal(after - before, 40 + 40 + 70000 + 70000);
    assert_int_equal(fast_dealloc(AT(2560), &e), MS_FAST_FOLLOW);
    ms_fast_follow(e);
    assert_int_equal(after - 70000,
                     ms_load_relaxed(&store.header->posted_live_bytes));
}

static void block_of_another_thread_is_booked_in_a_row_of_its_own(void **state)
{
    (void)state;
    struct ms_fast_event e = {0};
    struct ms_writer *other = ms_open_writer(&store, 200);

    ms_capture_alloc(AT(0), 40, frame);
    ms_capture_alloc(AT(512), 40, frame);
    uint32_t theirs = ms_load_relaxed(&writer->slot->dirty);
    ms_guard_writer = other;
    ms_capture_alloc(AT(1024), 40, frame); // at its first event it does more
    assert_int_equal(fast_dealloc(AT(0), &e), MS_FAST_FAR);
    ms_fast_dealloc_far(e.writer, AT(0));
    assert_int_equal(other->state, MS_WRITER_READY);
    uint32_t ours = ms_load_relaxed(&other->slot->dirty);
    assert_int_equal(store.rows[ours].owner, theirs);
    assert_int_equal(store.rows[ours].thread, other->thread);
    assert_int_equal(ms_load_relaxed(&store.rows[ours].free_bytes), 40);
    assert_int_equal(ms_load_relaxed(&store.rows[theirs].free_count), 0);
    // Of no block at all, it is left to the general case to wonder.
    assert_int_equal(fast_dealloc(AT(0), &e), MS_FAST_NOT);
    assert_int_equal(other->state, MS_WRITER_READY);
    ms_guard_writer = writer;
    assert_true(fast_dealloc(AT(512), &e) != MS_FAST_FAR);
    assert_int_equal(ms_load_relaxed(&store.rows[theirs].free_count), 1);
}

static void block_with_notes_is_freed_the_long_way(void **state)
{
    (void)state;
    struct ms_fast_event e = {0};
    struct ms_writer *other = ms_open_writer(&store, 200);
    bool live;

    for (unsigned i = 0; i < 4; i++)
        ms_capture_alloc(AT(512 * i), 40, frame);
    assert_true(fast_dealloc(AT(0), &e) != MS_FAST_NOT);
    assert_non_null(
        ms_note_of(writer, (uint64_t)(uintptr_t)AT(512), true, &live));
    for (unsigned i = 0; i < 2; i++) {
        // It has seen by now that there are notes: so it goes by that alone.
        ms_capture_alloc_slow(AT(4096 + 512 * i), 40, frame);
        assert_int_equal(fast_dealloc(AT(512), &e), MS_FAST_NOT);
        assert_int_equal(ms_guard_writer->state, MS_WRITER_READY);
        ms_guard_writer = other;
    }
    ms_guard_writer = writer;
    assert_true(ms_capture_dealloc_slow(AT(512), frame));
    assert_null(ms_note_of(writer, (uint64_t)(uintptr_t)AT(512), false, &live));
    assert_false(live);
}

static void block_that_its_allocator_has_shown_counts_once(void **state)
{
    (void)state;
    ms_capture_alloc(AT(0), 40, frame); // the malloc that a calloc has called
    ms_capture_alloc(AT(0), 40, frame);
    assert_int_equal(sums_of_rows().allocs, 1);
    ms_capture_alloc(AT(512), 4000, frame);
    ms_capture_alloc(AT(512), 4000, frame);
    assert_int_equal(sums_of_rows().allocs, 2);
    assert_int_equal(sums_of_rows().bytes, 4040);
    // Another size is another block: the free of the first went unseen.
    ms_capture_alloc(AT(512), 4100, frame);
    assert_int_equal(sums_of_rows().allocs, 3);
    assert_int_equal(sums_of_rows().frees, 1);
}

static void off_lets_everything_pass_but_not_in_a_child(void **state)
{
    (void)state;
    ms_passing_follow(&store.header->pulse);
    assert_false(ms_passing_now());
    ms_control_set(store.header, MS_MODE_OFF, 0);
    assert_true(ms_passing_now());
    pid_t child = fork();
    if (child == 0)
        _exit(ms_passing_now() ? 1 : 0); // it has a session of its own to begin
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    ms_control_set(store.header, MS_MODE_EXACT, 0);
    assert_false(ms_passing_now());
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_store, close_store)
    const struct CMUnitTest tests[] = {
        CASE(common_case_books_like_the_general_one),
        CASE(common_case_says_what_is_to_follow),
        CASE(block_of_another_thread_is_booked_in_a_row_of_its_own),
        CASE(block_with_notes_is_freed_the_long_way),
        CASE(block_that_its_allocator_has_shown_counts_once),
        CASE(off_lets_everything_pass_but_not_in_a_child),
    };
#undef CASE

    return cmocka_run_group_tests(tests, NULL, NULL);
}
