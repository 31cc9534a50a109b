// SPDX-License-Identifier: MIT
// See reply_text.h for the contract.

#include "reply_text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/snapshot.h"
#include "gzip.h"
#include "negotiate.h"

#define SHORT_BYTES 1024 // not worth to be compressed

// What a streamed answer holds.
struct outgoing {
    struct ms_engine *engine;
    struct ms_render_stream *stream;
    const struct ms_snapshot *held;
};

static size_t read_stream(void *arg, char *to, size_t bytes, bool *end)
{
    struct outgoing *o = arg;
    size_t n = ms_render_read(o->stream, to, bytes);

    *end = n == 0;
    return n;
}

static void close_stream(void *arg)
{
    struct outgoing *o = arg;

    ms_render_close(o->stream);
    if (o->held != NULL)
        ms_snapshot_release(o->engine, o->held);
    free(o);
}

static bool flow_of_stream(struct ms_server *server, struct ms_reply *r,
                           struct ms_flow *flow)
{
    struct outgoing *o = malloc(sizeof *o);

    if (o == NULL)
        return false;
    *o = (struct outgoing){server->options.engine, r->stream, r->held};
    *flow = (struct ms_flow){read_stream, close_stream, o};
    r->stream = NULL;
    r->held = NULL;
    return true;
}

// Profiles are compressed already, and the page's parts where they come from.
const char *ms_reply_encoding(const struct ms_reply *r, const char *accepted)
{
    if (r->text != NULL || r->content_type == NULL ||
        strcmp(r->content_type, "application/octet-stream") == 0)
        return r->encoding;
    return ms_negotiate_encoding(accepted, true, false) == MS_ENCODING_GZIP
               ? "gzip"
               : NULL;
}

// Makes the text that is there whole.
static void make_whole(struct ms_reply *r)
{
    if (r->stats != NULL)
        r->json = ms_render_stats(r->stats);
    free(r->stats);
    r->stats = NULL;
    if (r->made == NULL && r->text == NULL) {
        r->made = json_dumps(r->json, JSON_COMPACT);
        json_decref(r->json);
        r->json = NULL;
        r->failed = r->made == NULL;
    }
    if (r->made == NULL)
        return;
    r->text_bytes = strlen(r->made);
    if (r->text_bytes < SHORT_BYTES)
        r->encoding = NULL;
    if (r->encoding == NULL)
        return;
    char *shorter = ms_gzip_text(r->made, r->text_bytes, &r->text_bytes);
    free(r->made);
    r->made = shorter;
    r->failed = shorter == NULL;
}

bool ms_reply_text(struct ms_server *server, struct ms_reply *r,
                   const char *accepted, struct ms_flow *flow)
{
    bool gzip = r->text == NULL;

    r->settled = true;
    if (gzip && r->content_type != NULL) {
        r->encoding = ms_reply_encoding(r, accepted);
        if (r->vary == NULL &&
            strcmp(r->content_type, "application/octet-stream") != 0)
            r->vary = "Accept-Encoding";
    }
    if (r->job != NULL) {
        *flow = (struct ms_flow){ms_sql_job_read, ms_sql_job_leave, r->job};
        r->job = NULL;
    } else if (r->stream != NULL) {
        r->failed = !flow_of_stream(server, r, flow);
    } else {
        if (r->json != NULL || r->stats != NULL || r->made != NULL)
            make_whole(r);
        return false;
    }
    if (!r->failed && r->encoding != NULL)
        r->failed = !ms_gzip_flow(flow);
    return !r->failed;
}

void ms_reply_drop(struct ms_server *server, struct ms_reply *r)
{
    json_decref(r->json);
    free(r->stats);
    free(r->made);
    ms_render_close(r->stream);
    if (r->held != NULL)
        ms_snapshot_release(server->options.engine, r->held);
}
