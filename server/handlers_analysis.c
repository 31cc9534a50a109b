// SPDX-License-Identifier: MIT
//
// handlers_analysis: the routes that show what the engine concludes. See
// docs/PROTOCOL.md.

#include <string.h>

#include "engine/analysis.h"
#include "handlers.h"

static void analyze(struct ms_request *q, struct ms_reply *r, int only)
{
    struct ms_analysis a;
    uint32_t session;

    if (!ms_get_session(q, r, &session))
        return;
    enum memscope_status status =
        ms_engine_analysis(q->server->options.engine, session, only, &a);
    if (status != MEMSCOPE_OK)
        ms_reply_status(r, status);
    else
        ms_reply_json(r, ms_render_analysis(&a));
    ms_analysis_fini(&a);
}

void ms_handle_analysis(struct ms_request *q, struct ms_reply *r)
{
    const char *wanted = ms_query_text(&q->query, "analyzer", "");
    int only = -1;

    for (int i = 0; wanted[0] != '\0' && only < 0; i++) {
        if (ms_analyzer((size_t)i) == NULL) {
            ms_reply_error(r, 400, "there is no such analyzer");
            return;
        }
        if (strcmp(ms_analyzer((size_t)i)->name, wanted) == 0)
            only = i;
    }
    analyze(q, r, only);
}

// The first of the table: who is suspected of leaking.
void ms_handle_leaks(struct ms_request *q, struct ms_reply *r)
{
    analyze(q, r, 0);
}

void ms_handle_fragmentation(struct ms_request *q, struct ms_reply *r)
{
    struct ms_fragmentation f;
    uint32_t session;

    if (!ms_get_session(q, r, &session))
        return;
    enum memscope_status status =
        ms_engine_fragmentation(q->server->options.engine, session, &f);
    if (status != MEMSCOPE_OK)
        ms_reply_status(r, status);
    else
        ms_reply_json(r, ms_render_fragmentation(&f));
    ms_fragmentation_fini(&f);
}

static void reply_report(struct ms_request *q, struct ms_reply *r,
                         uint32_t session)
{
    struct ms_leak_report report;
    enum memscope_status status =
        ms_engine_leak_report(q->server->options.engine, session, &report);

    if (status != MEMSCOPE_OK)
        ms_reply_status(r, status);
    else
        ms_reply_json(r, ms_render_leak_report(&report));
    ms_leak_report_fini(&report);
}

void ms_handle_leak_report(struct ms_request *q, struct ms_reply *r)
{
    uint32_t session;

    if (ms_get_session(q, r, &session))
        reply_report(q, r, session);
}

void ms_handle_leak_scan(struct ms_request *q, struct ms_reply *r)
{
    json_error_t error;
    json_int_t session = 0;
    json_t *body =
        json_loadb(q->body, q->body_bytes, JSON_REJECT_DUPLICATES, &error);

    if (!json_is_object(body) ||
        json_unpack_ex(body, &error, 0, "{s?I!}", "session", &session) != 0 ||
        session < 0 || session > UINT32_MAX) {
        json_decref(body);
        ms_reply_error(r, 400, "the body is an object, perhaps with a session");
        return;
    }
    json_decref(body);
    enum memscope_status status =
        ms_engine_leak_scan(q->server->options.engine, (uint32_t)session);
    if (status == MEMSCOPE_ERROR_STATE) {
        ms_reply_error(r, 409, "a scan is running, or the program has ended");
    } else if (status != MEMSCOPE_OK) {
        ms_reply_status(r, status);
    } else {
        reply_report(q, r, (uint32_t)session);
        if (r->status == 0 || r->status == 200)
            r->status = 202;
    }
}
