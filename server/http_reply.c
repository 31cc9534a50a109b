// SPDX-License-Identifier: MIT
// See http_reply.h for the contract.

#include "http_reply.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/snapshot.h"

#define PIECE_BYTES 65536

// What a streamed answer holds.
struct outgoing {
    struct ms_engine *engine;
    struct ms_render_stream *stream;
    const struct ms_snapshot *held;
};

static ssize_t give_piece(void *arg, uint64_t offset, char *to, size_t bytes)
{
    struct outgoing *o = arg;
    size_t n = ms_render_read(o->stream, to, bytes);

    (void)offset;
    if (n == SIZE_MAX)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    return n == 0 ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)n;
}

static void end_stream(void *arg)
{
    struct outgoing *o = arg;

    ms_render_close(o->stream);
    if (o->held != NULL)
        ms_snapshot_release(o->engine, o->held);
    free(o);
}

static ssize_t give_of_job(void *arg, uint64_t offset, char *to, size_t bytes)
{
    bool end;
    size_t n = ms_sql_job_read(arg, to, bytes, &end);

    (void)offset;
    return end ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)n;
}

static void end_job(void *arg)
{
    ms_sql_job_leave(arg);
}

static struct MHD_Response *make_job(struct ms_reply *r)
{
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, PIECE_BYTES, give_of_job, r->job, end_job);

    if (response == NULL)
        ms_sql_job_leave(r->job);
    return response;
}

static struct MHD_Response *make_stream(struct ms_server *server,
                                        struct ms_reply *r)
{
    struct outgoing *o = malloc(sizeof *o);
    struct MHD_Response *response = NULL;

    if (o != NULL) {
        *o = (struct outgoing){server->options.engine, r->stream, r->held};
        response = MHD_create_response_from_callback(
            MHD_SIZE_UNKNOWN, PIECE_BYTES, give_piece, o, end_stream);
        // Not even the last chunk may follow the answer to a HEAD.
        if (response != NULL && r->head_only)
            (void)MHD_set_response_options(
                response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
        if (response != NULL)
            return response;
        free(o);
    }
    ms_render_close(r->stream);
    if (r->held != NULL)
        ms_snapshot_release(server->options.engine, r->held);
    return NULL;
}

static struct MHD_Response *make_response(struct ms_server *server,
                                          struct ms_reply *r)
{
    if (r->job != NULL)
        return make_job(r);
    if (r->stream != NULL)
        return make_stream(server, r);
    if (r->json == NULL)
        return MHD_create_response_from_buffer(r->text_bytes, (void *)r->text,
                                               MHD_RESPMEM_PERSISTENT);
    char *text = json_dumps(r->json, JSON_COMPACT);
    json_decref(r->json);
    if (text == NULL)
        return NULL;
    return MHD_create_response_from_buffer(strlen(text), text,
                                           MHD_RESPMEM_MUST_FREE);
}

static void add_headers(struct MHD_Response *response, const struct ms_reply *r)
{
    static const char *const always[][2] = {
        // A later upgrade on the same connection would not reach us.
        {"Connection", "close"},
        {"Cache-Control", "no-cache"},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
    };
    static const char policy[] =
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        "connect-src 'self'; img-src 'self' data: blob:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'";
    const char *const some[][2] = {
        {"Content-Security-Policy", r->policy != NULL ? r->policy : policy},
        {"WWW-Authenticate", r->challenge},
        {"Retry-After", r->retry_after},
        {"Set-Cookie", r->cookie[0] != '\0' ? r->cookie : NULL},
        {"Content-Type", r->content_type},
        {"Content-Encoding", r->encoding},
        {"ETag", r->etag},
        {"Vary", r->etag != NULL ? "Accept-Encoding" : NULL},
        {"Allow", r->allow},
        {"Location", r->location[0] != '\0' ? r->location : NULL},
        {"Content-Disposition",
         r->disposition[0] != '\0' ? r->disposition : NULL},
    };

    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        MHD_add_response_header(response, always[i][0], always[i][1]);
    for (size_t i = 0; i < sizeof some / sizeof *some; i++)
        if (some[i][1] != NULL)
            MHD_add_response_header(response, some[i][0], some[i][1]);
}

enum MHD_Result ms_http_reply(struct ms_server *server,
                              struct MHD_Connection *connection,
                              struct ms_reply *r)
{
    struct MHD_Response *response = make_response(server, r);

    if (response == NULL)
        return MHD_NO;
    add_headers(response, r);
    enum MHD_Result result =
        MHD_queue_response(connection, r->status, response);
    MHD_destroy_response(response);
    return result;
}

enum MHD_Result ms_http_refuse(struct ms_server *server,
                               struct MHD_Connection *connection,
                               unsigned status, const char *message)
{
    struct ms_reply r = {0};

    ms_reply_error(&r, status, message);
    return ms_http_reply(server, connection, &r);
}

static void suspend(void *arg)
{
    struct ms_http_sleeper *s = arg;

    MHD_suspend_connection(s->connection);
}

// MHD's own wake-up is not in its epoll set when it does not listen. Once the
// connection runs again it may be gone at any time, and the sleeper with it.
static void resume(void *arg)
{
    struct ms_http_sleeper *s = arg;
    uint64_t one = 1;
    int fd = s->wake_event;

    MHD_resume_connection(s->connection);
    ssize_t ignore = write(fd, &one, sizeof one);
    (void)ignore; // an eventfd takes it
}

bool ms_http_start_job(struct ms_http_sleeper *s, struct ms_sql_job *job)
{
    struct ms_sql_sleeper sleeper = {suspend, resume, s};
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        s->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    if (ms_sql_job_start(job, &sleeper, info != NULL ? info->connect_fd : -1))
        return true;
    ms_sql_job_leave(job);
    return false;
}
