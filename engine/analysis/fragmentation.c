// SPDX-License-Identifier: MIT
//
// fragmentation: what the heap occupies beyond what was asked for. The areas
// of the heap, as the system describes them, joined with the live blocks: what
// was asked for, what glibc makes of that, what is mapped, what is resident,
// and how much of that lies in pages where no block lives.

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine_private.h"

#include "platform/memory.h"
#include "platform/memory_areas.h"
#include "platform/process_memory.h"

#define STALE_NS UINT64_C(1000000000)
#define PAGE UINT64_C(4096)
#define ARENA_BYTES (UINT64_C(64) << 20)
#define PARTS_MOST 256u
#define BATCH 512u

struct area {
    uint64_t start, end, resident;
    enum ms_heap_kind kind;
    uint64_t first_page; // in the map of pages
    uint64_t requested, usable, blocks;
};

struct look {
    struct ms_engine *engine;
    struct ms_session *session; // held by the thread
    struct area *areas;
    size_t count;
    uint8_t *pages; // one bit each: a live block touches it
    uint64_t page_count;
    bool glibc;
};

// As glibc rounds: a chunk is 16 bytes or a multiple, 32 and more, 8 of them
// its own.
static uint64_t usable(uint64_t size)
{
    uint64_t chunk = (size + 8 + 15) & ~UINT64_C(15);

    return (chunk < 32 ? 32 : chunk) - 8;
}

