// SPDX-License-Identifier: MIT
//
// snapshots: how fast snapshots go out and come in, and what the past costs,
// beside a floor for each in the same run: reading the same bytes from a file
// (export), the parser alone (import), copying the rows that changed (past).
// CPU time of this thread; the best of some rounds. Prints one JSON object.
//
//   snapshots [SITES]

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <yajl/yajl_parse.h>

#include "engine/import.h"
#include "engine/moment.h"
#include "engine/render.h"
#include "session.h"

#define ROUNDS 5
#define PIECE 65536u

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void need(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "snapshots: %s\n", what);
    exit(1);
}

static void *zeroed(size_t count, size_t bytes)
{
    void *memory = calloc(count, bytes);

    need(memory != NULL, "no memory");
    return memory;
}

static char *name_of(const char *kind, size_t i)
{
    char text[80];

    snprintf(text, sizeof text, "%s_with_a_name_of_usual_length_%zu", kind, i);
    return strdup(text);
}

static void fill_site(struct ms_site_row *r, size_t i)
{
    *r = (struct ms_site_row){
        .id = (uint32_t)i + 1,
        .address = 0x7f0000000000 + i * 24,
        .function = name_of("function", i),
        .file = name_of("src/folder/file", i / 40),
        .line = (uint32_t)i % 3000,
        .module = "libprogram.so.1",
        .declared_type = "",
        .live_bytes = i * 4096 % 1000003,
        .live_blocks = i % 977,
        .alloc_bytes = i * 123457,
        .alloc_count = i * 31,
        .free_bytes = i * 100000,
        .free_count = i * 30,
        .mean_lifetime_ns = (double)i * 1234.5,
        .alloc_count_rate = (double)(i % 100),
        .delta_bytes = (double)i,
    };
    for (size_t k = 0; k < MS_TREND_POINTS; k++)
        r->trend[k] = (float)(i * k);
}

// A snapshot of a large program: each site is a stack of 12 frames, most of
// them shared.
static struct ms_snapshot *make(size_t sites)
{
    struct ms_snapshot *s = zeroed(1, sizeof *s);
    struct ms_stacks *t = &s->stacks;

    snprintf(s->name, sizeof s->name, "bench");
    snprintf(s->session.epoch, sizeof s->session.epoch, "0123456789abcdef");
    s->session.state = MS_SESSION_RUNNING;
    s->session.wait_status = -1;
    memcpy(s->stats.epoch, s->session.epoch, sizeof s->stats.epoch);
    s->stats.capture.backend = "unified";
    s->stats.capture.mode = "exact";
    s->site_count = t->row_count = t->frame_count = sites;
    t->node_count = 3 * sites;
    s->sites = zeroed(sites, sizeof *s->sites);
    t->rows = zeroed(sites, sizeof *t->rows);
    t->frames = zeroed(sites, sizeof *t->frames);
    t->nodes = zeroed(t->node_count, sizeof *t->nodes);
    s->thread_count = 1;
    s->threads = zeroed(1, sizeof *s->threads);
    s->threads[0].id = 1;
    s->threads[0].state = 'S';
    for (size_t i = 0; i < sites; i++) {
        struct ms_site_row *r = &s->sites[i];
        fill_site(r, i);
        t->frames[i] = (struct ms_frame){.address = r->address,
                                         .function = r->function,
                                         .file = r->file,
                                         .line = r->line,
                                         .named = true};
        t->rows[i] = (struct ms_stack_row){.id = (uint32_t)i + 2,
                                           .site = r->id,
                                           .declared_type = "",
                                           .node = (uint32_t)(3 * i) + 1,
                                           .live_bytes = r->live_bytes,
                                           .live_blocks = r->live_blocks,
                                           .alloc_bytes = r->alloc_bytes,
                                           .alloc_count = r->alloc_count};
        s->stats.heap.live_bytes += r->live_bytes;
        s->stats.heap.live_blocks += r->live_blocks;
    }
    for (size_t i = 0; i < t->node_count; i++)
        t->nodes[i] =
            (struct ms_stack_node){(uint32_t)(i / 2), (uint32_t)(i / 3) + 1};
    s->threads[0].live_bytes = s->stats.heap.live_bytes;
    s->threads[0].live_blocks = s->stats.heap.live_blocks;
    return s;
}

static double best(double seconds, double before)
{
    return before == 0 || seconds < before ? seconds : before;
}

// Writes the snapshot to a file once, then without one for the time it takes.
static double export_to(const struct ms_snapshot *s, int fd, size_t *bytes)
{
    static char text[PIECE];
    double begin = now();
    struct ms_render_stream *stream = ms_render_snapshot(s);
    size_t n;

    *bytes = 0;
    need(stream != NULL, "no memory");
    while ((n = ms_render_read(stream, text, sizeof text)) != 0) {
        need(n != SIZE_MAX, "no memory");
        if (fd >= 0)
            need(write(fd, text, n) == (ssize_t)n, "the disk is full");
        *bytes += n;
    }
    ms_render_close(stream);
    return now() - begin;
}

static double read_through(int fd, char *all)
{
    static char text[PIECE];
    double begin = now();
    ssize_t n;

    lseek(fd, 0, SEEK_SET);
    for (size_t at = 0; (n = read(fd, text, sizeof text)) > 0; at += (size_t)n)
        if (all != NULL)
            memcpy(all + at, text, (size_t)n);
    return now() - begin;
}

