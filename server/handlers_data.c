// SPDX-License-Identifier: MIT
//
// handlers_data: the routes that read. See docs/PROTOCOL.md for what they say.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/window.h"
#include "handlers.h"
#include "negotiate.h"

#define LIMIT_MOST 10000
#define LIMIT_DEFAULT 100

bool ms_get_session(struct ms_request *q, struct ms_reply *r, uint32_t *session)
{
    uint64_t n;

    if (!ms_query_number(&q->query, "session", 0, UINT32_MAX, &n)) {
        ms_reply_error(r, 400, "session is a number");
        return false;
    }
    *session = (uint32_t)n;
    return true;
}

// All that ask within a tick get the same.
static void reply_stats(struct ms_request *q, struct ms_reply *r,
                        const struct ms_stats *stats)
{
    snprintf(r->tag, sizeof r->tag, "W/\"%s-%u-%llu\"", stats->epoch,
             stats->session, (unsigned long long)stats->seq);
    r->etag = r->tag;
    r->content_type = "application/json";
    if (ms_negotiate_unchanged(q->if_none_match, r->etag)) {
        r->status = 304;
        return;
    }
    r->stats = malloc(sizeof *r->stats);
    if (r->stats != NULL)
        *r->stats = *stats;
    else
        ms_reply_status(r, MEMSCOPE_ERROR_MEMORY);
}

void ms_handle_stats(struct ms_request *q, struct ms_reply *r)
{
    struct ms_stats stats;
    uint32_t session;
    uint64_t seq;

    if (ms_asks_for_past(q, MS_PAST_PART_STATS)) {
        ms_handle_past(q, r, MS_PAST_PART_STATS);
        return;
    }
    if (!ms_get_session(q, r, &session))
        return;
    if (!ms_query_number(&q->query, "seq", 0, UINT64_MAX, &seq)) {
        ms_reply_error(r, 400, "seq is a number");
        return;
    }
    enum memscope_status status =
        ms_engine_stats(q->server->options.engine, session, seq, &stats);
    if (status != MEMSCOPE_OK)
        ms_reply_status(r, status);
    else
        reply_stats(q, r, &stats);
}

bool ms_get_window(struct ms_request *q, struct ms_reply *r,
                   int (*column)(const char *), const char *name_column,
                   struct ms_window *w)
{
    const char *sort = ms_query_text(&q->query, "sort", "live_bytes");
    const char *order = ms_query_text(&q->query, "order", "desc");
    const char *threads = ms_query_text(&q->query, "threads", "all");
    uint64_t limit, offset;
    int kind = ms_window_kind(threads);

    *w = (struct ms_window){0};
    w->column = column(strcmp(sort, "name") == 0 ? name_column : sort);
    w->ascending = strcmp(order, "asc") == 0;
    if (w->column < 0) {
        ms_reply_error(r, 400, "there is no such column to sort by");
        return false;
    }
    if (!w->ascending && strcmp(order, "desc") != 0) {
        ms_reply_error(r, 400, "order is asc or desc");
        return false;
    }
    if (!ms_query_number(&q->query, "limit", LIMIT_DEFAULT, LIMIT_MOST,
                         &limit) ||
        !ms_query_number(&q->query, "offset", 0, UINT32_MAX, &offset)) {
        ms_reply_error(r, 400, "limit is at most 10000; offset is a number");
        return false;
    }
    if (kind < 0 ||
        !ms_query_number(&q->query, "min", 0, INT64_MAX, &w->least_bytes)) {
        ms_reply_error(r, 400,
                       "threads is all, alive or running; min is in bytes");
        return false;
    }
    w->threads = (enum ms_window_threads)kind;
    w->limit = limit;
    w->offset = offset;
    _Static_assert(MS_QUERY_VALUE <= MS_WINDOW_FILTER, "a value fits");
    strcpy(w->filter, ms_query_text(&q->query, "q", ""));
    strcpy(w->module, ms_query_text(&q->query, "module", ""));
    return true;
}

json_t *ms_render_sums(const struct ms_window_sums *sums)
{
    return json_pack("{s:I,s:I}", "live_bytes", (json_int_t)sums->live_bytes,
                     "live_blocks", (json_int_t)sums->live_blocks);
}

bool ms_refuses_filter(struct ms_reply *r, const struct ms_window_sums *sums)
{
    char text[MS_WINDOW_TROUBLE + 32];

    if (sums->trouble[0] == '\0')
        return false;
    snprintf(text, sizeof text, "q is no use: %s", sums->trouble);
    ms_reply_error(r, 400, text);
    return true;
}

static void reply_table(struct ms_reply *r, const struct ms_cut *c,
                        const struct ms_window_sums *sums, json_t *rows)
{
    if (ms_refuses_filter(r, sums)) {
        json_decref(rows);
        return;
    }
    ms_reply_json(r, json_pack("{s:i,s:s,s:I,s:I,s:o,s:o}", "session",
                               (int)c->stats.session, "epoch", c->stats.epoch,
                               "seq", (json_int_t)c->stats.seq, "total",
                               (json_int_t)sums->rows, "sum",
                               ms_render_sums(sums), "rows", rows));
}

void ms_handle_threads(struct ms_request *q, struct ms_reply *r)
{
    struct ms_window w;
    struct ms_cut c;
    uint32_t session;

    if (ms_asks_for_past(q, MS_PAST_PART_THREADS)) {
        ms_handle_past(q, r, MS_PAST_PART_THREADS);
        return;
    }
    if (!ms_get_session(q, r, &session) ||
        !ms_get_window(q, r, ms_window_thread_column, "name", &w))
        return;
    enum memscope_status status =
        ms_engine_cut(q->server->options.engine, session, &w, NULL, &c);
    if (status != MEMSCOPE_OK) {
        ms_reply_status(r, status);
        return;
    }
    json_t *rows = json_array();
    for (size_t i = 0; i < c.thread_count; i++)
        json_array_append_new(rows, ms_render_thread(&c.threads[i]));
    reply_table(r, &c, &c.thread_sums, rows);
    ms_cut_fini(&c);
}

