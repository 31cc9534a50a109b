// SPDX-License-Identifier: MIT
//
// handlers_past: the tables as they were at a moment of the past, and what has
// changed since.

#include "handlers.h"

static bool has(const struct ms_request *q, const char *name)
{
    return ms_query_text(&q->query, name, NULL) != NULL;
}

bool ms_asks_for_past(const struct ms_request *q, enum ms_past_part part)
{
    return has(q, "at") || has(q, "from") || has(q, "to") ||
           (part != MS_PAST_PART_STATS && has(q, "seq"));
}

bool ms_get_when(struct ms_request *q, struct ms_reply *r, struct ms_when *when)
{
    bool at = has(q, "at"), seq = has(q, "seq");
    const char *end = at ? "at" : "to";

    *when = (struct ms_when){.range = has(q, "from") || has(q, "to")};
    if (at + seq + when->range > 1)
        ms_reply_error(r, 400, "either at, or seq, or from and to");
    else if (!ms_query_number(&q->query, end, UINT64_MAX, INT64_MAX,
                              &when->uptime_ns) ||
             !ms_query_number(&q->query, "from", 0, INT64_MAX, &when->from_ns))
        ms_reply_error(r, 400, "at, from and to are nanoseconds of uptime");
    else if (when->from_ns > when->uptime_ns)
        ms_reply_error(r, 400, "from is later than to");
    else if (!ms_query_number(&q->query, "seq", 0, INT64_MAX, &when->seq))
        ms_reply_error(r, 400, "seq is the number of a tick");
    else
        return true; // without any: the latest
    return false;
}

static void reply_table(struct ms_reply *r, const struct ms_past_picture *p,
                        const struct ms_window_sums *sums, json_t *rows)
{
    if (ms_refuses_filter(r, sums)) {
        json_decref(rows);
        return;
    }
    ms_reply_json(r, json_pack("{s:i,s:s,s:I,s:I,s:I,s:I,s:I,s:o,s:o}",
                               "session", (int)p->stats.session, "epoch",
                               p->stats.epoch, "seq", (json_int_t)p->stats.seq,
                               "uptime_ns", (json_int_t)p->stats.uptime_ns,
                               "from_ns", (json_int_t)p->from_ns, "step_ns",
                               (json_int_t)p->step_ns, "total",
                               (json_int_t)sums->rows, "sum",
                               ms_render_sums(sums), "rows", rows));
}

static void reply_sites(struct ms_request *q, struct ms_reply *r,
                        struct ms_past_picture *p)
{
    json_t *rows = json_array();
    struct ms_window w;
    struct ms_window_sums sums;

    if (!ms_get_window(q, r, ms_window_site_column, "function", &w)) {
        json_decref(rows);
        return;
    }
    enum memscope_status status =
        ms_window_of_sites(&w, p->sites, &p->site_count, &sums);
    for (size_t i = 0; status == MEMSCOPE_OK && i < p->site_count; i++)
        json_array_append_new(rows, ms_render_site(&p->sites[i]));
    reply_table(r, p, &sums, rows);
}

static void reply_threads(struct ms_request *q, struct ms_reply *r,
                          struct ms_past_picture *p)
{
    json_t *rows = json_array();
    struct ms_window w;
    struct ms_window_sums sums;

    if (!ms_get_window(q, r, ms_window_thread_column, "name", &w)) {
        json_decref(rows);
        return;
    }
    enum memscope_status status =
        ms_window_of_threads(&w, p->threads, &p->thread_count, &sums);
    for (size_t i = 0; status == MEMSCOPE_OK && i < p->thread_count; i++)
        json_array_append_new(rows, ms_render_thread(&p->threads[i]));
    reply_table(r, p, &sums, rows);
}

void ms_handle_past(struct ms_request *q, struct ms_reply *r,
                    enum ms_past_part part)
{
    struct ms_past_picture p;
    struct ms_when when;
    uint32_t session;

    if (!ms_get_session(q, r, &session) || !ms_get_when(q, r, &when))
        return;
    enum memscope_status status =
        ms_engine_past(q->server->options.engine, session, &when, &p);
    if (status != MEMSCOPE_OK) {
        ms_reply_status(r, status);
        return;
    }
    switch (part) {
    case MS_PAST_PART_STATS:
        ms_reply_json(r, ms_render_stats(&p.stats));
        break;
    case MS_PAST_PART_SITES:
        reply_sites(q, r, &p);
        break;
    case MS_PAST_PART_THREADS:
        reply_threads(q, r, &p);
        break;
    case MS_PAST_PART_HISTOGRAMS:
        ms_reply_json(r, ms_render_histograms(&p.histograms));
        break;
    }
    ms_past_picture_fini(&p);
}

void ms_handle_changes(struct ms_request *q, struct ms_reply *r)
{
    uint32_t session;
    uint64_t since;

    if (!ms_get_session(q, r, &session))
        return;
    if (!ms_query_number(&q->query, "since", 0, INT64_MAX, &since)) {
        ms_reply_error(r, 400, "since is the number of a tick");
        return;
    }
    enum memscope_status status = ms_render_changes(
        q->server->options.engine, session,
        ms_query_text(&q->query, "epoch", ""), since, &r->stream);
    if (status != MEMSCOPE_OK)
        ms_reply_status(r, status);
    else
        r->content_type = "application/json";
}
