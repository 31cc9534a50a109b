// SPDX-License-Identifier: MIT
//
// handlers_details: one site, one thread, one thread by another, each block.
// See docs/PROTOCOL.md for what they say.

#include "handlers.h"

void ms_handle_site(struct ms_request *q, struct ms_reply *r)
{
    bool past = ms_asks_for_past(q, MS_PAST_PART_SITES);
    struct ms_when when;
    uint32_t session;

    if (!ms_get_session(q, r, &session) || (past && !ms_get_when(q, r, &when)))
        return;
    enum memscope_status status =
        ms_render_site_detail(q->server->options.engine, session,
                              (uint32_t)q->id, past ? &when : NULL, &r->stream);
    if (status != MEMSCOPE_OK)
        ms_reply_status(r, status);
    else
        r->content_type = "application/json";
}

void ms_handle_thread(struct ms_request *q, struct ms_reply *r)
{
    struct ms_detail detail;
    uint32_t session;

    if (!ms_get_session(q, r, &session))
        return;
    enum memscope_status status = ms_engine_thread_detail(
        q->server->options.engine, session, (uint32_t)q->id, &detail);
    if (status != MEMSCOPE_OK) {
        ms_reply_status(r, status);
        return;
    }
    ms_reply_json(r, ms_render_thread_detail(&detail));
    ms_detail_fini(&detail);
}

void ms_handle_matrix(struct ms_request *q, struct ms_reply *r)
{
    struct ms_matrix matrix;
    uint32_t session;
    uint64_t limit;

    if (!ms_get_session(q, r, &session))
        return;
    if (!ms_query_number(&q->query, "limit", 16, MS_MATRIX_MOST, &limit)) {
        ms_reply_error(r, 400, "limit is at most 64");
        return;
    }
    enum memscope_status status = ms_engine_matrix(
        q->server->options.engine, session, (size_t)limit, &matrix);
    if (status != MEMSCOPE_OK) {
        ms_reply_status(r, status);
        return;
    }
    ms_reply_json(r, ms_render_matrix(&matrix));
    ms_matrix_fini(&matrix);
}

void ms_handle_allocations(struct ms_request *q, struct ms_reply *r)
{
    uint32_t session;

    if (!ms_get_session(q, r, &session))
        return;
    enum memscope_status status =
        ms_render_blocks(q->server->options.engine, session, &r->stream);
    if (status != MEMSCOPE_OK)
        ms_reply_status(r, status);
    else
        r->content_type = "application/json";
}
