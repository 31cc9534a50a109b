// SPDX-License-Identifier: MIT
//
// Any bytes in a segment, before and while it is read: nothing crashes or runs
// on for ever, and every picture adds up. An input is a list of commands: one
// byte says where, two or more bytes where exactly, one how many bytes follow;
// where 8 and up, a tick. See lay().

#include "harness.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <jansson.h>

#include "engine/render.h"
#include "fake_engine.h"
#include "runtime/store.h"

#define THREADS_BYTES (16 * (size_t)MS_THREAD_SLOT_BYTES)
#define ROWS_BYTES (128 * sizeof(struct ms_row))
#define PAGE ((size_t)4096)
#define TICKS_MOST 6
#define THREADS_MOST 600u            // more is only slower
#define FAR_CELL (UINT64_C(1) << 30) // another place in the index

static struct ms_store store;
static struct ms_segment_header pristine;

struct input {
    const uint8_t *p, *end;
};

static uint64_t number(struct input *in, size_t bytes)
{
    uint64_t n = 0;

    for (size_t i = 0; i < bytes && in->p < in->end; i++)
        n |= (uint64_t)*in->p++ << 8 * i;
    return n;
}

static void bound(void)
{
    struct ms_segment_header *h = store.header;

    // Slots that only a count names are read all the same.
    if (h->thread_count > THREADS_MOST)
        h->thread_count = h->thread_count % THREADS_MOST;
}

// Carries out commands up to the next tick. False: that was the last.
static bool lay(struct input *in)
{
    char *const places[] = {
        (char *)store.header,
        (char *)store.threads,
        (char *)store.rows,
        (char *)store.nodes,
        (char *)store.modules,
        (char *)store.index,
        (char *)store.index + FAR_CELL,
        (char *)store.rows,
    };
    const size_t sizes[] = {
        sizeof pristine, THREADS_BYTES, ROWS_BYTES, PAGE, PAGE, PAGE, PAGE};

    while (in->p < in->end) {
        uint64_t where = number(in, 1);
        if (where >= 8)
            return true;
        size_t at =
            where == 7 ? number(in, 3) % MS_ROW_CAPACITY * sizeof(struct ms_row)
                       : number(in, 2) % sizes[where];
        size_t n = number(in, 1);
        size_t room = where == 7 ? sizeof(struct ms_row) : sizes[where] - at;
        n = n < room ? n : room;
        for (size_t i = 0; i < n && in->p < in->end; i++)
            places[where][at + i] = (char)*in->p++;
        bound();
    }
    return false;
}

static void reset(void)
{
    // Far rows leave pages behind: the store is made anew now and then.
    static unsigned runs;

    if (runs++ % 512 == 0) {
        if (store.header != NULL)
            ms_store_destroy(&store);
        FUZZ_CHECK(ms_store_create(&store, MS_BACKEND_CORE) == 0);
        pristine = *store.header;
        pristine.row_count = 128;
        pristine.node_count = 256;
        pristine.thread_count = 16;
        pristine.module_count = 8;
    }
    memset(store.header, 0, PAGE);
    *store.header = pristine;
    memset(store.threads, 0, THREADS_BYTES);
    memset(store.rows, 0, ROWS_BYTES);
    memset(store.nodes, 0, PAGE);
    memset(store.modules, 0, PAGE);
    memset((char *)store.index, 0, PAGE);
    memset((char *)store.index + FAR_CELL, 0, PAGE);
    // What every program has: nodes, rows and threads that are sound.
    for (uint32_t i = 1; i < 256; i++)
        store.nodes[i].address = 0x400000 + i;
    for (uint32_t i = 1; i < 128; i++) {
        store.rows[i].stack = i;
        store.rows[i].thread = (uint16_t)(i % 16);
        store.rows[i].size_class = (uint8_t)(i % MS_SIZE_CLASSES);
    }
    for (uint32_t i = 0; i < 16; i++) {
        ms_store_slot(&store, i)->state = MS_THREAD_LIVE;
        ms_store_slot(&store, i)->dirty = i + 1;
    }
}

static void picture_adds_up(const struct ms_session *s)
{
    const struct ms_model *m = &s->model;
    uint64_t sites = 0, threads = 0, sizes = 0, blocks = 0, stacks = 0;

    for (size_t i = 0; i < m->site_count; i++)
        sites += m->sites[i].alloc_bytes - m->sites[i].free_bytes;
    for (size_t i = 0; i < m->thread_count; i++)
        threads += m->threads[i].alloc_bytes - m->threads[i].free_bytes;
    for (size_t i = 0; i < MS_SIZE_CLASSES; i++) {
        sizes += m->size_bytes[i];
        blocks += m->size_blocks[i];
    }
    for (uint32_t i = 0; i < m->stacks.count; i++) {
        const struct ms_stack_sums *t = ms_stack_table_at(&m->stacks, i);
        stacks += t->alloc_bytes - t->free_bytes;
    }
    FUZZ_CHECK(stacks == m->heap.live_bytes);
    FUZZ_CHECK(sites == m->heap.live_bytes);
    FUZZ_CHECK(threads == m->heap.live_bytes);
    FUZZ_CHECK(sizes == m->heap.live_bytes);
    FUZZ_CHECK(blocks == m->heap.live_blocks);
}

// Reads a stream to its end: it must be JSON.
static void read_all(struct ms_render_stream *stream)
{
    static char text[1 << 22];
    size_t n, all = 0;

    while ((n = ms_render_read(stream, text + all, sizeof text - all)) != 0) {
        FUZZ_CHECK(n != SIZE_MAX);
        all += n;
    }
    ms_render_close(stream);
    if (all == sizeof text)
        return;
    json_t *o = json_loadb(text, all, JSON_REJECT_DUPLICATES, NULL);
    FUZZ_CHECK(o != NULL);
    json_decref(o);
}

static void look_at_everything(struct ms_engine *e)
{
    struct ms_render_stream *blocks; // or a flame graph
    const struct ms_snapshot *snapshot;
    struct ms_sample *samples;
    size_t count;

    if (ms_snapshot_take(e, 0, "", &snapshot) != MEMSCOPE_OK)
        return; // before the first tick
    read_all(ms_render_snapshot(snapshot));
    ms_snapshot_release(e, snapshot);
    FUZZ_CHECK(ms_render_blocks(e, 0, &blocks) == MEMSCOPE_OK);
    read_all(blocks);
    struct ms_flame_order order = {.by_line = true};
    for (int i = 0; i < 2; i++, order.inverted = true) {
        FUZZ_CHECK(ms_render_flame(e, &order, &blocks) == MEMSCOPE_OK);
        read_all(blocks);
    }
    FUZZ_CHECK(ms_engine_history(e, 0, MS_STEP_100MS, 0, &samples, &count) ==
               MEMSCOPE_OK);
    free(samples);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, data + size};
    struct ms_session *s;

    reset();
    bool more = lay(&in);
    struct ms_engine *e = ms_fake_engine(dup(store.fd), &s);
    if (e == NULL)
        return 0;
    for (int i = 0; i < TICKS_MOST; i++) {
        (void)ms_session_tick(s);
        picture_adds_up(s);
        if (!more)
            break;
        more = lay(&in);
    }
    look_at_everything(e);
    ms_session_finish(s, 0, "exit");
    picture_adds_up(s);
    ms_fake_engine_destroy(e);
    return 0;
}
