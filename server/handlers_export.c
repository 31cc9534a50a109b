// SPDX-License-Identifier: MIT
//
// handlers_export: stacks and sites in the formats of other tools. The answer
// may come later: when names have been found, or the time of a difference is
// over. See docs/PROTOCOL.md.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/export.h"
#include "handlers.h"
#include "platform/clock.h"
#include "whole.h"

#define SECOND_NS UINT64_C(1000000000)
#define SECONDS_MOST 3600
#define NAMES_WAIT_NS (10 * SECOND_NS) // then they are given as they are
#define EXPORTS_MOST 16                // each holds all stacks of a session
#define NAMES_STEP_NS (SECOND_NS / 10)

// An export on its way.
struct pending {
    struct ms_later later; // first
    struct ms_server *server;
    struct ms_engine *engine;
    uint32_t session;
    struct ms_at at;
    struct ms_export_order order;
    const char *name; // of the profile; NULL: as the format's
    struct ms_source source;
    bool opened;           // the source
    uint64_t names_end_ns; // no waiting for names after this
};

enum { CSV = -1, HTML = -2 };

static const struct format {
    const char *name, *content_type, *extension;
    int format; // of ms_export_format, or one of the following
} formats[] = {
    {"pprof", "application/octet-stream", "pb.gz", MS_EXPORT_PPROF},
    {"collapsed", "text/plain; charset=utf-8", "collapsed.txt",
     MS_EXPORT_COLLAPSED},
    {"speedscope", "application/json", "speedscope.json", MS_EXPORT_SPEEDSCOPE},
    {"csv", "text/csv; charset=utf-8", "csv", CSV},
    {"html", "text/html; charset=utf-8", "html", HTML},
};

static const struct format *format_of(const char *name)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    return NULL;
}

static void describe(struct ms_reply *r, const struct format *f,
                     const struct pending *p, pid_t pid)
{
    char snapshot[32] = "";

    if (p->at.kind == MS_AT_SNAPSHOT)
        snprintf(snapshot, sizeof snapshot, "-snapshot-%llu",
                 (unsigned long long)p->at.value);
    r->content_type = f->content_type;
    snprintf(r->disposition, sizeof r->disposition,
             "attachment; filename=\"memscope-%d%s%s%s.%s\"", (int)pid,
             snapshot, p->name != NULL ? "-" : "",
             p->name != NULL ? p->name : "", f->extension);
}

// Of the session or snapshot; 0: it has gone meanwhile.
static pid_t pid_of(const struct pending *p)
{
    struct ms_session_info info;
    const struct ms_snapshot *s;
    pid_t pid = 0;

    if (p->at.kind == MS_AT_SNAPSHOT) {
        s = ms_snapshot_acquire(p->engine, (uint32_t)p->at.value);
        if (s != NULL) {
            pid = s->session.pid;
            ms_snapshot_release(p->engine, s);
        }
    } else if (ms_engine_session(p->engine, p->session, &info) == MEMSCOPE_OK) {
        pid = info.pid;
    }
    return pid;
}

static void drop(struct ms_later *later)
{
    struct pending *p = (struct pending *)later;

    ms_source_close(&p->source);
    ms_source_close(&p->order.since);
    p->server->exports--;
    free(p);
}

// Renders what has been gathered.
static void reply(struct pending *p, struct ms_reply *r)
{
    const struct format *f = &formats[p->order.format];
    pid_t pid = p->source.session.pid;
    enum memscope_status status =
        ms_render_export(&p->source, &p->order, &r->stream);

    if (status != MEMSCOPE_OK)
        ms_reply_status(r, status);
    else
        describe(r, f, p, pid);
}

static bool again(struct ms_later *later, struct ms_reply *r)
{
    struct pending *p = (struct pending *)later;
    uint64_t now = ms_clock_monotonic_ns();

    if (!p->opened) {
        enum memscope_status status =
            ms_source_open(p->engine, p->session, &p->at, &p->source);
        if (status != MEMSCOPE_OK) { // it may have gone meanwhile
            ms_reply_status(r, status);
            return true;
        }
        p->opened = true;
        p->names_end_ns = now + NAMES_WAIT_NS;
    }
    if (now < p->names_end_ns && ms_export_wait(&p->source)) {
        later->due_ns = now + NAMES_STEP_NS;
        return false;
    }
    reply(p, r);
    return true;
}

