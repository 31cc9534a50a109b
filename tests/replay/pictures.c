// SPDX-License-Identifier: MIT
// See pictures.h.

#include "pictures.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/details.h"
#include "engine/diff.h"
#include "engine/matrix.h"

static void print_sites(const struct ms_site_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf("%s[%u,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64
               ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]",
               i != 0 ? "," : "", rows[i].id, rows[i].address,
               rows[i].live_bytes, rows[i].live_blocks, rows[i].alloc_bytes,
               rows[i].alloc_count, rows[i].free_bytes, rows[i].free_count,
               rows[i].realloc_count, rows[i].temporary_count);
}

static void print_threads(const struct ms_thread_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf("%s[%u,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64
               ",%" PRIu64 ",%" PRIu64 "]",
               i != 0 ? "," : "", rows[i].id, rows[i].live_bytes,
               rows[i].live_blocks, rows[i].alloc_bytes, rows[i].alloc_count,
               rows[i].free_bytes, rows[i].free_count, rows[i].cross_frees);
}

static void print_stacks(struct ms_engine *engine, const char *name,
                         uint64_t since)
{
    struct ms_stack_row *rows;
    size_t count;
    uint64_t seq;

    if (ms_engine_stack_rows(engine, 1, since, &rows, &count, &seq) !=
        MEMSCOPE_OK)
        abort();
    printf(",\"%s\":[", name);
    for (size_t i = 0; i < count; i++)
        printf("%s[%u,%u,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64
               ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]",
               i != 0 ? "," : "", rows[i].id, rows[i].site, rows[i].live_bytes,
               rows[i].live_blocks, rows[i].alloc_bytes, rows[i].alloc_count,
               rows[i].free_bytes, rows[i].free_count, rows[i].realloc_count,
               rows[i].temporary_count);
    printf("]");
    free(rows);
}

// What is not 0 of one site's or thread's histograms.
static void print_detail(const struct ms_detail *d, uint32_t id, bool first)
{
    const char *comma = "";

    printf("%s[%u,[", first ? "" : ",", id);
    for (size_t b = 0; b < MS_HISTOGRAM_LIFETIMES; b++) {
        if (d->histograms.lifetime_count[b] == 0)
            continue;
        printf("%s[%zu,%" PRIu64 "]", comma, b,
               d->histograms.lifetime_count[b]);
        comma = ",";
    }
    printf("],[");
    comma = "";
    for (size_t c = 0; c < MS_HISTOGRAM_SIZES; c++) {
        if (d->size_alloc_count[c] == 0)
            continue;
        printf("%s[%zu,%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]", comma, c,
               d->histograms.size_live_bytes[c],
               d->histograms.size_live_blocks[c], d->size_alloc_count[c]);
        comma = ",";
    }
    printf("]]");
}

// The histograms of each site and of each thread.
static void print_details(struct ms_engine *engine)
{
    struct ms_detail d;

    printf(",\"site_details\":[");
    for (uint32_t i = 1; ms_engine_site_detail(engine, 1, i, &d) == MEMSCOPE_OK;
         i++) {
        print_detail(&d, i, i == 1);
        ms_detail_fini(&d);
    }
    printf("],\"thread_details\":[");
    for (uint32_t i = 1;
         ms_engine_thread_detail(engine, 1, i, &d) == MEMSCOPE_OK; i++) {
        print_detail(&d, i, i == 1);
        ms_detail_fini(&d);
    }
    printf("]");
}

// By threads and all others.
static void print_matrix(struct ms_engine *engine, size_t threads)
{
    struct ms_matrix x;

    if (ms_engine_matrix(engine, 1, threads, &x) != MEMSCOPE_OK)
        abort();
    printf(",\"matrix\":[[");
    for (size_t i = 0; i < x.count; i++)
        printf("%s%u", i != 0 ? "," : "", x.threads[i].id);
    printf("],[");
    for (size_t i = 0; i < (x.count + 1) * (x.count + 1); i++)
        printf("%s[%" PRIu64 ",%" PRIu64 "]", i != 0 ? "," : "",
               x.cells[i].blocks, x.cells[i].bytes);
    printf("]]");
    ms_matrix_fini(&x);
}

static void print_heap(const struct ms_stats *stats)
{
    const struct ms_heap_totals *h = &stats->heap;

    printf("\"heap\":[%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64
           ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "],\"peak\":%" PRIu64
           ",\"unknown_frees\":%" PRIu64,
           h->live_bytes, h->live_blocks, h->alloc_bytes_total,
           h->alloc_count_total, h->free_bytes_total, h->free_count_total,
           h->realloc_count_total, h->temporary_count_total, h->peak_bytes,
           stats->capture.unknown_frees);
}

