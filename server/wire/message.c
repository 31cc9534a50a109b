// SPDX-License-Identifier: MIT
// See message.h for the contract.

#include "wire/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/render.h"
#include "platform/clock.h"
#include "routes.h"

#define SECOND_NS UINT64_C(1000000000)

static json_t *names(const char *const *list)
{
    json_t *array = json_array();

    for (; *list != NULL; list++)
        json_array_append_new(array, json_string(*list));
    return array;
}

static json_t *columns(void)
{
    static const char *const th[] = {"id",
                                     "tid",
                                     "name",
                                     "state",
                                     "live_bytes",
                                     "live_blocks",
                                     "alloc_bytes_rate",
                                     "alloc_count_rate",
                                     "cpu",
                                     "cross_frees",
                                     "alloc_bytes",
                                     "ended",
                                     "trend",
                                     NULL};
    static const char *const site[] = {"id",
                                       "function",
                                       "file",
                                       "line",
                                       "module",
                                       "live_bytes",
                                       "live_blocks",
                                       "delta_bytes",
                                       "alloc_bytes",
                                       "alloc_count",
                                       "free_count",
                                       "alloc_count_rate",
                                       "free_count_rate",
                                       "mean_lifetime_ns",
                                       "address",
                                       "trend",
                                       NULL};

    return json_pack("{s:o,s:o,s:o}", "core", ms_render_sample_columns(), "th",
                     names(th), "site", names(site));
}

static json_t *all_sessions(struct ms_engine *engine)
{
    struct ms_session_info *list;
    size_t count;
    json_t *array = json_array();

    if (ms_engine_sessions(engine, &list, &count) != MEMSCOPE_OK)
        return array;
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, ms_render_session(&list[i]));
    free(list);
    return array;
}

static json_t *all_snapshots(struct ms_engine *engine)
{
    const struct ms_snapshot *list[MS_SNAPSHOT_LIMIT];
    size_t n = ms_snapshot_list(engine, list, MS_SNAPSHOT_LIMIT);
    json_t *array = json_array();

    for (size_t i = 0; i < n; i++) {
        json_array_append_new(array, ms_render_snapshot_head(list[i]));
        ms_snapshot_release(engine, list[i]);
    }
    return array;
}

json_t *ms_message_hello(struct ms_server *server, uint32_t session)
{
    struct ms_engine *engine = server->options.engine;
    struct ms_session_info s;
    struct ms_stats stats;
    json_t *m = json_pack(
        "{s:s,s:i,s:s,s:b,s:i,s:o,s:{s:i,s:i},s:o,s:o}", "t", "hello", "v", 1,
        "server", memscope_version(), "read_only", server->options.read_only,
        "hz", 10, "sessions", all_sessions(engine), "hist", "step_ms", 100, "n",
        6000, "cols", columns(), "snapshots", all_snapshots(engine));

    if (ms_engine_session(engine, session, &s) != MEMSCOPE_OK) {
        // The program has not had an allocation yet.
        json_object_set_new(m, "session", json_null());
        json_object_set_new(m, "epoch", json_null());
        return m;
    }
    json_object_set_new(m, "session", json_integer(s.id));
    json_object_set_new(m, "epoch", json_string(s.epoch));
    json_object_set_new(m, "pid", json_integer(s.pid));
    json_object_set_new(m, "exe", ms_render_text(s.exe));
    json_object_set_new(m, "command", ms_render_text(s.command));
    json_object_set_new(
        m, "start_ms",
        json_integer((json_int_t)(s.start_realtime_ns / 1000000)));
    json_object_set_new(m, "state",
                        json_string(ms_session_state_name(s.state)));
    if (ms_engine_stats(engine, s.id, 0, &stats) == MEMSCOPE_OK)
        json_object_set_new(m, "cores", ms_render_u64(stats.system.cores));
    else
        json_object_set_new(m, "cores", json_null());
    return m;
}

json_t *ms_message_session(const struct ms_session_info *session)
{
    return json_pack("{s:s,s:o}", "t", "session", "session",
                     ms_render_session(session));
}

json_t *ms_message_bye(const char *why)
{
    return json_pack("{s:s,s:s}", "t", "bye", "why", why);
}

json_t *ms_message_heartbeat(uint64_t seq, uint64_t uptime_ns)
{
    return json_pack("{s:s,s:I,s:I}", "t", "hb", "seq", (json_int_t)seq, "ts",
                     (json_int_t)(uptime_ns / 1000000));
}

