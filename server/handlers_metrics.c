// SPDX-License-Identifier: MIT
//
// handlers_metrics: GET /metrics. What there is, is in metrics_families.c; here
// are the sessions that it is of, within bounds: the sites and threads with the
// most live bytes, of so many running sessions.

#include <stdlib.h>
#include <string.h>

#include "engine/analysis.h"
#include "metrics_families.h"
#include "negotiate.h"
#include "routes.h"

#define ROWS_DEFAULT 20
#define ROWS_MOST 1000

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static int by_live_bytes(const void *a, const void *b)
{
    const struct ms_thread_row *x = a, *y = b;

    return (x->live_bytes < y->live_bytes) - (x->live_bytes > y->live_bytes);
}

static void take_rows(struct ms_engine *engine, struct ms_metrics_session *s,
                      size_t sites, size_t threads)
{
    uint64_t seq;
    bool named;

    s->sites = sites != 0 ? calloc(sites, sizeof *s->sites) : NULL;
    if (s->sites != NULL &&
        ms_engine_top_sites(engine, s->info.id, s->sites, sites, &s->site_count,
                            &named) != MEMSCOPE_OK)
        s->site_count = 0;
    if (threads == 0 ||
        ms_engine_threads(engine, s->info.id, 0, &s->threads, &s->thread_count,
                          &seq) != MEMSCOPE_OK)
        return;
    qsort(s->threads, s->thread_count, sizeof *s->threads, by_live_bytes);
    if (s->thread_count > threads)
        s->thread_count = threads;
}

static void take_suspects(struct ms_engine *engine,
                          struct ms_metrics_session *s)
{
    static const char suspects[] = "leak_suspects";
    struct ms_analysis found;
    int number = 0;

    while (ms_analyzer((size_t)number) != NULL &&
           strcmp(ms_analyzer((size_t)number)->name, suspects) != 0)
        number++;
    s->suspects = UINT64_MAX;
    s->suspect_bytes = UINT64_MAX;
    if (ms_engine_analysis(engine, s->info.id, number, &found) != MEMSCOPE_OK)
        return;
    s->suspects = found.count;
    s->suspect_bytes = 0;
    for (size_t i = 0; i < found.count; i++)
        s->suspect_bytes += found.findings[i].site.live_bytes;
    ms_analysis_fini(&found);
}

// False: it has not begun, or has gone meanwhile.
static bool take(struct ms_engine *engine, const struct ms_session_info *info,
                 struct ms_metrics_session *s)
{
    *s = (struct ms_metrics_session){.info = *info};
    if (ms_engine_stats(engine, info->id, 0, &s->stats) != MEMSCOPE_OK)
        return false;
    s->running = info->state == MS_SESSION_RUNNING;
    ms_metrics_label_number(&s->labels, "session", info->id);
    ms_metrics_label_number(&s->labels, "pid", (uint64_t)info->pid);
    ms_metrics_label(&s->labels, "exe", last_part(info->exe));
    return true;
}

static void let_go(struct ms_metrics_session *sessions, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(sessions[i].sites);
        free(sessions[i].threads);
    }
    free(sessions);
}

static struct ms_metrics_session *
take_all(struct ms_engine *engine, size_t sites, size_t threads, size_t *count)
{
    struct ms_session_info *infos = NULL;
    struct ms_metrics_session *sessions = NULL;
    size_t known = 0, detailed = 0;

    *count = 0;
    if (ms_engine_sessions(engine, &infos, &known) == MEMSCOPE_OK)
        sessions = calloc(known != 0 ? known : 1, sizeof *sessions);
    for (size_t i = 0; sessions != NULL && i < known; i++) {
        struct ms_metrics_session *s = &sessions[*count];
        if (!take(engine, &infos[i], s))
            continue;
        ++*count;
        if (!s->running || ++detailed > MS_METRICS_DETAILED)
            continue;
        take_rows(engine, s, sites, threads);
        take_suspects(engine, s);
        s->detailed = true;
    }
    free(infos);
    return sessions;
}

void ms_handle_metrics(struct ms_request *q, struct ms_reply *r)
{
    struct ms_metrics m = {0};
    uint64_t sites, threads;
    size_t count;

    if (!ms_query_number(&q->query, "sites", ROWS_DEFAULT, ROWS_MOST, &sites) ||
        !ms_query_number(&q->query, "threads", ROWS_DEFAULT, ROWS_MOST,
                         &threads)) {
        ms_reply_error(r, 400, "sites and threads are at most 1000");
        return;
    }
    int open =
        ms_negotiate_weight(q->accept, "application/openmetrics-text", "1.0.0");
    m.openmetrics =
        open > 0 && open >= ms_negotiate_weight(q->accept, "text/plain", NULL);
    struct ms_metrics_session *sessions =
        take_all(q->server->options.engine, sites, threads, &count);
    if (sessions == NULL) {
        ms_reply_status(r, MEMSCOPE_ERROR_MEMORY);
        return;
    }
    ms_metrics_of_sessions(&m, sessions, count);
    ms_metrics_of_server(&m, q->server);
    let_go(sessions, count);
    r->made = ms_metrics_end(&m);
    if (r->made == NULL) {
        ms_reply_status(r, MEMSCOPE_ERROR_MEMORY);
        return;
    }
    r->vary = "Accept, Accept-Encoding";
    r->content_type =
        m.openmetrics
            ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
            : "text/plain; version=0.0.4; charset=utf-8";
}
