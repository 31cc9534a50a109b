// SPDX-License-Identifier: MIT
// See http_reply.h for the contract.

#include "http_reply.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/snapshot.h"
#include "http_check.h"
#include "http_gzip.h"
#include "negotiate.h"
#include "platform/clock.h"
#include "server/log.h"

#define PIECE_BYTES 65536
#define SHORT_BYTES 1024 // not worth to be compressed

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

// A body of which the length is not known. NULL: it has failed, and let go.
static struct MHD_Response *make_stream(const struct ms_reply *r,
                                        MHD_ContentReaderCallback read,
                                        void *arg,
                                        MHD_ContentReaderFreeCallback done)
{
    struct MHD_Response *response;

    if (r->encoding != NULL)
        return ms_http_gzip(read, arg, done);
    response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE_BYTES,
                                                 read, arg, done);
    if (response == NULL)
        done(arg);
    return response;
}

static struct MHD_Response *make_render(struct ms_server *server,
                                        struct ms_reply *r)
{
    struct outgoing *o = malloc(sizeof *o);

    if (o == NULL) {
        ms_render_close(r->stream);
        if (r->held != NULL)
            ms_snapshot_release(server->options.engine, r->held);
        return NULL;
    }
    *o = (struct outgoing){server->options.engine, r->stream, r->held};
    return make_stream(r, give_piece, o, end_stream);
}

struct text {
    char *all;
    size_t bytes;
};

static ssize_t give_text(void *arg, uint64_t offset, char *to, size_t bytes)
{
    struct text *t = arg;
    size_t left = t->bytes - (size_t)offset;

    if (left == 0)
        return MHD_CONTENT_READER_END_OF_STREAM;
    bytes = left < bytes ? left : bytes;
    memcpy(to, t->all + offset, bytes);
    return (ssize_t)bytes;
}

static void end_text(void *arg)
{
    struct text *t = arg;

    free(t->all);
    free(t);
}

static struct MHD_Response *make_text(struct ms_reply *r, char *all)
{
    size_t bytes = strlen(all);

    if (bytes < SHORT_BYTES)
        r->encoding = NULL;
    if (r->encoding == NULL)
        return MHD_create_response_from_buffer(bytes, all,
                                               MHD_RESPMEM_MUST_FREE);
    struct text *t = malloc(sizeof *t);
    if (t == NULL) {
        free(all);
        return NULL;
    }
    *t = (struct text){all, bytes};
    return ms_http_gzip(give_text, t, end_text);
}

// Whether it gets shorter: profiles are compressed already, and the page's
// parts where they come from.
static bool is_made_text(const struct ms_reply *r)
{
    return r->text == NULL && r->content_type != NULL &&
           strcmp(r->content_type, "application/octet-stream") != 0;
}

static struct MHD_Response *make_response(struct ms_server *server,
                                          struct MHD_Connection *connection,
                                          struct ms_reply *r)
{
    const char *accepted = ms_http_header_text(connection, "Accept-Encoding");

    if (is_made_text(r)) {
        if (r->vary == NULL)
            r->vary = "Accept-Encoding";
        if (ms_negotiate_encoding(accepted, true, false) == MS_ENCODING_GZIP)
            r->encoding = "gzip";
    }
    if (r->job != NULL)
        return make_stream(r, give_of_job, r->job, end_job);
    if (r->stream != NULL)
        return make_render(server, r);
    if (r->made != NULL)
        return make_text(r, r->made);
    if (r->json == NULL)
        return MHD_create_response_from_buffer(r->text_bytes, (void *)r->text,
                                               MHD_RESPMEM_PERSISTENT);
    char *text = json_dumps(r->json, JSON_COMPACT);
    json_decref(r->json);
    return text != NULL ? make_text(r, text) : NULL;
}

// Of how long a body is that comes in pieces, or with a request that has no use
// for one, two readers may think differently: what follows is not looked at.
static bool ends_connection(const struct ms_server *server,
                            struct MHD_Connection *connection)
{
    const char *method = server->endpoints.method;
    bool reads = method == NULL || strcmp(method, "GET") == 0 ||
                 strcmp(method, "HEAD") == 0;

    return ms_http_header(connection, "Transfer-Encoding") != NULL ||
           (reads && ms_http_header(connection, "Content-Length") != NULL);
}

static void add_headers(struct MHD_Response *response, const struct ms_reply *r,
                        bool last)
{
    static const char *const always[][2] = {
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
        {"Connection", last ? "close" : NULL},
        {"Content-Security-Policy", r->policy != NULL ? r->policy : policy},
        {"WWW-Authenticate", r->challenge},
        {"Retry-After", r->retry_after},
        {"Set-Cookie", r->cookie[0] != '\0' ? r->cookie : NULL},
        {"Content-Type", r->content_type},
        {"Content-Encoding", r->encoding},
        {"ETag", r->etag},
        // The page's parts are asked for anew by their tags; the rest is of
        // its moment.
        {"Cache-Control", r->etag != NULL ? "no-cache" : "no-store"},
        {"Vary", r->etag != NULL ? "Accept-Encoding" : r->vary},
        {"Upgrade", r->status == 426 ? "websocket" : NULL},
        {"Connection", r->status == 426 ? "Upgrade" : NULL},
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

// Reading that succeeds is for debugging alone.
static void say(const struct ms_endpoints *e, unsigned status, uint64_t now)
{
    struct ms_log_line line;
    bool reads = e->method == NULL || strcmp(e->method, "GET") == 0 ||
                 strcmp(e->method, "HEAD") == 0;
    enum ms_log_level level = status >= 500             ? MS_LOG_WARNING
                              : status >= 400 || !reads ? MS_LOG_INFO
                                                        : MS_LOG_DEBUG;

    if (!ms_log_begin(&line, level, "answer"))
        return;
    ms_log_text(&line, "route", ms_routes_name(e->route));
    ms_log_text(&line, "method", e->method != NULL ? e->method : "");
    ms_log_number(&line, "status", status);
    ms_log_number(&line, "took_us", (now - e->begin_ns) / 1000);
    ms_log_end(&line);
}

enum MHD_Result ms_http_reply(struct ms_server *server,
                              struct MHD_Connection *connection,
                              struct ms_reply *r)
{
    struct MHD_Response *response = make_response(server, connection, r);

    if (response == NULL)
        return MHD_NO;
    // Not even the last chunk may follow the answer to a HEAD.
    if (r->head_only && (r->stream != NULL || r->encoding != NULL))
        (void)MHD_set_response_options(
            response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
    add_headers(response, r, ends_connection(server, connection));
    uint64_t now = ms_clock_monotonic_ns();
    ms_endpoints_count(&server->endpoints, r->status, now);
    say(&server->endpoints, r->status, now);
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