static struct area *area_of(struct look *l, uint64_t address)
{
    size_t low = 0, high = l->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (l->areas[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < l->count && l->areas[low].start <= address ? &l->areas[low]
                                                            : NULL;
}

static void book(struct look *l, const struct ms_block *b)
{
    struct area *a = area_of(l, b->address);

    if (a == NULL)
        return;
    uint64_t last = b->address + (b->size != 0 ? b->size - 1 : 0);
    if (last >= a->end)
        last = a->end - 1;
    a->blocks++;
    a->requested += b->size;
    a->usable += usable(b->size);
    for (uint64_t p = (b->address - a->start) / PAGE;
         p <= (last - a->start) / PAGE; p++)
        l->pages[(a->first_page + p) / 8] |=
            (uint8_t)(1u << (a->first_page + p) % 8);
}

static bool find_areas(struct look *l)
{
    struct ms_memory_area *all;
    size_t count;

    if (ms_memory_areas(l->session->pid, &all, &count) != 0)
        return false;
    l->areas = calloc(count + 1, sizeof *l->areas);
    for (size_t i = 0; l->areas != NULL && i < count; i++) {
        const struct ms_memory_area *a = &all[i];
        if ((a->kind != MS_AREA_ANONYMOUS && a->kind != MS_AREA_HEAP) ||
            !a->writable)
            continue;
        l->areas[l->count++] = (struct area){
            .start = a->start,
            .end = a->end,
            .resident = a->resident_bytes,
            .kind = a->kind == MS_AREA_HEAP       ? MS_HEAP_BREAK
                    : a->start % ARENA_BYTES == 0 ? MS_HEAP_ARENA
                                                  : MS_HEAP_MAPPED,
            .first_page = l->page_count,
        };
        l->page_count += (a->end - a->start) / PAGE;
    }
    free(all);
    l->pages = ms_memory_map(l->page_count / 8 + 1);
    return l->areas != NULL && l->pages != NULL;
}

static bool walk(struct look *l)
{
    struct ms_block batch[BATCH];
    struct ms_block_walk *w;
    size_t n;

    if (ms_block_walk_create(l->engine, l->session->id, &w) != MEMSCOPE_OK)
        return false;
    while ((n = ms_block_walk_next(w, batch, BATCH)) != 0)
        for (size_t i = 0; i < n; i++)
            book(l, &batch[i]);
    ms_block_walk_destroy(w);
    return true;
}

// Resident pages of an area that no live block touches.
static uint64_t empty_bytes(const struct look *l, const struct area *a,
                            int pagemap)
{
    uint64_t pages = (a->end - a->start) / PAGE, empty = 0;
    bool present[512];

    for (uint64_t first = 0; first < pages; first += 512) {
        size_t n = pages - first < 512 ? (size_t)(pages - first) : 512;
        if (!ms_process_present(pagemap, a->start + first * PAGE, n, present))
            return UINT64_MAX;
        for (size_t i = 0; i < n; i++) {
            uint64_t p = a->first_page + first + i;
            empty += present[i] && (l->pages[p / 8] >> p % 8 & 1) == 0;
        }
    }
    return empty * PAGE;
}

static void add(struct ms_heap_part *to, const struct look *l,
                const struct area *a, uint64_t empty)
{
    to->areas++;
    to->mapped_bytes += a->end - a->start;
    to->resident_bytes += a->resident;
    if (empty != UINT64_MAX && to->empty_bytes != UINT64_MAX)
        to->empty_bytes += empty;
    else
        to->empty_bytes = UINT64_MAX;
    to->requested_bytes += a->requested;
    to->usable_bytes = l->glibc ? to->usable_bytes + a->usable : UINT64_MAX;
    to->blocks += a->blocks;
}

static int by_resident(const void *a, const void *b)
{
    const struct ms_heap_part *x = a, *y = b;

    return (x->resident_bytes < y->resident_bytes) -
           (x->resident_bytes > y->resident_bytes);
}

// Mapped ones are one part; of the arenas, each that there is room for.
static bool sum_up(struct look *l, struct ms_fragmentation *out)
{
    int pagemap = ms_process_pagemap(l->session->pid);
    struct ms_heap_part mapped = {.kind = MS_HEAP_MAPPED};

    out->parts = calloc(PARTS_MOST + 1, sizeof *out->parts);
    for (size_t i = 0; out->parts != NULL && i < l->count; i++) {
        const struct area *a = &l->areas[i];
        // Other memory that the program has mapped is no heap.
        if (a->blocks == 0 && a->kind != MS_HEAP_BREAK)
            continue;
        uint64_t empty = empty_bytes(l, a, pagemap);
        struct ms_heap_part *to = &mapped;
        if (a->kind != MS_HEAP_MAPPED && out->part_count < PARTS_MOST) {
            to = &out->parts[out->part_count++];
            to->kind = a->kind;
            to->address = a->start;
        }
        add(to, l, a, empty);
        add(&out->all, l, a, empty);
    }
    if (pagemap >= 0)
        close(pagemap);
    if (out->parts == NULL)
        return false;
    if (mapped.areas != 0)
        out->parts[out->part_count++] = mapped;
    qsort(out->parts, out->part_count, sizeof *out->parts, by_resident);
    return true;
}

// {session lock}
static bool is_glibc(const struct ms_session *s)
{
    static const char *const others[] = {"libjemalloc", "libtcmalloc",
                                         "libmimalloc"};

    for (size_t i = 0; i < s->module_count; i++)
        for (size_t k = 0; k < sizeof others / sizeof *others; k++)
            if (strncmp(s->modules[i].name, others[k], strlen(others[k])) == 0)
                return false;
    return true;
}

static void *run(void *arg)
{
    struct look *l = arg;
    struct ms_engine *e = l->engine;
    struct ms_session *s = l->session;
    struct ms_fragmentation f = {.session = s->id};

    if (e->thread_start != NULL)
        e->thread_start();
    pthread_mutex_lock(&s->lock);
    l->glibc = is_glibc(s);
    memcpy(f.epoch, s->epoch, sizeof f.epoch);
    pthread_mutex_unlock(&s->lock);
    bool done = find_areas(l) && walk(l) && sum_up(l, &f);
    pthread_mutex_lock(&s->lock);
    if (done) {
        ms_fragmentation_fini(&s->scan.fragmentation);
        f.time_ns = ms_session_uptime_ns(s);
        s->scan.fragmentation = f;
    } else {
        ms_fragmentation_fini(&f);
    }
    s->scan.fragmentation.state = done ? MS_SCAN_DONE : MS_SCAN_FAILED;
    pthread_mutex_unlock(&s->lock);
    if (l->pages != NULL)
        ms_memory_unmap(l->pages, l->page_count / 8 + 1);
    free(l->areas);
    free(l);
    ms_scans_end(e, s);
    return NULL;
}

static void begin(struct ms_engine *e, struct ms_session *s)
{
    struct look *l = calloc(1, sizeof *l);

    if (l == NULL)
        return;
    l->engine = e;
    l->session = s;
    if (ms_scans_start(e, s, "ms-heap", run, l) == MEMSCOPE_OK)
        return;
    free(l);
    pthread_mutex_lock(&s->lock);
    s->scan.fragmentation.state = MS_SCAN_FAILED;
    pthread_mutex_unlock(&s->lock);
}

enum memscope_status ms_engine_fragmentation(struct ms_engine *e,
                                             uint32_t session,
                                             struct ms_fragmentation *out)
{
    struct ms_session *s = ms_engine_hold(e, session);
    enum memscope_status status = MEMSCOPE_OK;

    *out = (struct ms_fragmentation){0};
    if (s == NULL)
        return MEMSCOPE_ERROR_NOT_FOUND;
    pthread_mutex_lock(&s->lock);
    struct ms_fragmentation *f = &s->scan.fragmentation;
    bool make =
        s->state == MS_SESSION_RUNNING && f->state != MS_SCAN_RUNNING &&
        (f->time_ns == 0 || ms_session_uptime_ns(s) - f->time_ns > STALE_NS);
    if (make)
        f->state = MS_SCAN_RUNNING;
    *out = *f;
    out->session = s->id;
    memcpy(out->epoch, s->epoch, sizeof out->epoch);
    out->parts = calloc(f->part_count + 1, sizeof *out->parts);
    if (out->parts == NULL)
        status = MEMSCOPE_ERROR_MEMORY;
    else if (f->part_count != 0)
        memcpy(out->parts, f->parts, f->part_count * sizeof *out->parts);
    pthread_mutex_unlock(&s->lock);
    if (make)
        begin(e, s);
    ms_engine_let_go(e, s);
    return status;
}

void ms_fragmentation_fini(struct ms_fragmentation *f)
{
    free(f->parts);
    f->parts = NULL;
    f->part_count = 0;
}
