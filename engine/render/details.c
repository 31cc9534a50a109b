// SPDX-License-Identifier: MIT
// See engine/render.h for the contract: one site, one thread.

#include <stdlib.h>

#include "render/stacks.h"
#include "render/stream.h"

#define BLOCKS_AT_ONCE 512u
#define BLOCKS_A_PIECE 65536u // some milliseconds

struct site_stream {
    struct ms_render_stream base; // first
    struct ms_engine *engine;
    struct ms_detail detail;
    struct ms_block_walk *walk; // NULL: not begun
    struct ms_block oldest;     // address 0: none so far
    struct ms_block blocks[BLOCKS_AT_ONCE];
    bool walked;
};

#define FIELD(name, value) json_object_set_new(o, name, value)

static void add_sums(json_t *o, const struct ms_detail_sums *s)
{
    FIELD("live_bytes", ms_render_u64(s->live_bytes));
    FIELD("live_blocks", ms_render_u64(s->live_blocks));
    FIELD("alloc_bytes", ms_render_u64(s->alloc_bytes));
    FIELD("alloc_count", ms_render_u64(s->alloc_count));
    FIELD("free_bytes", ms_render_u64(s->free_bytes));
    FIELD("free_count", ms_render_u64(s->free_count));
}

// What both have: whose it is, and its histograms.
static json_t *render_head(const struct ms_detail *d)
{
    json_t *o = json_object();

    FIELD("session", json_integer(d->session));
    FIELD("epoch", json_string(d->epoch));
    FIELD("seq", ms_render_u64(d->seq));
    FIELD("uptime_ns", ms_render_u64(d->uptime_ns));
    if (d->past) {
        FIELD("from_ns", ms_render_u64(d->from_ns));
        FIELD("size", json_null()); // the log of changes does not have them
        FIELD("lifetime", json_null());
        return o;
    }
    json_t *counts = json_array();
    json_t *h = ms_render_histograms(&d->histograms);
    json_t *size = json_object_get(h, "size");

    for (size_t i = 0; i < MS_HISTOGRAM_SIZES; i++)
        json_array_append_new(counts, ms_render_u64(d->size_alloc_count[i]));
    json_object_set_new(size, "alloc_count", counts);
    json_object_set(o, "size", size);
    json_object_set(o, "lifetime", json_object_get(h, "lifetime"));
    json_decref(h);
    return o;
}

json_t *ms_render_thread_detail(const struct ms_detail *d)
{
    json_t *o = render_head(d), *sites = json_array();

    for (size_t i = 0; i < d->site_count; i++) {
        const struct ms_detail_site *s = &d->sites[i];
        json_t *row = json_pack("{s:i,s:o,s:o,s:i,s:o}", "id", (int)s->id,
                                "function", ms_render_text(s->function), "file",
                                ms_render_text(s->file), "line", (int)s->line,
                                "module", ms_render_text(s->module));
        add_sums(row, &s->sums);
        json_array_append_new(sites, row);
    }
    FIELD("thread", ms_render_thread(&d->thread));
    FIELD("site_total", json_integer((json_int_t)d->site_total));
    FIELD("sites", sites);
    return o;
}

static void add_threads(json_t *o, const struct ms_detail *d)
{
    json_t *threads = json_array();

    for (size_t i = 0; i < d->thread_count; i++) {
        const struct ms_detail_thread *t = &d->threads[i];
        json_t *row = json_pack("{s:i,s:i,s:o,s:o}", "id", (int)t->id, "tid",
                                (int)t->tid, "name", ms_render_text(t->name),
                                "frees", ms_render_u64(t->frees));
        add_sums(row, &t->sums);
        json_array_append_new(threads, row);
    }
    FIELD("thread_total", json_integer((json_int_t)d->thread_total));
    FIELD("threads", threads);
    FIELD("realloc", json_pack("{s:o,s:o,s:o,s:o}", "count",
                               ms_render_u64(d->reallocs.count), "chains",
                               ms_render_u64(d->reallocs.chains), "grown_bytes",
                               ms_render_u64(d->reallocs.grown_bytes),
                               "longest", ms_render_u64(d->reallocs.longest)));
}

static json_t *render_site_head(const struct ms_detail *d)
{
    json_t *o = render_head(d);

    FIELD("site", ms_render_site(&d->site));
    if (d->past) {
        FIELD("thread_total", json_null());
        FIELD("threads", json_null());
        FIELD("realloc", json_null());
    } else {
        add_threads(o, d);
    }
    FIELD("stack_total", json_integer((json_int_t)d->stack_total));
    return o;
}

