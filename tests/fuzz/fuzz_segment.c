// SPDX-License-Identifier: MIT
//
// Any bytes in a segment, before and while it is read: nothing crashes or runs
// on for ever, and every picture adds up. An input is a list of commands: one
// byte says where, two or more bytes where exactly, one how many bytes follow;
// where 8, or 17 and up, a tick. See lay().
//
// The store and its mapping stay from one input to the next; what an input has
// touched is cleared. Pictures of everything take most of the time: they are
// drawn for one input in 64, and of types in 512.

#include "harness.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <jansson.h>

#include "engine/annotations.h"
#include "engine/export.h"
#include "engine/render.h"
#include "fake_engine.h"
#include "kept_memory.h"
#include "platform/atomics.h"
#include "runtime/annotations.h"
#include "runtime/store.h"

#define THREADS_BYTES (16 * (size_t)MS_THREAD_SLOT_BYTES)
#define ROWS_BYTES (128 * sizeof(struct ms_row))
#define PAGE ((size_t)4096)
#define TICKS_MOST 6
#define COUNTED_MOST 200u            // more of anything is only slower
#define FAR_CELL (UINT64_C(1) << 30) // another place in the index
#define TICK 8u
#define FAR_ROW 7u
#define PLACES 17u

static struct ms_store store;
static struct ms_segment_header pristine;

struct input {
    const uint8_t *p, *end;
};

struct place {
    char *at;
    size_t bytes;
};

// By what a command calls it. What comes from 9 on is on pages of its own or
// shares them with what is cleared as well.
static struct place places[PLACES];

static uint64_t number(struct input *in, size_t bytes)
{
    uint64_t n = 0;

    for (size_t i = 0; i < bytes && in->p < in->end; i++)
        n |= (uint64_t)*in->p++ << 8 * i;
    return n;
}

static void bound_count(_Atomic uint32_t *count)
{
    uint32_t n = ms_load_relaxed(count);

    if (n > COUNTED_MOST)
        ms_store_relaxed(count, n % COUNTED_MOST);
}

// What only a count names is read all the same.
static void bound(void)
{
    struct ms_segment_header *h = store.header;
    struct ms_annotations *a = store.annotations;
    uint64_t tail = ms_load_relaxed(&h->mapping_tail);

    bound_count(&h->thread_count);
    bound_count(&h->module_count);
    bound_count(&a->string_count);
    bound_count(&a->task_count);
    bound_count(&a->pool_count);
    if (ms_load_relaxed(&h->mapping_head) - tail > COUNTED_MOST)
        ms_store_relaxed(&h->mapping_head,
                         tail + (ms_load_relaxed(&h->mapping_head) - tail) %
                                    COUNTED_MOST);
}

// Carries out commands up to the next tick. False: that was the last.
static bool lay(struct input *in)
{
    while (in->p < in->end) {
        uint64_t where = number(in, 1);
        if (where == TICK || where >= PLACES)
            return true;
        struct place to = places[where];
        if (where == FAR_ROW) {
            to.at += number(in, 3) % MS_ROW_CAPACITY * sizeof(struct ms_row);
        } else {
            size_t at = number(in, 2) % to.bytes;
            to.at += at;
            to.bytes -= at;
        }
        size_t n = number(in, 1);
        n = n < to.bytes ? n : to.bytes;
        for (size_t i = 0; i < n && in->p < in->end; i++)
            to.at[i] = (char)*in->p++;
        bound();
    }
    return false;
}

static void create(void)
{
    FUZZ_CHECK(ms_store_create(&store, MS_BACKEND_CORE) == 0);
    ms_kept_store(&store);
    pristine = *store.header;
    pristine.row_count = 128;
    pristine.node_count = 256;
    pristine.thread_count = 16;
    pristine.module_count = 8;
    struct ms_annotations *a = store.annotations;
    const struct place all[PLACES] = {
        {(char *)store.header, sizeof pristine},
        {(char *)store.threads, THREADS_BYTES},
        {(char *)store.rows, ROWS_BYTES},
        {(char *)store.nodes, PAGE},
        {(char *)store.modules, PAGE},
        {(char *)store.index, PAGE},
        {(char *)store.index + FAR_CELL, PAGE},
        {(char *)store.rows, sizeof(struct ms_row)},
        {NULL, 0}, // a tick
        {(char *)a, offsetof(struct ms_annotations, moments)},
        {(char *)a->moments, 16 * sizeof *a->moments},
        {(char *)a->tasks, 16 * sizeof *a->tasks},
        {(char *)a->pools, 16 * sizeof *a->pools},
        {(char *)a->strings, 32 * sizeof *a->strings},
        {(char *)a->notes, MS_NOTE_WINDOW * sizeof *a->notes},
        {(char *)store.mappings, 64 * sizeof *store.mappings},
        {(char *)store.details, 128 * sizeof *store.details},
    };
    memcpy(places, all, sizeof places);
}

// Whole pages become holes again, those that were only read as well.
static void clear(const void *from, size_t bytes)
{
    uintptr_t low = (uintptr_t)from & ~(PAGE - 1);
    uintptr_t high = ((uintptr_t)from + bytes + PAGE - 1) & ~(PAGE - 1);

    FUZZ_CHECK(madvise((void *)low, high - low, MADV_REMOVE) == 0);
}

