// SPDX-License-Identifier: MIT
// See roots.h for the contract.

#include "analysis/roots.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/scan_threads.h"
#include "platform/atomics.h"
#include "platform/clock.h"
#include "platform/memory.h"

#define PAGE UINT64_C(4096)
#define PAGES 256u                       // read at once
#define ARENA_BYTES (UINT64_C(64) << 20) // of glibc: where its arenas begin
#define SPARSE_BYTES ((size_t)256 << 10) // from which on pages are looked at

// What is left out of the roots, in order of address.
struct gaps {
    struct ms_span *spans;
    size_t count, room;
    size_t at; // the first that is not below where we are
};

static bool go_on(struct ms_scan_memory *m)
{
    if (m->failure != NULL)
        return false;
    if (atomic_load_explicit(m->stop, memory_order_relaxed)) // a mere flag
        m->failure = "the engine ends";
    else if (ms_clock_monotonic_ns() > m->deadline_ns)
        m->failure = "it took too long";
    return m->failure == NULL;
}

// One part, page by page where need be.
static bool read_slowly(struct ms_scan_memory *m,
                        const struct ms_memory_part *part, char *out)
{
    bool present[512];
    size_t done = 0;

    memset(out, 0, part->bytes);
    while (done < part->bytes) {
        uint64_t address = part->address + done;
        size_t bytes = (size_t)(PAGE - address % PAGE);
        if (bytes > part->bytes - done)
            bytes = part->bytes - done;
        struct ms_memory_part page = {address, bytes};
        if ((!ms_process_present(m->pagemap, address, 1, present) ||
             present[0]) &&
            ms_process_read(m->pid, &page, 1, out + done) == SIZE_MAX) {
            m->failure = "the program's memory cannot be read";
            return false;
        }
        done += bytes;
    }
    return true;
}

bool ms_scan_read(void *arg, const struct ms_memory_part *parts, size_t count,
                  void *out)
{
    struct ms_scan_memory *m = arg;
    char *to = out;
    size_t i = 0;

    if (!go_on(m))
        return false;
    while (i < count) {
        size_t n = 0;
        if (parts[i].bytes < SPARSE_BYTES) {
            n = ms_process_read(m->pid, parts + i, count - i, to);
            if (n == SIZE_MAX) {
                m->failure = "the program's memory cannot be read";
                return false;
            }
        }
        m->block_bytes += n;
        for (; i < count && n >= parts[i].bytes; i++) {
            n -= parts[i].bytes;
            to += parts[i].bytes;
        }
        if (i == count)
            break;
        if (!read_slowly(m, &parts[i], to))
            return false;
        m->block_bytes += parts[i].bytes;
        to += parts[i++].bytes;
    }
    return true;
}

static bool add_gap(struct gaps *g, uint64_t start, uint64_t end)
{
    if (start >= end)
        return true;
    if (g->count == g->room)
        return false;
    g->spans[g->count++] = (struct ms_span){start, end};
    return true;
}

static int by_start(const void *a, const void *b)
{
    const struct ms_span *x = a, *y = b;

    return (x->start > y->start) - (x->start < y->start);
}

// The parts of the address space in which blocks live, or have lived: there
// the live index is populated.
static void add_heap(struct ms_session *s, struct gaps *g)
{
    const struct ms_segment_header *h = &s->reader.head;
    uint64_t begin = h->index_offset, end = 0;

    while (begin < h->index_offset + h->index_bytes && g->count < g->room &&
           ms_shared_next_data(s->reader.fd, begin, &begin, &end)) {
        uint64_t low = begin > h->index_offset ? begin - h->index_offset : 0;
        (void)add_gap(g, low / 8 << MS_GRANULE_SHIFT,
                      (end - h->index_offset) / 8 << MS_GRANULE_SHIFT);
        begin = end;
    }
}

static bool find_gaps(struct ms_scan_memory *m, const struct ms_reach *reach,
                      const struct ms_scan_threads *threads, struct gaps *g)
{
    g->room = reach->count + threads->dead_count + 65536;
    g->spans = ms_memory_map_wiped(g->room * sizeof *g->spans);
    if (g->spans == NULL)
        return false;
    for (size_t i = 0; i < threads->dead_count; i++)
        (void)add_gap(g, threads->dead[i].start, threads->dead[i].end);
    for (size_t i = 0; i < reach->count; i++)
        (void)add_gap(g, reach->blocks[i].address,
                      reach->blocks[i].address + reach->blocks[i].size);
    add_heap(m->session, g);
    qsort(g->spans, g->count, sizeof *g->spans, by_start);
    return true;
}

static bool read_words(struct ms_scan_memory *m, struct ms_reach *reach,
                       uint64_t start, uint64_t end, bool allocator)
{
    struct ms_memory_part part = {start, (size_t)(end - start)};
    size_t n = ms_process_read(m->pid, &part, 1, reach->buffer);

    if (n == SIZE_MAX) {
        m->failure = "the program's memory cannot be read";
        return false;
    }
    m->root_bytes += n;
    ms_reach_roots(reach, reach->buffer, n / 8, allocator);
    return true; // the rest, if any, has gone, or was never to be read
}

