// SPDX-License-Identifier: MIT
//
// handlers_diff: two pictures compared: snapshots, now, moments of the past.
// See docs/PROTOCOL.md.

#include <string.h>

#include "engine/diff.h"
#include "handlers.h"

#define LIMIT_MOST 10000
#define LIMIT_DEFAULT 100

static json_t *signed_of(uint64_t before, uint64_t after)
{
    return json_integer(ms_diff_of(before, after));
}

// Each number in a, in b, and the difference.
static json_t *render_numbers(const struct ms_diff_numbers n[2])
{
    json_t *o = json_object();

#define THREE(name)                                                            \
    json_object_set_new(o, #name,                                              \
                        json_pack("[o,o,o]", ms_render_u64(n[0].name),         \
                                  ms_render_u64(n[1].name),                    \
                                  signed_of(n[0].name, n[1].name)))
    THREE(live_bytes);
    THREE(live_blocks);
    THREE(alloc_bytes);
    THREE(alloc_count);
    THREE(free_bytes);
    THREE(free_count);
#undef THREE
    return o;
}

static json_t *render_ids(const uint32_t ids[2])
{
    return json_pack("[o,o]", ids[0] != 0 ? json_integer(ids[0]) : json_null(),
                     ids[1] != 0 ? json_integer(ids[1]) : json_null());
}

static json_t *render_site(const struct ms_diff_site *d)
{
    json_t *o = render_numbers(d->numbers);

    json_object_set_new(o, "ids", render_ids(d->ids));
    json_object_set_new(o, "function", ms_render_text(d->row->function));
    json_object_set_new(o, "file", ms_render_text(d->row->file));
    json_object_set_new(o, "line", json_integer(d->row->line));
    json_object_set_new(o, "module", ms_render_text(d->row->module));
    return o;
}

static json_t *render_thread(const struct ms_diff_thread *d)
{
    json_t *o = render_numbers(d->numbers);

    json_object_set_new(o, "ids", render_ids(d->ids));
    json_object_set_new(o, "name", ms_render_text(d->row->name));
    return o;
}

static json_t *render_totals(const struct ms_snapshot *const s[2])
{
    struct ms_diff_numbers n[2];

    for (int i = 0; i < 2; i++) {
        const struct ms_heap_totals *h = &s[i]->stats.heap;
        n[i] = (struct ms_diff_numbers){
            h->live_bytes,        h->live_blocks,      h->alloc_bytes_total,
            h->alloc_count_total, h->free_bytes_total, h->free_count_total};
    }
    json_t *o = render_numbers(n);
    uint64_t a = s[0]->stats.system.rss_bytes;
    uint64_t b = s[1]->stats.system.rss_bytes;
    json_t *rss = json_pack(
        "[o,o,o]", ms_render_u64(a), ms_render_u64(b),
        a == UINT64_MAX || b == UINT64_MAX ? json_null() : signed_of(a, b));
    json_object_set_new(o, "rss_bytes", rss);
    return o;
}

static void reply_diff(struct ms_reply *r, const struct ms_diff *d,
                       uint64_t limit, uint64_t offset)
{
    json_t *sites = json_array(), *threads = json_array();

    for (size_t i = offset; i < d->site_count && i - offset < limit; i++)
        json_array_append_new(sites, render_site(&d->sites[i]));
    for (size_t i = 0; i < d->thread_count && i < LIMIT_MOST; i++)
        json_array_append_new(threads, render_thread(&d->threads[i]));
    ms_reply_json(r, json_pack("{s:o,s:o,s:o,s:I,s:o,s:o}", "a",
                               ms_render_snapshot_head(d->snapshots[0]), "b",
                               ms_render_snapshot_head(d->snapshots[1]),
                               "totals", render_totals(d->snapshots), "total",
                               (json_int_t)d->site_count, "sites", sites,
                               "threads", threads));
}

// Holds what a parameter names: a snapshot by its id, `now`, or `at:` and
// nanoseconds of uptime.
static enum memscope_status acquire(struct ms_engine *e, uint32_t session,
                                    const char *text,
                                    const struct ms_snapshot **out)
{
    bool at = strncmp(text, "at:", 3) == 0;
    struct ms_when when = {0};
    uint64_t id = 0;

    *out = NULL;
    if (strcmp(text, "now") == 0)
        return ms_snapshot_copy(e, session, out);
    if (!ms_query_parse(at ? text + 3 : text, at ? INT64_MAX : UINT32_MAX,
                        at ? &when.uptime_ns : &id))
        return MEMSCOPE_ERROR_ARGUMENT;
    if (at)
        return ms_snapshot_copy_past(e, session, &when, out);
    *out = ms_snapshot_acquire(e, (uint32_t)id);
    return *out != NULL ? MEMSCOPE_OK : MEMSCOPE_ERROR_NOT_FOUND;
}

void ms_handle_diff(struct ms_request *q, struct ms_reply *r)
{
    struct ms_engine *engine = q->server->options.engine;
    const struct ms_snapshot *s[2] = {NULL, NULL};
    uint64_t limit, offset;
    struct ms_diff diff;
    uint32_t session;

    if (!ms_get_session(q, r, &session))
        return;
    if (!ms_query_number(&q->query, "limit", LIMIT_DEFAULT, LIMIT_MOST,
                         &limit) ||
        !ms_query_number(&q->query, "offset", 0, UINT32_MAX, &offset)) {
        ms_reply_error(r, 400, "limit is at most 10000; offset is a number");
        return;
    }
    enum memscope_status status =
        acquire(engine, session, ms_query_text(&q->query, "a", "0"), &s[0]);
    if (status == MEMSCOPE_OK)
        status =
            acquire(engine, session, ms_query_text(&q->query, "b", "0"), &s[1]);
    if (status == MEMSCOPE_OK)
        status = ms_diff_make(s[0], s[1], &diff);
    if (status == MEMSCOPE_OK) {
        reply_diff(r, &diff, limit, offset);
        ms_diff_fini(&diff);
    } else if (status == MEMSCOPE_ERROR_ARGUMENT) {
        ms_reply_error(r, 400,
                       "a and b are ids of snapshots, now, or at:NANOSECONDS");
    } else {
        ms_reply_status(r, status);
    }
    for (int i = 0; i < 2; i++)
        if (s[i] != NULL)
            ms_snapshot_release(engine, s[i]);
}