struct builder {
    struct ms_viewer *v;
    json_t *news; // new texts
    bool all;     // every row, changed or not
    bool trends;  // with their trends
    bool failed;
};

static json_t *text(struct builder *b, const char *s)
{
    uint32_t number = ms_texts_number(&b->v->texts, s, b->news);

    b->failed |= number == 0;
    return json_integer(number);
}

static json_t *thread_row(struct builder *b, const struct ms_thread_row *r,
                          bool trend)
{
    char state[2] = {r->state, '\0'};
    json_t *a = json_array();

    json_array_append_new(a, json_integer(r->id));
    json_array_append_new(a, json_integer(r->tid));
    json_array_append_new(a, text(b, r->name));
    json_array_append_new(a, json_string(state));
    json_array_append_new(a, ms_render_u64(r->live_bytes));
    json_array_append_new(a, ms_render_u64(r->live_blocks));
    json_array_append_new(a, ms_render_double(r->alloc_bytes_rate));
    json_array_append_new(a, ms_render_double(r->alloc_count_rate));
    json_array_append_new(a, ms_render_double(r->cpu));
    json_array_append_new(a, ms_render_u64(r->cross_frees));
    json_array_append_new(a, ms_render_u64(r->alloc_bytes));
    json_array_append_new(a, json_boolean(r->ended));
    json_array_append_new(a, trend ? ms_render_trend(r->trend) : json_null());
    return a;
}

static json_t *site_row(struct builder *b, const struct ms_site_row *r,
                        bool trend)
{
    char address[32];
    json_t *a = json_array();

    snprintf(address, sizeof address, "0x%llx", (unsigned long long)r->address);
    json_array_append_new(a, json_integer(r->id));
    json_array_append_new(a, text(b, r->function));
    json_array_append_new(a, text(b, r->file));
    json_array_append_new(a, json_integer(r->line));
    json_array_append_new(a, text(b, r->module));
    json_array_append_new(a, ms_render_u64(r->live_bytes));
    json_array_append_new(a, ms_render_u64(r->live_blocks));
    json_array_append_new(a, ms_render_double(r->delta_bytes));
    json_array_append_new(a, ms_render_u64(r->alloc_bytes));
    json_array_append_new(a, ms_render_u64(r->alloc_count));
    json_array_append_new(a, ms_render_u64(r->free_count));
    json_array_append_new(a, ms_render_double(r->alloc_count_rate));
    json_array_append_new(a, ms_render_double(r->free_count_rate));
    json_array_append_new(a, ms_render_double(r->mean_lifetime_ns));
    json_array_append_new(a, text(b, address));
    json_array_append_new(a, trend ? ms_render_trend(r->trend) : json_null());
    return a;
}

static bool was_shown(const struct ms_viewer_table *t, uint32_t id)
{
    for (size_t i = 0; i < t->shown_count; i++)
        if (t->shown[i] == id)
            return true;
    return false;
}

// Notes that row i of the window is shown. False: it was before, and has not
// changed since, so that it need not be sent.
static bool to_be_sent(struct builder *b, struct ms_viewer_table *t,
                       uint32_t shown[MS_VIEWER_ROWS], size_t i, uint32_t id,
                       uint64_t changed_seq, bool *fresh)
{
    shown[i] = id;
    *fresh = b->all || !was_shown(t, id);
    return *fresh || changed_seq > b->v->seq;
}

static json_t *finish_table(struct ms_viewer_table *t,
                            const uint32_t shown[MS_VIEWER_ROWS], size_t count,
                            const struct ms_window_sums *sums, json_t *rows)
{
    json_t *order = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(order, json_integer(shown[i]));
    memcpy(t->shown, shown, count * sizeof *shown);
    t->shown_count = count;
    return json_pack("{s:I,s:o,s:o,s:o}", "total", (json_int_t)sums->rows,
                     "sum", ms_render_sums(sums), "order", order, "rows", rows);
}

static json_t *thread_table(struct builder *b, const struct ms_cut *c)
{
    struct ms_viewer_table *t = &b->v->threads;
    uint32_t shown[MS_VIEWER_ROWS];
    json_t *rows = json_array();
    bool fresh;

    for (size_t i = 0; i < c->thread_count; i++) {
        const struct ms_thread_row *r = &c->threads[i];
        if (to_be_sent(b, t, shown, i, r->id, r->changed_seq, &fresh))
            json_array_append_new(rows, thread_row(b, r, fresh || b->trends));
    }
    return finish_table(t, shown, c->thread_count, &c->thread_sums, rows);
}

