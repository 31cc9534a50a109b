// SPDX-License-Identifier: MIT
// See http_reply.h for the contract.

#include "http_reply.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asides.h"
#include "flow.h"
#include "http_check.h"
#include "http_shared.h"
#include "platform/clock.h"
#include "reply_text.h"
#include "server/log.h"

#define PIECE_BYTES 65536

static ssize_t give(void *arg, uint64_t offset, char *to, size_t bytes)
{
    struct ms_flow *flow = arg;
    bool end = false;
    size_t n = flow->read(flow->arg, to, bytes, &end);

    (void)offset;
    if (n == SIZE_MAX)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    return n == 0 && end ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)n;
}

static void end(void *arg)
{
    struct ms_flow *flow = arg;

    flow->close(flow->arg);
    free(flow);
}

// A body of which the length is not known. NULL: it has failed, and let go.
static struct MHD_Response *make_stream(const struct ms_flow *flow)
{
    struct ms_flow *kept = malloc(sizeof *kept);
    struct MHD_Response *response = NULL;

    if (kept == NULL) {
        flow->close(flow->arg);
        return NULL;
    }
    *kept = *flow;
    response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE_BYTES,
                                                 give, kept, end);
    if (response == NULL)
        end(kept);
    return response;
}

// *flows: it is a stream.
static struct MHD_Response *make_response(struct ms_server *server,
                                          struct MHD_Connection *connection,
                                          struct ms_reply *r, bool *flows)
{
    const char *accepted = ms_http_header_text(connection, "Accept-Encoding");
    struct ms_flow flow = {ms_aside_read, ms_aside_leave, r->aside};

    *flows = r->aside != NULL ||
             (!r->settled && ms_reply_text(server, r, accepted, &flow));
    if (*flows)
        return make_stream(&flow);
    if (r->failed)
        return NULL;
    if (r->made != NULL)
        return MHD_create_response_from_buffer(r->text_bytes, r->made,
                                               MHD_RESPMEM_MUST_FREE);
    return MHD_create_response_from_buffer(r->text_bytes, (void *)r->text,
                                           MHD_RESPMEM_PERSISTENT);
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

// *shared: it is not the caller's.
static struct MHD_Response *respond(struct ms_server *server,
                                    struct MHD_Connection *connection,
                                    struct ms_reply *r, bool *shared)
{
    bool last = ends_connection(server, connection), flows;
    const char *encoding = ms_reply_encoding(
        r, ms_http_header_text(connection, "Accept-Encoding"));
    bool may = r->etag != NULL && r->status == 200 && !last;
    struct MHD_Response *response =
        may ? ms_http_shared_get(server->shared, r->etag, encoding) : NULL;

    *shared = response != NULL;
    if (*shared) {
        ms_reply_drop(server, r);
        return response;
    }
    response = make_response(server, connection, r, &flows);
    if (response == NULL)
        return NULL;
    // Not even the last chunk may follow the answer to a HEAD.
    if (r->head_only && flows)
        (void)MHD_set_response_options(
            response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
    add_headers(response, r, last);
    *shared = may && !flows;
    if (*shared)
        ms_http_shared_put(server->shared, r->etag, encoding, response);
    return response;
}

enum MHD_Result ms_http_reply(struct ms_server *server,
                              struct MHD_Connection *connection,
                              struct ms_reply *r)
{
    bool shared;
    struct MHD_Response *response = respond(server, connection, r, &shared);

    if (response == NULL)
        return MHD_NO;
    uint64_t now = ms_clock_monotonic_ns();
    ms_endpoints_count(&server->endpoints, r->status, now);
    say(&server->endpoints, r->status, now);
    enum MHD_Result result =
        MHD_queue_response(connection, r->status, response);
    if (!shared)
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
    struct ms_sleeper sleeper = {suspend, resume, s};
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        s->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    if (ms_sql_job_start(job, &sleeper, info != NULL ? info->connect_fd : -1))
        return true;
    ms_sql_job_leave(job);
    return false;
}

struct ms_aside *ms_http_start_aside(struct ms_http_sleeper *s,
                                     struct ms_request *request,
                                     ms_handler *handler)
{
    struct ms_sleeper sleeper = {suspend, resume, s};

    return ms_aside_start(request->server->asides, request, handler, &sleeper);
}
