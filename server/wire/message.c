// SPDX-License-Identifier: MIT
// See message.h for the contract.

#include "wire/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/render.h"
#include "routes.h"

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

json_t *ms_message_gone(uint32_t session)
{
    return json_pack("{s:s,s:I}", "t", "gone", "session", (json_int_t)session);
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
    struct ms_feed *feed;
    const struct ms_shown *base; // NULL: of a full
    json_t *news;                // new texts
    bool trends;                 // with all trends
};

static json_t *text(struct builder *b, uint32_t number)
{
    struct ms_texts *t = &b->feed->hub->texts;

    if ((b->base == NULL || !ms_shown_text(b->base, number)) &&
        ms_texts_first(t, number))
        json_array_append_new(
            b->news, json_pack("[I,o]", (json_int_t)number,
                               ms_render_text(ms_texts_text(t, number))));
    return json_integer(number);
}

static json_t *thread_row(struct builder *b, const struct ms_thread_row *r,
                          uint32_t name, bool trend)
{
    char state[2] = {r->state, '\0'};
    json_t *a = json_array();

    json_array_append_new(a, json_integer(r->id));
    json_array_append_new(a, json_integer(r->tid));
    json_array_append_new(a, text(b, name));
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
                        const uint32_t texts[MS_SHOWN_SITE_TEXTS], bool trend)
{
    json_t *a = json_array();

    json_array_append_new(a, json_integer(r->id));
    json_array_append_new(a, text(b, texts[0]));
    json_array_append_new(a, text(b, texts[1]));
    json_array_append_new(a, json_integer(r->line));
    json_array_append_new(a, text(b, texts[2]));
    json_array_append_new(a, ms_render_u64(r->live_bytes));
    json_array_append_new(a, ms_render_u64(r->live_blocks));
    json_array_append_new(a, ms_render_double(r->delta_bytes));
    json_array_append_new(a, ms_render_u64(r->alloc_bytes));
    json_array_append_new(a, ms_render_u64(r->alloc_count));
    json_array_append_new(a, ms_render_u64(r->free_count));
    json_array_append_new(a, ms_render_double(r->alloc_count_rate));
    json_array_append_new(a, ms_render_double(r->free_count_rate));
    json_array_append_new(a, ms_render_double(r->mean_lifetime_ns));
    json_array_append_new(a, text(b, texts[3]));
    json_array_append_new(a, trend ? ms_render_trend(r->trend) : json_null());
    return a;
}

static json_t *finish_table(const struct ms_window_sums *sums, json_t *order,
                            json_t *rows)
{
    json_t *o =
        json_pack("{s:I,s:o,s:o,s:o}", "total", (json_int_t)sums->rows, "sum",
                  ms_render_sums(sums), "order", order, "rows", rows);

    if (sums->trouble[0] != '\0')
        json_object_set_new(o, "trouble", ms_render_text(sums->trouble));
    return o;
}

static json_t *thread_table(struct builder *b, const struct ms_cut *c)
{
    const uint32_t *names = b->feed->texts;
    json_t *rows = json_array(), *order = json_array();

    for (size_t i = 0; i < c->thread_count; i++) {
        const struct ms_thread_row *r = &c->threads[i];
        bool fresh = b->base == NULL || !ms_shown_thread(b->base, r->id);
        json_array_append_new(order, json_integer(r->id));
        if (fresh || r->changed_seq > b->base->seq)
            json_array_append_new(
                rows, thread_row(b, r, names[i], fresh || b->trends));
    }
    return finish_table(&c->thread_sums, order, rows);
}

static json_t *site_table(struct builder *b, const struct ms_cut *c)
{
    const uint32_t *texts = b->feed->texts + c->thread_count;
    json_t *rows = json_array(), *order = json_array();

    for (size_t i = 0; i < c->site_count; i++) {
        const struct ms_site_row *r = &c->sites[i];
        bool fresh = b->base == NULL || !ms_shown_site(b->base, r->id);
        json_array_append_new(order, json_integer(r->id));
        if (fresh || r->changed_seq > b->base->seq)
            json_array_append_new(
                rows, site_row(b, r, texts + MS_SHOWN_SITE_TEXTS * i,
                               fresh || b->trends));
    }
    return finish_table(&c->site_sums, order, rows);
}

static json_t *parts(struct ms_feed *f, const struct ms_shown *base)
{
    const struct ms_cut *c = &f->cut;
    struct builder b = {
        .feed = f,
        .base = base,
        .news = json_array(),
        .trends = base == NULL || base->trend_step != f->shown->trend_step,
    };
    json_t *m = json_pack("{s:o}", "stats", ms_render_stats(&c->stats));

    ms_texts_begin(&f->hub->texts);
    if (base == NULL)
        json_object_set_new(m, "epoch", json_string(c->stats.epoch));
    else
        json_object_set_new(m, "base", json_integer((json_int_t)base->seq));
    if (f->wanted.threads.wanted)
        json_object_set_new(m, "th", thread_table(&b, c));
    if (f->wanted.sites.wanted)
        json_object_set_new(m, "site", site_table(&b, c));
    json_object_set_new(m, "str", b.news);
    // About once a second, and at first.
    if (base == NULL || base->second != f->shown->second) {
        json_object_set_new(m, "monitor", ms_render_monitor(f->hub->server));
        if (f->has_histograms)
            json_object_set_new(m, "hist",
                                ms_render_histograms(&f->histograms));
    }
    return m;
}

struct ms_payload *ms_message_picture(struct ms_feed *f,
                                      const struct ms_shown *base)
{
    struct ms_payload *p = ms_payload_create(&f->hub->payload_bytes);
    const struct ms_stats *s = &f->cut.stats;
    char text[160];

    if (p == NULL)
        return NULL;
    int n = snprintf(text, sizeof text,
                     "{\"t\":\"%s\",\"sub\":", base == NULL ? "full" : "d");
    ms_payload_add(p, text, (size_t)n);
    ms_payload_add_sub(p);
    n = snprintf(text, sizeof text,
                 ",\"seq\":%llu,\"ts\":%llu,\"core\":{\"rows\":[",
                 (unsigned long long)s->seq,
                 (unsigned long long)(s->uptime_ns / 1000000));
    ms_payload_add(p, text, (size_t)n);
    ms_samples_add(&f->hub->samples, f->hub->server->options.engine, s->session,
                   s->epoch, base == NULL ? 0 : base->seq, s->seq, p);
    ms_payload_add(p, "]},", 3);
    ms_payload_add_json(p, parts(f, base), true);
    ms_payload_add(p, "}", 1);
    if (ms_payload_done(p))
        return p;
    ms_payload_let_go(p);
    return NULL;
}
