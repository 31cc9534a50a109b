// SPDX-License-Identifier: MIT
//
// A segment written by somebody hostile: counted as damaged, never believed.

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_engine.h"
#include "platform/atomics.h"
#include "runtime/store.h"

static struct ms_store store;
static struct ms_reader reader;

static int open_store(void **state)
{
    (void)state;
    if (ms_store_create(&store, MS_BACKEND_CORE) != 0 ||
        ms_reader_open(&reader, dup(store.fd)) != MEMSCOPE_OK)
        return -1;
    store.header->thread_count = 3;
    store.header->row_count = 77;
    store.header->node_count = 9;
    return 0;
}

static int close_store(void **state)
{
    (void)state;
    ms_reader_close(&reader);
    ms_store_destroy(&store);
    return 0;
}

static int count_descriptors(void)
{
    int n = 0;

    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void assert_refused(int fd)
{
    struct ms_reader r;
    int before = count_descriptors();

    assert_int_equal(ms_reader_open(&r, fd), MEMSCOPE_ERROR_FORMAT);
    assert_int_equal(count_descriptors(), before - 1);
}

static void each_wrong_constant_is_refused(void **state)
{
    (void)state;
    struct ms_segment_header *h = store.header;
    struct ms_segment_header good;
    uint32_t *const narrow[] = {
        &h->version,         &h->header_bytes,  &h->thread_capacity,
        &h->row_capacity,    &h->node_capacity, &h->module_capacity,
        &h->recorder_events, &h->granule_shift,
    };
    uint64_t *const wide[] = {
        &h->magic,        &h->total_bytes,    &h->index_offset,
        &h->index_bytes,  &h->threads_offset, &h->rows_offset,
        &h->nodes_offset, &h->modules_offset, &h->recorders_offset,
    };

    memcpy(&good, h, sizeof good);
    for (size_t i = 0; i < sizeof narrow / sizeof *narrow; i++) {
        *narrow[i] += 1;
        assert_refused(dup(store.fd));
        memcpy(h, &good, sizeof good);
    }
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
        const uint64_t bad[] = {*wide[i] + 1, UINT64_MAX - 4095, 0,
                                UINT64_C(1) << 63};
        for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
            *wide[i] = bad[k];
            assert_refused(dup(store.fd));
            memcpy(h, &good, sizeof good);
        }
    }
    h->backend = MS_BACKEND_CUSTOM + 1;
    assert_refused(dup(store.fd));
    memcpy(h, &good, sizeof good);
    h->state = MS_SEGMENT_STARTING;
    assert_refused(dup(store.fd));
    h->state = MS_SEGMENT_LIVE;
    struct ms_reader r;
    assert_int_equal(ms_reader_open(&r, dup(store.fd)), MEMSCOPE_OK);
    ms_reader_close(&r);
}

