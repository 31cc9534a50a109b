// SPDX-License-Identifier: MIT
//
// handlers_status: the server, its sessions and its own cost. See
// docs/PROTOCOL.md for what they say.

#include <stdlib.h>
#include <unistd.h>

#include "handlers.h"
#include "platform/clock.h"
#include "platform/process_stats.h"

json_t *ms_render_monitor(struct ms_server *s)
{
    struct ms_engine_cost cost;
    json_t *o = json_object();

    ms_engine_cost(s->options.engine, &cost);
#define FIELD(name, value) json_object_set_new(o, name, value)
    FIELD("pid", json_integer(getpid()));
    // A server inside the program cannot tell its share of the process.
    FIELD("cpu_ns",
          ms_render_u64(s->options.embedded ? cost.cpu_ns
                                            : ms_process_own_cpu_ns()));
    FIELD("rss_bytes", s->options.embedded
                           ? json_null()
                           : ms_render_u64(ms_process_own_rss_bytes()));
    FIELD("model_bytes", ms_render_u64(cost.model_bytes));
    FIELD("ticks", ms_render_u64(cost.ticks));
    FIELD("late_ticks", ms_render_u64(cost.late_ticks));
    FIELD("last_tick_ns", ms_render_u64(cost.last_tick_ns));
    FIELD("max_tick_ns", ms_render_u64(cost.max_tick_ns));
    FIELD("tick_period_ns", ms_render_u64(cost.period_ns));
    FIELD("symbols_pending", ms_render_u64(cost.symbols_pending));
    FIELD("symbols_done", ms_render_u64(cost.symbols_done));
    FIELD("clients", json_integer(atomic_load(&s->clients)));
    FIELD("max_clients", json_integer(s->options.max_clients));
    FIELD("requests_total", ms_render_u64(atomic_load(&s->requests)));
    FIELD("messages_total", ms_render_u64(atomic_load(&s->messages)));
    FIELD("coalesced_total", ms_render_u64(atomic_load(&s->coalesced)));
    FIELD("embedded", json_boolean(s->options.embedded));
#undef FIELD
    return o;
}

static json_t *all_sessions(struct ms_server *s, uint32_t *primary)
{
    struct ms_session_info *sessions;
    size_t count;
    json_t *list = json_array();

    *primary = 0;
    if (ms_engine_sessions(s->options.engine, &sessions, &count) != MEMSCOPE_OK)
        return list;
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(list, ms_render_session(&sessions[i]));
        if (sessions[i].primary)
            *primary = sessions[i].id;
    }
    free(sessions);
    return list;
}

// Those routes that were asked.
static json_t *endpoints(const struct ms_server *s)
{
    json_t *list = json_array();
    const char *route;

    for (unsigned i = 0; (route = ms_routes_name(i)) != NULL; i++) {
        const struct ms_endpoint *e = &s->endpoints.items[i];
        uint64_t answers = ms_endpoint_answers(e);
        if (answers == 0)
            continue;
        json_array_append_new(
            list, json_pack("{s:s,s:I,s:I,s:I,s:I,s:I}", "route", route,
                            "answers", (json_int_t)answers, "client_errors",
                            (json_int_t)e->answers[4], "server_errors",
                            (json_int_t)e->answers[5], "mean_ns",
                            (json_int_t)(e->total_ns / answers), "max_ns",
                            (json_int_t)e->max_ns));
    }
    return list;
}

void ms_handle_status(struct ms_request *q, struct ms_reply *r)
{
    uint32_t primary;
    json_t *sessions = all_sessions(q->server, &primary);
    uint64_t up = ms_clock_monotonic_ns() - q->server->start_ns;

    ms_reply_json(
        r, json_pack(
               "{s:s,s:s,s:b,s:I,s:o,s:o,s:o,s:o,s:s?}", "version",
               memscope_version(), "protocol", "memscope.v1", "read_only",
               q->server->options.read_only, "uptime_ms",
               (json_int_t)(up / 1000000), "session",
               primary != 0 ? json_integer(primary) : json_null(), "sessions",
               sessions, "monitor", ms_render_monitor(q->server), "endpoints",
               endpoints(q->server), "announce", q->server->options.announce));
}

void ms_handle_sessions(struct ms_request *q, struct ms_reply *r)
{
    uint32_t primary;

    ms_reply_json(
        r, json_pack("{s:o}", "sessions", all_sessions(q->server, &primary)));
}
