// SPDX-License-Identifier: MIT
// See whole.h for the contract.

#include "whole.h"

#include <stdio.h>
#include <stdlib.h>

#include "assets.h"
#include "platform/clock.h"
#include "server/report.h"

#define SECOND_NS UINT64_C(1000000000)
#define NAMES_WAIT_NS (10 * SECOND_NS) // then they are given as they are
#define NAMES_STEP_NS (SECOND_NS / 10)

struct pending {
    struct ms_later later; // first
    struct ms_server *server;
    const struct ms_snapshot *snapshot; // held; NULL: the reply has it
    enum ms_whole_form form;
    uint64_t end_ns; // no waiting for names after this
};

struct ms_render_stream *ms_server_report(const struct ms_snapshot *snapshot)
{
    size_t bytes;
    const char *page = ms_assets_text("report.html", &bytes);

    return page != NULL ? ms_render_report(snapshot, page, bytes) : NULL;
}

// Takes the snapshot over.
static void reply(struct ms_engine *engine, struct ms_reply *r,
                  const struct ms_snapshot *s, enum ms_whole_form form)
{
    static const struct {
        const char *content_type, *extension;
    } forms[] = {
        [MS_WHOLE_JSON] = {"application/json", "json"},
        [MS_WHOLE_HTML] = {"text/html; charset=utf-8", "html"},
    };
    char which[32] = "";

    r->stream =
        form == MS_WHOLE_HTML ? ms_server_report(s) : ms_render_snapshot(s);
    if (r->stream == NULL) {
        ms_snapshot_release(engine, s);
        ms_reply_status(r, MEMSCOPE_ERROR_MEMORY);
        return;
    }
    r->held = s;
    r->content_type = forms[form].content_type;
    if (s->id != 0) // it is on the list
        snprintf(which, sizeof which, "-snapshot-%u", s->id);
    snprintf(r->disposition, sizeof r->disposition,
             "attachment; filename=\"memscope-%d%s.%s\"", (int)s->session.pid,
             which, forms[form].extension);
}

static bool again(struct ms_later *later, struct ms_reply *r)
{
    struct pending *p = (struct pending *)later;
    uint64_t now = ms_clock_monotonic_ns();

    if (now < p->end_ns && ms_snapshot_unnamed(p->snapshot) != 0) {
        later->due_ns = now + NAMES_STEP_NS;
        return false;
    }
    reply(p->server->options.engine, r, p->snapshot, p->form);
    p->snapshot = NULL;
    return true;
}

static void drop(struct ms_later *later)
{
    struct pending *p = (struct pending *)later;

    if (p->snapshot != NULL)
        ms_snapshot_release(p->server->options.engine, p->snapshot);
    p->server->exports--;
    free(p);
}

void ms_reply_whole(struct ms_request *q, struct ms_reply *r,
                    const struct ms_snapshot *snapshot, enum ms_whole_form form)
{
    struct ms_engine *engine = q->server->options.engine;
    uint64_t now = ms_clock_monotonic_ns();

    if (r->head_only || ms_snapshot_unnamed(snapshot) == 0) {
        reply(engine, r, snapshot, form);
        return;
    }
    struct pending *p = calloc(1, sizeof *p);
    if (p == NULL) {
        ms_snapshot_release(engine, snapshot);
        ms_reply_status(r, MEMSCOPE_ERROR_MEMORY);
        return;
    }
    *p = (struct pending){
        .later = {.due_ns = now + NAMES_STEP_NS, .again = again, .drop = drop},
        .server = q->server,
        .snapshot = snapshot,
        .form = form,
        .end_ns = now + NAMES_WAIT_NS,
    };
    q->server->exports++;
    r->later = &p->later;
}