// A range that is all roots, as far as its pages hold anything.
static bool read_range(struct ms_scan_memory *m, struct ms_reach *reach,
                       uint64_t start, uint64_t end, bool allocator)
{
    bool present[512];

    start = (start + 7) & ~UINT64_C(7);
    while (start < end) {
        if (!go_on(m))
            return false;
        uint64_t first = start & ~(PAGE - 1);
        uint64_t stop = first + PAGES * PAGE < end ? first + PAGES * PAGE : end;
        size_t pages = (size_t)((stop - first + PAGE - 1) / PAGE);
        bool known = ms_process_present(m->pagemap, first, pages, present);
        for (size_t i = 0; i < pages;) {
            size_t from = i;
            if (known && !present[i]) {
                i++;
                continue;
            }
            while (i < pages && (!known || present[i]))
                i++;
            uint64_t low = first + from * PAGE, high = first + i * PAGE;
            low = low > start ? low : start;
            high = high < stop ? high : stop;
            if (low < high && !read_words(m, reach, low, high, allocator))
                return false;
        }
        start = stop;
    }
    return true;
}

// Areas come in order of address, and so do the gaps.
static bool read_between(struct ms_scan_memory *m, struct ms_reach *reach,
                         struct gaps *g, const struct ms_memory_area *a)
{
    uint64_t start = a->start;

    while (g->at < g->count && g->spans[g->at].end <= start)
        g->at++;
    for (size_t i = g->at; i < g->count && g->spans[i].start < a->end; i++) {
        if (g->spans[i].start > start &&
            !read_range(m, reach, start, g->spans[i].start, false))
            return false;
        if (g->spans[i].end > start)
            start = g->spans[i].end;
    }
    return start >= a->end || read_range(m, reach, start, a->end, false);
}

static bool is_arena(struct ms_session *s, const struct ms_memory_area *a)
{
    const struct ms_segment_header *h = &s->reader.head;
    uint64_t begin, end;
    uint64_t low = h->index_offset + (a->start >> MS_GRANULE_SHIFT) * 8;
    uint64_t high = h->index_offset + (a->end >> MS_GRANULE_SHIFT) * 8;

    if (a->kind != MS_AREA_ANONYMOUS || a->start % ARENA_BYTES != 0)
        return false;
    return h->index_bytes == 0 || // it cannot be told: they are rare otherwise
           (ms_shared_next_data(s->reader.fd, low, &begin, &end) &&
            begin < high);
}

// libc's own data has the lists of free chunks.
static bool is_of_libc(struct ms_session *s, const struct ms_memory_area *a)
{
    bool yes = false;

    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->module_count && !yes; i++) {
        const struct ms_session_module *m = &s->modules[i];
        yes = a->start >= m->module.start && a->start < m->module.end &&
              strncmp(m->name, "libc.so", 7) == 0;
    }
    pthread_mutex_unlock(&s->lock);
    return yes;
}

static bool is_own_stack(const struct ms_scan_threads *t,
                         const struct ms_memory_area *a)
{
    for (size_t i = 0; i < t->own_count; i++)
        if (t->own[i] >= a->start && t->own[i] < a->end)
            return true;
    return false;
}

static bool read_area(struct ms_scan_memory *m, struct ms_reach *reach,
                      struct gaps *g, const struct ms_memory_area *a)
{
    if (!a->readable || !a->writable || a->kind == MS_AREA_OWN ||
        a->kind == MS_AREA_HEAP || is_arena(m->session, a))
        return true;
    if (a->kind == MS_AREA_FILE)
        return read_range(m, reach, a->start, a->end,
                          is_of_libc(m->session, a));
    return read_between(m, reach, g, a);
}

bool ms_scan_roots(struct ms_scan_memory *m, struct ms_reach *reach)
{
    struct ms_scan_threads threads;
    struct ms_memory_area *areas = NULL;
    struct gaps gaps = {0};
    size_t count = 0;

    if (!ms_scan_threads_look(m, &threads)) {
        m->failure = "no memory";
        return false;
    }
    if (ms_memory_areas(m->pid, &areas, &count) != 0)
        m->failure = "the program has ended, or may not be looked at";
    else if (!find_gaps(m, reach, &threads, &gaps))
        m->failure = "no memory";
    ms_reach_roots(reach, threads.words, threads.word_count, false);
    for (size_t i = 0; i < count && m->failure == NULL; i++)
        if (!is_own_stack(&threads, &areas[i]) &&
            !read_area(m, reach, &gaps, &areas[i]))
            break;
    if (gaps.spans != NULL)
        ms_memory_unmap(gaps.spans, gaps.room * sizeof *gaps.spans);
    free(areas);
    ms_scan_threads_fini(&threads);
    return m->failure == NULL;
}