void ms_handle_sites(struct ms_request *q, struct ms_reply *r)
{
    struct ms_window w;
    struct ms_cut c;
    uint32_t session;

    if (ms_asks_for_past(q, MS_PAST_PART_SITES)) {
        ms_handle_past(q, r, MS_PAST_PART_SITES);
        return;
    }
    if (!ms_get_session(q, r, &session) ||
        !ms_get_window(q, r, ms_window_site_column, "function", &w))
        return;
    enum memscope_status status =
        ms_engine_cut(q->server->options.engine, session, NULL, &w, &c);
    if (status != MEMSCOPE_OK) {
        ms_reply_status(r, status);
        return;
    }
    json_t *rows = json_array();
    for (size_t i = 0; i < c.site_count; i++)
        json_array_append_new(rows, ms_render_site(&c.sites[i]));
    reply_table(r, &c, &c.site_sums, rows);
    ms_cut_fini(&c);
}

void ms_handle_history(struct ms_request *q, struct ms_reply *r)
{
    static const struct {
        const char *name;
        int ms;
    } steps[] = {{"100ms", 100}, {"1s", 1000}, {"10s", 10000}};
    const char *wanted = ms_query_text(&q->query, "step", "100ms");
    struct ms_engine *engine = q->server->options.engine;
    struct ms_session_info info;
    struct ms_sample *samples;
    size_t count, step = 0;
    uint64_t since;
    uint32_t session;

    if (!ms_get_session(q, r, &session))
        return;
    while (step < 3 && strcmp(steps[step].name, wanted) != 0)
        step++;
    if (step == 3 ||
        !ms_query_number(&q->query, "since", 0, UINT64_MAX, &since)) {
        ms_reply_error(r, 400, "step is 100ms, 1s or 10s; since is a number");
        return;
    }
    enum memscope_status status = ms_engine_session(engine, session, &info);
    if (status == MEMSCOPE_OK)
        status = ms_engine_history(engine, info.id, (enum ms_history_step)step,
                                   since, &samples, &count);
    if (status != MEMSCOPE_OK) {
        ms_reply_status(r, status);
        return;
    }
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(rows, ms_render_sample(&samples[i]));
    free(samples);
    ms_reply_json(r, json_pack("{s:i,s:s,s:i,s:o,s:o}", "session", (int)info.id,
                               "epoch", info.epoch, "step_ms", steps[step].ms,
                               "columns", ms_render_sample_columns(), "rows",
                               rows));
}

void ms_handle_histograms(struct ms_request *q, struct ms_reply *r)
{
    struct ms_histograms h;
    uint32_t session;

    if (ms_asks_for_past(q, MS_PAST_PART_HISTOGRAMS)) {
        ms_handle_past(q, r, MS_PAST_PART_HISTOGRAMS);
        return;
    }
    if (!ms_get_session(q, r, &session))
        return;
    enum memscope_status status =
        ms_engine_histograms(q->server->options.engine, session, &h);
    if (status != MEMSCOPE_OK)
        ms_reply_status(r, status);
    else
        ms_reply_json(r, ms_render_histograms(&h));
}

static void add_module_sums(json_t *o, const struct ms_module_sums *s)
{
    json_object_set_new(o, "sites", ms_render_u64(s->sites));
    json_object_set_new(o, "live_bytes", ms_render_u64(s->live_bytes));
    json_object_set_new(o, "live_blocks", ms_render_u64(s->live_blocks));
    json_object_set_new(o, "alloc_bytes", ms_render_u64(s->alloc_bytes));
    json_object_set_new(o, "alloc_count", ms_render_u64(s->alloc_count));
    json_object_set_new(o, "free_bytes", ms_render_u64(s->free_bytes));
    json_object_set_new(o, "free_count", ms_render_u64(s->free_count));
}

void ms_handle_modules(struct ms_request *q, struct ms_reply *r)
{
    struct ms_module_rows modules;
    uint32_t session;

    if (!ms_get_session(q, r, &session))
        return;
    enum memscope_status status =
        ms_engine_module_rows(q->server->options.engine, session, &modules);
    if (status != MEMSCOPE_OK) {
        ms_reply_status(r, status);
        return;
    }
    json_t *rows = json_array(), *elsewhere = json_object();
    for (size_t i = 0; i < modules.count; i++) {
        const struct ms_module_row *m = &modules.rows[i];
        json_t *o = ms_render_module(&m->info);
        json_object_set_new(o, "symbols", json_string(m->info.symbols));
        add_module_sums(o, &m->sums);
        json_array_append_new(rows, o);
    }
    add_module_sums(elsewhere, &modules.elsewhere);
    ms_reply_json(r, json_pack("{s:I,s:o,s:o}", "seq", (json_int_t)modules.seq,
                               "rows", rows, "elsewhere", elsewhere));
    ms_module_rows_fini(&modules);
}

void ms_handle_mappings(struct ms_request *q, struct ms_reply *r)
{
    struct ms_mappings_picture mappings;
    uint32_t session;

    if (!ms_get_session(q, r, &session))
        return;
    enum memscope_status status =
        ms_engine_mappings(q->server->options.engine, session, &mappings);
    if (status != MEMSCOPE_OK)
        ms_reply_status(r, status);
    else
        ms_reply_json(r, ms_render_mappings(&mappings));
    free(mappings.rows);
}