static json_t *site_table(struct builder *b, const struct ms_cut *c)
{
    struct ms_viewer_table *t = &b->v->sites;
    uint32_t shown[MS_VIEWER_ROWS];
    json_t *rows = json_array();
    bool fresh;

    for (size_t i = 0; i < c->site_count; i++) {
        const struct ms_site_row *r = &c->sites[i];
        if (to_be_sent(b, t, shown, i, r->id, r->changed_seq, &fresh))
            json_array_append_new(rows, site_row(b, r, fresh || b->trends));
    }
    return finish_table(t, shown, c->site_count, &c->site_sums, rows);
}

static json_t *samples_since(struct ms_viewer *v, const struct ms_cut *c,
                             uint64_t since)
{
    struct ms_sample *samples;
    size_t count;
    json_t *rows = json_array();

    if (ms_engine_history(v->server->options.engine, c->stats.session,
                          MS_STEP_100MS, since, &samples,
                          &count) == MEMSCOPE_OK) {
        // What came after the cut belongs to the next message.
        for (size_t i = 0; i < count && samples[i].seq <= c->stats.seq; i++)
            json_array_append_new(rows, ms_render_sample(&samples[i]));
        free(samples);
    }
    return json_pack("{s:o}", "rows", rows);
}

static void add_slow_parts(struct ms_viewer *v, const struct ms_cut *c,
                           json_t *m, bool all)
{
    struct ms_histograms h;
    uint64_t now = ms_clock_monotonic_ns();

    if (!all && now - v->slow_ns < SECOND_NS)
        return;
    v->slow_ns = now;
    json_object_set_new(m, "monitor", ms_render_monitor(v->server));
    if (v->histograms &&
        ms_engine_histograms(v->server->options.engine, c->stats.session, &h) ==
            MEMSCOPE_OK)
        json_object_set_new(m, "hist", ms_render_histograms(&h));
}

static json_t *build(struct ms_viewer *v, const struct ms_cut *c, bool *failed)
{
    bool full = v->whole;
    uint64_t step = c->stats.uptime_ns / (MS_TREND_STEP_MS * 1000000ull);
    struct builder b = {
        .v = v,
        .news = json_array(),
        .all = full || v->rows_anew,
        .trends = step != v->trend_step,
    };
    json_t *m =
        json_pack("{s:s,s:I,s:I,s:I,s:o,s:o}", "t", full ? "full" : "d", "sub",
                  (json_int_t)v->sub, "seq", (json_int_t)c->stats.seq, "ts",
                  (json_int_t)(c->stats.uptime_ns / 1000000), "stats",
                  ms_render_stats(&c->stats), "core",
                  samples_since(v, c, full ? 0 : v->seq));

    if (full)
        json_object_set_new(m, "epoch", json_string(c->stats.epoch));
    else
        json_object_set_new(m, "base", json_integer((json_int_t)v->seq));
    if (v->threads.wanted)
        json_object_set_new(m, "th", thread_table(&b, c));
    if (v->sites.wanted)
        json_object_set_new(m, "site", site_table(&b, c));
    json_object_set_new(m, "str", b.news);
    add_slow_parts(v, c, m, b.all);
    v->trend_step = step;
    v->whole = v->rows_anew = false;
    v->seq = c->stats.seq;
    v->uptime_ns = c->stats.uptime_ns;
    v->session = c->stats.session;
    memcpy(v->epoch, c->stats.epoch, sizeof v->epoch);
    *failed = b.failed;
    return m;
}

json_t *ms_message_picture(struct ms_viewer *v, bool *failed)
{
    struct ms_cut c;
    json_t *m = NULL;

    *failed = false;
    if (ms_engine_cut(v->server->options.engine, v->wanted,
                      v->threads.wanted ? &v->threads.window : NULL,
                      v->sites.wanted ? &v->sites.window : NULL,
                      &c) != MEMSCOPE_OK)
        return NULL; // the next tick will do
    // Another process than before: the viewer begins anew.
    if (v->session != 0 && strcmp(v->epoch, c.stats.epoch) != 0)
        v->whole = true;
    if (v->whole || v->rows_anew || c.stats.seq != v->seq)
        m = build(v, &c, failed);
    ms_cut_fini(&c);
    return m;
}