static void print_histograms(const struct ms_histograms *h)
{
    printf(",\"sizes\":[");
    for (size_t c = 0; c < MS_HISTOGRAM_SIZES; c++)
        printf("%s[%" PRIu64 ",%" PRIu64 "]", c != 0 ? "," : "",
               h->size_live_bytes[c], h->size_live_blocks[c]);
    printf("],\"lifetimes\":[");
    for (size_t b = 0; b < MS_HISTOGRAM_LIFETIMES; b++)
        printf("%s%" PRIu64, b != 0 ? "," : "", h->lifetime_count[b]);
    printf("]");
}

static void print_blocks(struct ms_engine *engine)
{
    struct ms_block_walk *walk;
    struct ms_block blocks[16];
    size_t n, all = 0;

    if (ms_block_walk_create(engine, 1, &walk) != MEMSCOPE_OK)
        abort();
    printf(",\"blocks\":[");
    while ((n = ms_block_walk_next(walk, blocks, 16)) != 0)
        for (size_t i = 0; i < n; i++, all++)
            printf("%s[%" PRIu64 ",%" PRIu64 ",%u,%u]", all != 0 ? "," : "",
                   blocks[i].address, blocks[i].size, blocks[i].site,
                   blocks[i].thread);
    ms_block_walk_destroy(walk);
    printf("]");
}

void print_picture(struct ms_engine *engine, const char *kind,
                   uint64_t *shown_seq, size_t matrix_threads)
{
    struct ms_site_row *sites;
    struct ms_thread_row *threads;
    struct ms_stats stats;
    struct ms_histograms histograms;
    size_t count;
    uint64_t seq = 0, since[] = {0, *shown_seq};
    static const char *const names[][2] = {{"sites", "threads"},
                                           {"site_delta", "thread_delta"}};

    if (ms_engine_stats(engine, 1, 0, &stats) != MEMSCOPE_OK ||
        ms_engine_histograms(engine, 1, &histograms) != MEMSCOPE_OK)
        abort();
    printf("P %s {", kind);
    print_heap(&stats);
    for (size_t i = 0; i < 2; i++) {
        if (ms_engine_sites(engine, 1, since[i], &sites, &count, &seq) !=
            MEMSCOPE_OK)
            abort();
        printf(",\"%s\":[", names[i][0]);
        print_sites(sites, count);
        free(sites);
        if (ms_engine_threads(engine, 1, since[i], &threads, &count, &seq) !=
            MEMSCOPE_OK)
            abort();
        printf("],\"%s\":[", names[i][1]);
        print_threads(threads, count);
        printf("]");
        free(threads);
    }
    print_stacks(engine, "stacks", 0);
    print_stacks(engine, "stack_delta", *shown_seq);
    *shown_seq = seq;
    print_histograms(&histograms);
    print_matrix(engine, matrix_threads);
    if (strcmp(kind, "end") == 0)
        print_details(engine);
    print_blocks(engine);
    printf("}\n");
}

void print_snapshot(const struct ms_snapshot *snapshot)
{
    printf("P snapshot {");
    print_heap(&snapshot->stats);
    printf(",\"sites\":[");
    print_sites(snapshot->sites, snapshot->site_count);
    printf("],\"threads\":[");
    print_threads(snapshot->threads, snapshot->thread_count);
    printf("]}\n");
}

static void print_numbers(const uint32_t ids[2],
                          const struct ms_diff_numbers numbers[2], bool first)
{
    printf("%s[%u,%u", first ? "" : ",", ids[0], ids[1]);
    for (size_t k = 0; k < 2; k++)
        printf(",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64
               ",%" PRIu64,
               numbers[k].live_bytes, numbers[k].live_blocks,
               numbers[k].alloc_bytes, numbers[k].alloc_count,
               numbers[k].free_bytes, numbers[k].free_count);
    printf("]");
}

void print_diff(struct ms_engine *engine, const struct ms_snapshot *snapshot)
{
    const struct ms_snapshot *now;
    struct ms_diff d;

    if (ms_snapshot_copy(engine, 1, &now) != MEMSCOPE_OK ||
        ms_diff_make(snapshot, now, &d) != MEMSCOPE_OK)
        abort();
    printf("P diff {\"sites\":[");
    for (size_t i = 0; i < d.site_count; i++)
        print_numbers(d.sites[i].ids, d.sites[i].numbers, i == 0);
    printf("],\"threads\":[");
    for (size_t i = 0; i < d.thread_count; i++)
        print_numbers(d.threads[i].ids, d.threads[i].numbers, i == 0);
    printf("]}\n");
    ms_diff_fini(&d);
    ms_snapshot_release(engine, now);
}