static void reset(void)
{
    static unsigned runs;

    if (store.header == NULL)
        create();
    // Rows, cells and nodes are anywhere in their parts.
    if (runs++ % 64 == 0) {
        clear(store.threads, store.index_bytes != 0
                                 ? pristine.index_offset - MS_HEADER_BYTES
                                 : 0);
    } else {
        for (size_t i = 0; i < PLACES; i++)
            if (i != FAR_ROW && places[i].at != NULL)
                memset(places[i].at, 0, places[i].bytes);
    }
    memset(store.header, 0, PAGE);
    *store.header = pristine;
    // What every program has: nodes, rows and threads that are sound; and a
    // window of notes in which all are shown.
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
    ms_store_relaxed(&store.annotations->note_words[0], UINT32_MAX);
}

static void regions_add_up(const struct ms_mappings *m)
{
    uint64_t bytes = 0, end = 0;

    for (size_t i = 0; i < m->count; i++) {
        FUZZ_CHECK(m->regions[i].address >= end && m->regions[i].bytes != 0);
        end = m->regions[i].address + m->regions[i].bytes;
        bytes += m->regions[i].bytes;
    }
    FUZZ_CHECK(bytes == m->totals.bytes);
    FUZZ_CHECK(m->count == m->totals.regions);
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
    regions_add_up(&s->mappings);
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

static void look_at_types(struct ms_engine *e)
{
    struct ms_type_row *types, *variables;
    size_t n, k;

    FUZZ_CHECK(ms_engine_types(e, 0, &types, &n, &variables, &k) ==
               MEMSCOPE_OK);
    for (size_t i = 0; i < n; i++)
        FUZZ_CHECK(memchr(types[i].name, '\0', sizeof types[i].name));
    free(types);
    free(variables);
}

static void look_at_details(struct ms_engine *e)
{
    struct ms_render_stream *stream;
    struct ms_matrix matrix;
    struct ms_detail detail;

    if (ms_engine_matrix(e, 0, 3, &matrix) == MEMSCOPE_OK)
        json_decref(ms_render_matrix(&matrix));
    ms_matrix_fini(&matrix);
    if (ms_engine_thread_detail(e, 0, 1, &detail) == MEMSCOPE_OK)
        json_decref(ms_render_thread_detail(&detail));
    ms_detail_fini(&detail);
    if (ms_render_site_detail(e, 0, 1, NULL, &stream) == MEMSCOPE_OK)
        read_all(stream);
    if (ms_render_changes(e, 0, "", 0, &stream) == MEMSCOPE_OK)
        read_all(stream);
}

static void look_at_annotations(struct ms_engine *e)
{
    struct ms_annotation_counts counts;
    struct ms_mappings_picture mappings;
    struct ms_group_row *groups;
    struct ms_mark_row *marks;
    size_t n;

    FUZZ_CHECK(ms_engine_groups(e, 0, &groups, &n) == MEMSCOPE_OK);
    for (size_t i = 0; i < n; i++)
        FUZZ_CHECK(memchr(groups[i].name, '\0', sizeof groups[i].name));
    free(groups);
    FUZZ_CHECK(ms_engine_marks(e, 0, &counts, &marks, &n) == MEMSCOPE_OK);
    for (size_t i = 0; i < n; i++)
        FUZZ_CHECK(memchr(marks[i].name, '\0', sizeof marks[i].name));
    free(marks);
    if (ms_engine_mappings(e, 0, &mappings) == MEMSCOPE_OK)
        free(mappings.rows);
}

// All formats of other tools, to their end.
static void export_everything(struct ms_engine *e)
{
    static char text[1 << 16];
    static const enum ms_export_format formats[] = {
        MS_EXPORT_PPROF, MS_EXPORT_COLLAPSED, MS_EXPORT_SPEEDSCOPE};
    const struct ms_at now = {.kind = MS_AT_NOW};

    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct ms_export_order order = {.format = formats[i]};
        struct ms_render_stream *stream;
        struct ms_source source;
        size_t n;
        FUZZ_CHECK(ms_source_open(e, 0, &now, &source) == MEMSCOPE_OK);
        if (i == 0) {
            order.delta = true;
            FUZZ_CHECK(ms_source_open(e, 0, &now, &order.since) == MEMSCOPE_OK);
        }
        FUZZ_CHECK(ms_render_export(&source, &order, &stream) == MEMSCOPE_OK);
        while ((n = ms_render_read(stream, text, sizeof text)) != 0)
            FUZZ_CHECK(n != SIZE_MAX);
        ms_render_close(stream);
    }
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
    export_everything(e);
    FUZZ_CHECK(ms_engine_history(e, 0, MS_STEP_100MS, 0, &samples, &count) ==
               MEMSCOPE_OK);
    free(samples);
    look_at_annotations(e);
    look_at_details(e);
}

// Of each 2^bits inputs, one is chosen by its bytes, so that what is found is
// found again; by a replay, each is.
static bool is_chosen(struct input in, unsigned bits)
{
#ifdef MS_FUZZ_REPLAY
    (void)in;
    (void)bits;
    return true;
#else
    uint64_t hash = 0;

    for (; in.p < in.end; in.p++)
        hash = (hash ^ *in.p) * UINT64_C(0x9E3779B97F4A7C15);
    return hash >> (64 - bits) == 0;
#endif
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
        ms_engine_take_requested(e, s);
        picture_adds_up(s);
        if (!more)
            break;
        more = lay(&in);
    }
    if (is_chosen((struct input){data, data + size}, 6))
        look_at_everything(e);
    if (is_chosen((struct input){data, data + size}, 9))
        look_at_types(e);
    ms_session_finish(s, 0, "exit");
    picture_adds_up(s);
    ms_fake_engine_destroy(e);
    return 0;
}