static double import_from(const char *text, size_t bytes, size_t *memory)
{
    size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    double begin = now();
    struct ms_import *m = ms_import_create();

    need(m != NULL, "no memory");
    for (size_t at = 0; at < bytes; at += PIECE)
        if (ms_import_feed(m, text + at,
                           bytes - at < PIECE ? bytes - at : PIECE) !=
            MEMSCOPE_OK)
            break;
    need(ms_import_end(m) == MEMSCOPE_OK, ms_import_error(m));
    double seconds = now() - begin;
    *memory = mallinfo2().uordblks + mallinfo2().hblkhd - before;
    ms_import_destroy(m);
    return seconds;
}

static double parse_alone(const char *text, size_t bytes)
{
    static const yajl_callbacks none;
    double begin = now();
    yajl_handle parser = yajl_alloc(&none, NULL, NULL);

    for (size_t at = 0; at < bytes; at += PIECE)
        (void)yajl_parse(parser, (const unsigned char *)text + at,
                         bytes - at < PIECE ? bytes - at : PIECE);
    need(yajl_complete_parse(parser) == yajl_status_ok, "the text is no JSON");
    yajl_free(parser);
    return now() - begin;
}

static void measure_snapshot(size_t sites)
{
    char path[] = "/tmp/memscope-bench-XXXXXX";
    int fd = mkstemp(path);
    double out = 0, in = 0, through = 0, alone = 0;
    struct ms_snapshot *s = make(sites);
    size_t bytes, memory;

    need(fd >= 0, "no file in /tmp");
    unlink(path);
    (void)export_to(s, fd, &bytes);
    char *text = zeroed(bytes, 1);
    (void)read_through(fd, text);
    for (int i = 0; i < ROUNDS; i++) {
        out = best(export_to(s, -1, &bytes), out);
        through = best(read_through(fd, NULL), through);
        in = best(import_from(text, bytes, &memory), in);
        alone = best(parse_alone(text, bytes), alone);
    }
    double mb = (double)bytes / 1e6;
    printf("{\"sites\":%zu,\"bytes\":%zu,\"export_mb_per_s\":%.0f,"
           "\"read_mb_per_s\":%.0f,\"import_mb_per_s\":%.0f,"
           "\"parser_mb_per_s\":%.0f,\"import_memory\":%zu",
           sites, bytes, mb / out, mb / through, mb / in, mb / alone, memory);
    free(text);
    close(fd);
}

// One tick of the past in which `changed` of the stacks have changed.
static double past_tick(struct ms_past *p, struct ms_session *s, uint64_t seq,
                        uint32_t stacks, uint32_t changed)
{
    struct ms_stack_table *t = &s->model.stacks;
    struct ms_stats stats = {.seq = seq, .uptime_ns = seq * 100000000};

    for (uint32_t i = 0; i < changed; i++) {
        uint32_t at = (uint32_t)((i + seq * 7) * UINT64_C(2654435761) % stacks);
        struct ms_stack_sums *sums = ms_stack_table_at(t, at);
        sums->alloc_bytes += 40 + at % 5000;
        sums->alloc_count++;
        sums->free_bytes += 40;
        sums->free_count++;
        ms_stack_table_touch(t, at, seq);
    }
    double begin = now();
    ms_past_add(p, s, &stats);
    return now() - begin;
}

static void measure_past(uint32_t stacks)
{
    static const uint32_t changes[] = {1, 1000, 100000};
    struct ms_session *s = zeroed(1, sizeof *s);
    uint64_t seq = 0;

    need(ms_model_init(&s->model) == MEMSCOPE_OK, "no memory");
    for (uint32_t i = 0; i < stacks; i++)
        need(ms_stack_table_add(&s->model.stacks, 2 + i, 0) != 0, "no memory");
    ms_past_init(&s->past, MS_PAST_BUDGET);
    (void)past_tick(&s->past, s, ++seq, stacks, stacks);
    for (size_t c = 0; c < 3; c++) {
        uint32_t n = changes[c] < stacks ? changes[c] : stacks;
        uint64_t before = s->past.bytes;
        double least = 0;
        for (int i = 0; i < 20; i++)
            least = best(past_tick(&s->past, s, ++seq, stacks, n), least);
        printf(",\"past_%u_us\":%.1f,\"past_%u_bytes\":%.0f", changes[c],
               1e6 * least, changes[c], (double)(s->past.bytes - before) / 20);
    }
    // A full log, and the time that its last moment takes.
    while (s->past.base == NULL)
        (void)past_tick(&s->past, s, ++seq, stacks, 2000);
    struct ms_past_view view;
    struct ms_past_table tables[MS_PAST_SERIES] = {{0}};
    double begin = now();
    struct ms_when last = {.uptime_ns = UINT64_MAX};
    need(ms_past_open(&s->past, &last, &view) == MEMSCOPE_OK, "past");
    for (size_t i = 0; i < view.count; i++)
        need(ms_past_sum(view.frames[i], tables), "no memory");
    printf(",\"past_log_bytes\":%llu,\"past_frames\":%zu,"
           "\"past_moment_ms\":%.1f}\n",
           (unsigned long long)s->past.bytes, view.count,
           1e3 * (now() - begin));
    ms_past_tables_fini(tables);
    ms_past_close(&s->past, &view);
}

int main(int argc, char **argv)
{
    size_t sites = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;

    need(sites >= 1000 && sites <= 1000000, "from 1000 to 1000000 sites");
    measure_snapshot(sites);
    measure_past((uint32_t)sites);
    return 0;
}