// Opens what is needed at once, so that errors are answered at once.
static void begin(struct pending *p, struct ms_reply *r, uint64_t seconds)
{
    enum memscope_status status;

    if (seconds != 0) {
        status = ms_source_open(p->engine, p->session, &p->at, &p->order.since);
        if (status != MEMSCOPE_OK) {
            ms_reply_status(r, status);
            drop(&p->later);
            return;
        }
        p->order.delta = true;
        // That one, whatever becomes the primary one meanwhile.
        p->session = p->order.since.stats.session;
        p->later.due_ns = ms_clock_monotonic_ns() + seconds * SECOND_NS;
        r->later = &p->later;
    } else if (again(&p->later, r)) {
        drop(&p->later);
    } else {
        r->later = &p->later;
    }
}

static struct pending *make(struct ms_request *q, struct ms_reply *r)
{
    uint32_t session;

    if (!ms_get_session(q, r, &session))
        return NULL;
    if (q->server->exports >= EXPORTS_MOST) {
        ms_reply_error(r, 503, "there are as many exports under way as may be");
        return NULL;
    }
    struct pending *p = calloc(1, sizeof *p);
    if (p == NULL) {
        ms_reply_status(r, MEMSCOPE_ERROR_MEMORY);
        return NULL;
    }
    p->later = (struct ms_later){.again = again, .drop = drop};
    p->server = q->server;
    p->engine = q->server->options.engine;
    p->session = session;
    q->server->exports++;
    return p;
}

static void reply_csv(struct ms_reply *r, const struct pending *p)
{
    enum memscope_status status =
        ms_render_sites_csv(p->engine, p->session, &p->at, &r->stream);

    if (status != MEMSCOPE_OK)
        ms_reply_status(r, status);
    else
        describe(r, format_of("csv"), p, pid_of(p));
}

static void reply_html(struct ms_request *q, struct ms_reply *r,
                       const struct pending *p)
{
    const struct ms_snapshot *s = NULL;
    enum memscope_status status = MEMSCOPE_OK;

    if (p->at.kind == MS_AT_SNAPSHOT) {
        s = ms_snapshot_acquire(p->engine, (uint32_t)p->at.value);
        if (s == NULL)
            status = MEMSCOPE_ERROR_NOT_FOUND;
    } else {
        status = ms_snapshot_copy(p->engine, p->session, &s);
    }
    if (status == MEMSCOPE_OK)
        ms_reply_whole(q, r, s, MS_WHOLE_HTML);
    else
        ms_reply_status(r, status);
}

static const char *parse_export(struct ms_request *q, struct pending *p,
                                const struct format **format)
{
    uint64_t snapshot;

    *format = format_of(ms_query_text(&q->query, "format", "pprof"));
    if (*format == NULL)
        return "format is pprof, collapsed, speedscope, csv or html";
    if (!ms_query_number(&q->query, "snapshot", 0, 999999999, &snapshot))
        return "snapshot is a number";
    if (*ms_query_text(&q->query, "snapshot", "") != '\0')
        p->at = (struct ms_at){MS_AT_SNAPSHOT, snapshot};
    if (!ms_weight_of_name(
            ms_query_text(&q->query, "weight", ms_weight_name(0)),
            &p->order.weight))
        return "weight is live_bytes, live_blocks, alloc_bytes or alloc_count";
    return NULL;
}

void ms_handle_export(struct ms_request *q, struct ms_reply *r)
{
    struct pending *p = make(q, r);
    const struct format *format;

    if (p == NULL)
        return;
    const char *wrong = parse_export(q, p, &format);
    if (wrong != NULL) {
        ms_reply_error(r, 400, wrong);
        drop(&p->later);
    } else if (format->format == CSV) {
        reply_csv(r, p);
        drop(&p->later);
    } else if (format->format == HTML) {
        reply_html(q, r, p);
        drop(&p->later);
    } else {
        p->order.format = (enum ms_export_format)format->format;
        begin(p, r, 0);
    }
}

static void handle_pprof(struct ms_request *q, struct ms_reply *r,
                         const char *name, enum ms_weight weight)
{
    struct pending *p = make(q, r);
    uint64_t seconds;

    if (p == NULL)
        return;
    if (!ms_query_number(&q->query, "seconds", 0, SECONDS_MOST, &seconds)) {
        ms_reply_error(r, 400, "seconds is a number of at most 3600");
        drop(&p->later);
        return;
    }
    p->order.format = MS_EXPORT_PPROF;
    p->order.weight = weight;
    p->name = name;
    begin(p, r, seconds);
}

void ms_handle_pprof_heap(struct ms_request *q, struct ms_reply *r)
{
    handle_pprof(q, r, "heap", MS_WEIGHT_LIVE_BYTES);
}

void ms_handle_pprof_allocs(struct ms_request *q, struct ms_reply *r)
{
    handle_pprof(q, r, "allocs", MS_WEIGHT_ALLOC_BYTES);
}