static void put_frames(struct ms_writer_buffer *w, struct ms_engine *engine,
                       const struct ms_detail_stack *s, uint64_t *unnamed)
{
    ms_put(w, ",\"frames\":[");
    for (size_t i = 0; i < s->frame_count; i++) {
        struct ms_frame f = s->frames[i].frame;
        *unnamed += !ms_frame_name(engine, &f);
        ms_put(w, i == 0 ? "\n" : ",\n");
        ms_put_frame_in(w, engine, &f, s->frames[i].module);
    }
    ms_put(w, "]}");
}

static void put_stacks(struct site_stream *s)
{
    struct ms_writer_buffer *w = &s->base.piece;
    uint64_t unnamed = 0;

    ms_put(w, ",\"stacks\":[");
    for (size_t i = 0; i < s->detail.stack_count; i++) {
        ms_put(w, i == 0 ? "\n" : ",\n");
        ms_put_stack_sums(w, &s->detail.stacks[i].row, 0);
        put_frames(w, s->engine, &s->detail.stacks[i], &unnamed);
    }
    ms_put(w, "],\"unnamed\":");
    ms_put_number(w, unnamed);
    ms_put(w, ",\"oldest\":");
}

// False: there are no more blocks.
static bool look_for_oldest(struct site_stream *s)
{
    for (size_t seen = 0, n; seen < BLOCKS_A_PIECE; seen += n) {
        n = ms_block_walk_next(s->walk, s->blocks, BLOCKS_AT_ONCE);
        if (n == 0)
            return false;
        for (size_t i = 0; i < n; i++) {
            const struct ms_block *b = &s->blocks[i];
            if (b->site == s->detail.site.id &&
                (s->oldest.address == 0 || b->birth_ns < s->oldest.birth_ns))
                s->oldest = *b;
        }
    }
    return true;
}

static void put_oldest(struct ms_writer_buffer *w, const struct ms_block *b)
{
    if (b->address == 0) {
        ms_put(w, "null}\n");
        return;
    }
    ms_put(w, "{\"address\":\"");
    ms_put_hex(w, b->address);
    ms_put(w, "\",\"size\":");
    ms_put_number(w, b->size);
    ms_put(w, ",\"thread\":");
    ms_put_number(w, b->thread);
    ms_put(w, ",\"stack\":");
    ms_put_number(w, b->stack);
    ms_put(w, ",\"birth_ns\":");
    ms_put_number(w, b->birth_ns);
    ms_put(w, "}}\n");
}

static bool next_of_site(struct ms_render_stream *base)
{
    struct site_stream *s = (struct site_stream *)base;
    struct ms_writer_buffer *w = &base->piece;

    if (s->walk == NULL && !s->walked) {
        ms_put_object(w, render_site_head(&s->detail), true);
        put_stacks(s);
        s->walked = s->detail.past || s->detail.site.live_blocks == 0 ||
                    ms_block_walk_create(s->engine, s->detail.session,
                                         &s->walk) != MEMSCOPE_OK;
    } else if (!look_for_oldest(s)) {
        s->walked = true;
    } else {
        ms_put(w, "\n"); // a sign of life
    }
    if (!s->walked)
        return true;
    put_oldest(w, &s->oldest);
    return false;
}

static void close_site(struct ms_render_stream *base)
{
    struct site_stream *s = (struct site_stream *)base;

    if (s->walk != NULL)
        ms_block_walk_destroy(s->walk);
    ms_detail_fini(&s->detail);
}

enum memscope_status ms_render_site_detail(struct ms_engine *engine,
                                           uint32_t session, uint32_t site,
                                           const struct ms_when *when,
                                           struct ms_render_stream **out)
{
    struct site_stream *s = calloc(1, sizeof *s);

    *out = NULL;
    if (s == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    enum memscope_status status =
        when != NULL
            ? ms_engine_site_past(engine, session, site, when, &s->detail)
            : ms_engine_site_detail(engine, session, site, &s->detail);
    if (status != MEMSCOPE_OK) {
        free(s);
        return status;
    }
    s->engine = engine;
    s->base.next = next_of_site;
    s->base.close = close_site;
    s->base.hands_out = true;
    *out = &s->base;
    return MEMSCOPE_OK;
}