static void what_is_no_sealed_file_is_refused(void **state)
{
    (void)state;
    int ends[2];
    FILE *file = tmpfile();
    int unsealed = memfd_create("memscope", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(ftruncate(unsealed, 8192), 0);
    assert_refused(dup(fileno(file)));
    assert_refused(ends[0]);
    assert_refused(ends[1]);
    assert_refused(dup(unsealed));
    // Sealed, but too short for a header.
    assert_int_equal(ftruncate(unsealed, 77), 0);
    assert_int_equal(fcntl(unsealed, F_ADD_SEALS, F_SEAL_SHRINK), 0);
    assert_refused(unsealed);
    fclose(file);
}

static void counts_never_exceed_what_there_can_be(void **state)
{
    (void)state;
    store.header->thread_count = UINT32_MAX;
    store.header->row_count = UINT32_MAX;
    store.header->node_count = UINT32_MAX;
    store.header->module_count = UINT32_MAX;
    assert_int_equal(ms_reader_threads(&reader), MS_THREAD_CAPACITY);
    assert_int_equal(ms_reader_rows(&reader), MS_ROW_CAPACITY);
    assert_int_equal(ms_reader_nodes(&reader), MS_NODE_CAPACITY);
    assert_int_equal(ms_reader_modules(&reader), MS_MODULE_CAPACITY);
}

static void row_with_a_field_out_of_range_is_no_row(void **state)
{
    (void)state;
    struct ms_row_key key;
    struct ms_row good = {
        .stack = 8, .owner = 5, .thread = 2, .size_class = 47};

    store.rows[40] = good;
    assert_true(ms_reader_row_key(&reader, 40, &key));
    assert_int_equal(key.stack, 8);
    assert_false(ms_reader_row_key(&reader, 0, &key));
    assert_false(ms_reader_row_key(&reader, MS_ROW_CAPACITY, &key));
    assert_false(ms_reader_row_key(&reader, 41, &key)); // not yet written
    store.rows[40].stack = 9;
    assert_false(ms_reader_row_key(&reader, 40, &key));
    store.rows[40] = good;
    store.rows[40].owner = MS_ROW_CAPACITY;
    assert_false(ms_reader_row_key(&reader, 40, &key));
    store.rows[40] = good;
    store.rows[40].thread = 3;
    assert_false(ms_reader_row_key(&reader, 40, &key));
    store.rows[40] = good;
    store.rows[40].size_class = MS_SIZE_CLASSES;
    assert_false(ms_reader_row_key(&reader, 40, &key));
}

static void module_text_ends_and_build_id_fits(void **state)
{
    (void)state;
    struct ms_module m, *from = ms_store_module(&store, 1);

    store.header->module_count = 2;
    memset(from->path, 'x', sizeof from->path);
    from->end = 5;
    from->build_id_bytes = 36;
    assert_true(ms_reader_module(&reader, 1, &m));
    assert_int_equal(strlen(m.path), MS_MODULE_PATH - 1);
    from->build_id_bytes = 37;
    assert_false(ms_reader_module(&reader, 1, &m));
    from->build_id_bytes = 0;
    from->start = 6;
    assert_false(ms_reader_module(&reader, 1, &m));
    assert_false(ms_reader_module(&reader, 0, &m));
    assert_false(ms_reader_module(&reader, 2, &m));
}

static void count_row(void *arg, uint32_t row)
{
    assert_in_range(row, 1, MS_ROW_CAPACITY - 1);
    *(unsigned *)arg += 1;
}

static void dirty_list_that_is_a_ring_ends(void **state)
{
    (void)state;
    unsigned rows = 0;

    store.rows[40].next_dirty = 41;
    store.rows[41].next_dirty = 40;
    ms_store_slot(&store, 1)->dirty = 40;
    ms_reader_take_dirty(&reader, 1, count_row, &rows);
    assert_in_range(rows, 2, 77);
    rows = 0;
    store.rows[50].next_dirty = 50;
    ms_store_slot(&store, 1)->dirty = 50;
    ms_reader_take_dirty(&reader, 1, count_row, &rows);
    assert_in_range(rows, 1, 77);
    assert_int_equal(ms_load_relaxed(&ms_store_slot(&store, 1)->dirty), 0);
}

// Links the two rows anew whenever one of them was taken.
static void count_and_link(void *arg, uint32_t row)
{
    count_row(arg, row);
    store.rows[40].next_dirty = 41;
    store.rows[41].next_dirty = 40;
    assert_in_range(*(unsigned *)arg, 1, 1000); // it must end
}

static void dirty_list_that_is_linked_while_read_ends(void **state)
{
    (void)state;
    unsigned rows = 0;

    ms_store_slot(&store, 1)->dirty = 40;
    count_and_link(&rows, 40);
    ms_reader_take_dirty(&reader, 1, count_and_link, &rows);
    assert_in_range(rows, 2, 78);
    assert_int_equal(reader.damaged, 1);
}

static void dirty_row_out_of_range_is_damage(void **state)
{
    (void)state;
    unsigned rows = 0;

    ms_store_slot(&store, 0)->dirty = MS_ROW_CAPACITY;
    ms_reader_take_dirty(&reader, 0, count_row, &rows);
    store.rows[40].next_dirty = UINT32_MAX - 1;
    ms_store_slot(&store, 0)->dirty = 40;
    ms_reader_take_dirty(&reader, 0, count_row, &rows);
    assert_int_equal(rows, 1);
    assert_int_equal(reader.damaged, 2);
}

// What the session makes of it.
static void assert_adds_up(const struct ms_session *s)
{
    uint64_t sites = 0, sizes = 0;

    for (size_t i = 0; i < s->model.site_count; i++)
        sites += s->model.sites[i].alloc_bytes - s->model.sites[i].free_bytes;
    for (size_t i = 0; i < MS_SIZE_CLASSES; i++)
        sizes += s->model.size_bytes[i];
    assert_int_equal(sites, s->model.heap.live_bytes);
    assert_int_equal(sizes, s->model.heap.live_bytes);
}

static void lie(uint32_t row, uint32_t owner, uint64_t allocated,
                uint64_t freed)
{
    struct ms_thread_slot *slot = ms_store_slot(&store, 1);

    store.rows[row].stack = 5;
    store.rows[row].thread = 1;
    store.rows[row].owner = owner;
    store.rows[row].alloc_bytes = allocated;
    store.rows[row].alloc_count = allocated / 10;
    store.rows[row].free_bytes = freed;
    store.rows[row].free_count = freed / 10;
    store.rows[row].next_dirty = slot->dirty != 0 ? slot->dirty : MS_DIRTY_END;
    slot->dirty = row;
}

static void counter_that_falls_is_damage(void **state)
{
    (void)state;
    struct ms_session *s;
    struct ms_engine *e = ms_fake_engine(dup(store.fd), &s);

    lie(40, 0, 770, 330);
    (void)ms_session_tick(s);
    assert_int_equal(s->model.heap.live_bytes, 440);
    lie(40, 0, 70, 30);
    (void)ms_session_tick(s);
    assert_true(s->reader.damaged >= 4);
    assert_int_equal(s->model.heap.live_bytes, 440);
    assert_adds_up(s);
    ms_fake_engine_destroy(e);
}

static void owners_that_own_each_other_add_up(void **state)
{
    (void)state;
    struct ms_session *s;
    struct ms_engine *e = ms_fake_engine(dup(store.fd), &s);

    lie(40, 41, 110, 550);
    lie(41, 40, 130, 10);
    lie(42, 42, 90, 20);
    lie(43, MS_ROW_CAPACITY - 1, 90, 20); // an owner that was never written
    (void)ms_session_tick(s);
    assert_adds_up(s);
    assert_true(s->reader.damaged > 0);
    ms_session_finish(s, 0, "exit");
    assert_adds_up(s);
    ms_fake_engine_destroy(e);
}

static void end_reads_no_row_that_was_never_written(void **state)
{
    (void)state;
    struct ms_session *s;
    struct ms_engine *e = ms_fake_engine(dup(store.fd), &s);
    const uint32_t far = MS_ROW_CAPACITY / 2 + 1;

    lie(40, 0, 770, 330);
    lie(far, 0, 110, 20);
    lie(MS_ROW_CAPACITY - 1, 0, 130, 10); // beyond the rows that count
    ms_store_slot(&store, 1)->dirty = 0;  // on no list
    store.header->row_count = MS_ROW_CAPACITY - 1;
    uint64_t before = ms_reader_used_bytes(&reader);
    ms_session_finish(s, 0, "exit");
    assert_int_equal(s->model.heap.live_bytes, 770 - 330 + 110 - 20);
    assert_adds_up(s);
    // A page or two for what is read besides; all rows would be 1 GiB.
    assert_true(ms_reader_used_bytes(&reader) < before + (1u << 20));
    ms_fake_engine_destroy(e);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_store, close_store)
    const struct CMUnitTest tests[] = {
        CASE(each_wrong_constant_is_refused),
        CASE(what_is_no_sealed_file_is_refused),
        CASE(counts_never_exceed_what_there_can_be),
        CASE(row_with_a_field_out_of_range_is_no_row),
        CASE(module_text_ends_and_build_id_fits),
        CASE(dirty_list_that_is_a_ring_ends),
        CASE(dirty_list_that_is_linked_while_read_ends),
        CASE(dirty_row_out_of_range_is_damage),
        CASE(counter_that_falls_is_damage),
        CASE(owners_that_own_each_other_add_up),
        CASE(end_reads_no_row_that_was_never_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
