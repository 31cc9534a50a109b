// SPDX-License-Identifier: MIT
// See metrics_families.h for the contract: the server's half.

#include <stdatomic.h>

#include "metrics_families.h"
#include "platform/clock.h"
#include "platform/process_stats.h"
#include "routes.h"

static void one(struct ms_metrics *m, const char *name,
                enum ms_metrics_type type, const char *help, uint64_t value)
{
    ms_metrics_family(m, name, type, NULL, help);
    ms_metrics_u64(m, NULL, value);
}

static void seconds(struct ms_metrics *m, const char *name,
                    enum ms_metrics_type type, const char *help, uint64_t ns)
{
    ms_metrics_family(m, name, type, "seconds", help);
    ms_metrics_ns(m, NULL, ns);
}

static void bytes(struct ms_metrics *m, const char *name, const char *help,
                  uint64_t value)
{
    ms_metrics_family(m, name, MS_METRICS_GAUGE, "bytes", help);
    ms_metrics_u64(m, NULL, value);
}

// The process that answers: the names that all exporters use.
static void process(struct ms_metrics *m, const struct ms_server *s)
{
    seconds(m, "process_cpu_seconds", MS_METRICS_COUNTER,
            "User and system CPU time of the process that answers.",
            ms_process_own_cpu_ns());
    bytes(m, "process_resident_memory_bytes",
          "Resident memory of the process that answers.",
          ms_process_own_rss_bytes());
    seconds(m, "process_start_time_seconds", MS_METRICS_GAUGE,
            "When the server began, since 1970.",
            ms_clock_realtime_ns() - (ms_clock_monotonic_ns() - s->start_ns));
}

static void monitor(struct ms_metrics *m, const struct ms_server *s)
{
    struct ms_engine_cost cost;

    ms_engine_cost(s->options.engine, &cost);
    // A server inside the program cannot tell its share of the process.
    seconds(m, "memscope_monitor_cpu_seconds", MS_METRICS_COUNTER,
            "CPU time of the monitor itself.",
            s->options.embedded ? cost.cpu_ns : ms_process_own_cpu_ns());
    bytes(m, "memscope_monitor_model_bytes",
          "Memory of all models and histories.", cost.model_bytes);
    one(m, "memscope_monitor_ticks", MS_METRICS_COUNTER,
        "Times that the event store was read.", cost.ticks);
    one(m, "memscope_monitor_late_ticks", MS_METRICS_COUNTER,
        "Ticks that began more than one period late.", cost.late_ticks);
    seconds(m, "memscope_monitor_last_tick_seconds", MS_METRICS_GAUGE,
            "What the last tick took.", cost.last_tick_ns);
    seconds(m, "memscope_monitor_longest_tick_seconds", MS_METRICS_GAUGE,
            "What the longest tick took.", cost.max_tick_ns);
    seconds(m, "memscope_monitor_tick_period_seconds", MS_METRICS_GAUGE,
            "From tick to tick.", cost.period_ns);
    one(m, "memscope_monitor_symbols_pending", MS_METRICS_GAUGE,
        "Names that are being looked for.", cost.symbols_pending);
    one(m, "memscope_monitor_viewers", MS_METRICS_GAUGE, "Pages that look on.",
        atomic_load(&s->clients));
    one(m, "memscope_monitor_viewers_limit", MS_METRICS_GAUGE,
        "Pages that may look on.", s->options.max_clients);
    one(m, "memscope_monitor_messages", MS_METRICS_COUNTER,
        "Messages sent to viewers.", atomic_load(&s->messages));
    one(m, "memscope_monitor_coalesced_messages", MS_METRICS_COUNTER,
        "Messages that slow viewers were not sent: the next one held all.",
        atomic_load(&s->coalesced));
}

static void requests(struct ms_metrics *m, const struct ms_server *s)
{
    static const char *const codes[] = {"0xx", "1xx", "2xx",
                                        "3xx", "4xx", "5xx"};
    const char *name;

    ms_metrics_family(m, "memscope_http_requests", MS_METRICS_COUNTER, NULL,
                      "Answers by route and class of status.");
    for (unsigned i = 0; (name = ms_routes_name(i)) != NULL; i++)
        for (unsigned c = 0; c < 6; c++) {
            struct ms_metrics_labels labels = {.bytes = 0};
            if (s->endpoints.items[i].answers[c] == 0)
                continue;
            ms_metrics_label(&labels, "route", name);
            ms_metrics_label(&labels, "code", codes[c]);
            ms_metrics_u64(m, &labels, s->endpoints.items[i].answers[c]);
        }
}

static void latencies(struct ms_metrics *m, const struct ms_server *s)
{
    uint64_t edges[MS_LATENCIES];
    const char *name;

    for (unsigned i = 0; i < MS_LATENCIES; i++)
        edges[i] = ms_endpoints_edge_ns(i);
    ms_metrics_family(m, "memscope_http_request_duration_seconds",
                      MS_METRICS_HISTOGRAM, "seconds",
                      "From a request's head to the beginning of its answer.");
    for (unsigned i = 0; (name = ms_routes_name(i)) != NULL; i++) {
        const struct ms_endpoint *e = &s->endpoints.items[i];
        struct ms_metrics_labels labels = {.bytes = 0};
        if (ms_endpoint_answers(e) == 0)
            continue;
        ms_metrics_label(&labels, "route", name);
        ms_metrics_histogram(m, &labels, edges, e->took, MS_LATENCIES,
                             e->total_ns);
    }
}

void ms_metrics_of_server(struct ms_metrics *m, const struct ms_server *s)
{
    struct ms_metrics_labels version = {.bytes = 0};

    ms_metrics_family(m, "memscope_build", MS_METRICS_INFO, NULL,
                      "The version of memscope.");
    ms_metrics_label(&version, "version", memscope_version());
    ms_metrics_u64(m, &version, 1);
    process(m, s);
    monitor(m, s);
    requests(m, s);
    latencies(m, s);
}
