// SPDX-License-Identifier: MIT
// See http.h for the contract. The only file that knows libmicrohttpd.

#include "http.h"

#include <microhttpd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "engine/snapshot.h"
#include "routes.h"

#define PIECE_BYTES 65536
#define DROPPED_BYTES 1048576 // read and dropped, for the answer's sake

struct ms_http {
    struct ms_server *server;
    struct MHD_Daemon *daemon;
    int poll_fd;
};

// One request, from its head to the end of its answer.
struct exchange {
    struct ms_request request;
    char *body;
    bool too_large;
    uint64_t dropped_bytes; // of a body that is too large
};

// What a streamed answer holds.
struct outgoing {
    struct ms_engine *engine;
    struct ms_render_stream *stream;
    const struct ms_snapshot *held;
};

static void say_nothing(void *arg, const char *format, va_list arguments)
{
    (void)arg; // it is told of every client's mistake
    (void)format;
    (void)arguments;
}

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

static struct MHD_Response *make_stream(struct ms_server *server,
                                        struct ms_reply *r)
{
    struct outgoing *o = malloc(sizeof *o);
    struct MHD_Response *response = NULL;

    if (o != NULL) {
        *o = (struct outgoing){server->options.engine, r->stream, r->held};
        response = MHD_create_response_from_callback(
            MHD_SIZE_UNKNOWN, PIECE_BYTES, give_piece, o, end_stream);
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
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self'; "
         "connect-src 'self'; img-src 'self' data: blob:; base-uri 'none'; "
         "form-action 'none'; frame-ancestors 'none'; "
         "require-trusted-types-for 'script'; trusted-types 'none'"},
    };
    const char *const some[][2] = {
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

static enum MHD_Result send_reply(struct ms_server *server,
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

static enum MHD_Result refuse(struct ms_server *server,
                              struct MHD_Connection *connection,
                              unsigned status, const char *message)
{
    struct ms_reply r = {0};

    ms_reply_error(&r, status, message);
    return send_reply(server, connection, &r);
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static const char *header_or_empty(struct MHD_Connection *connection,
                                   const char *name)
{
    const char *value = header(connection, name);

    return value != NULL ? value : "";
}

static enum MHD_Result count_header(void *arg, enum MHD_ValueKind kind,
                                    const char *name, const char *value)
{
    unsigned *counts = arg;

    (void)kind;
    (void)value;
    counts[0] += strcasecmp(name, "Host") == 0;
    counts[1] += strcasecmp(name, "Origin") == 0;
    counts[2] += strcasecmp(name, "Content-Length") == 0;
    counts[3] += strcasecmp(name, "Transfer-Encoding") == 0;
    return MHD_YES;
}

static enum MHD_Result add_parameter(void *arg, enum MHD_ValueKind kind,
                                     const char *name, const char *value)
{
    (void)kind;
    ms_query_add(arg, name, value);
    return MHD_YES;
}

// Decodes %XX. A NUL would end the text before its end: it stays encoded, so
// that no path or parameter with one is known.
static size_t unescape(void *arg, struct MHD_Connection *connection, char *text)
{
    (void)arg;
    (void)connection;
    if (strstr(text, "%00") != NULL)
        return strlen(text);
    return MHD_http_unescape(text);
}

// Answers what must not come further. MHD_YES with *done: answered.
static enum MHD_Result check_head(struct ms_server *server,
                                  struct MHD_Connection *connection, bool *done)
{
    unsigned counts[4] = {0};
    const char *length = header(connection, "Content-Length");

    *done = true;
    MHD_get_connection_values(connection, MHD_HEADER_KIND, count_header,
                              counts);
    if (counts[0] != 1 ||
        !ms_access_host(&server->access, header(connection, "Host")))
        return refuse(server, connection, 421,
                      "this server is reached as localhost, 127.0.0.1 or "
                      "[::1], with its port");
    if (counts[1] > 1 ||
        !ms_access_origin(&server->access, header(connection, "Origin")))
        return refuse(server, connection, 403, "a foreign page may not ask");
    if (counts[2] > 1 || (counts[2] != 0 && counts[3] != 0))
        return refuse(server, connection, 400, "the body has two lengths");
    if (length != NULL &&
        (strlen(length) > 9 || strtoul(length, NULL, 10) > MS_HTTP_BODY_BYTES))
        return refuse(server, connection, 413, "a body may have 65,536 bytes");
    *done = false;
    return MHD_YES;
}

// False: this is going too far.
static bool keep_body(struct exchange *x, const char *data, size_t bytes)
{
    size_t have = x->request.body_bytes;
    char *grown = NULL;

    if (!x->too_large && bytes <= MS_HTTP_BODY_BYTES - have)
        grown = realloc(x->body, have + bytes + 1);
    if (grown == NULL) {
        x->too_large = true;
        x->dropped_bytes += bytes;
        return x->dropped_bytes <= DROPPED_BYTES;
    }
    memcpy(grown + have, data, bytes);
    grown[have + bytes] = '\0';
    x->body = grown;
    x->request.body_bytes = have + bytes;
    return true;
}

static enum MHD_Result answer(struct ms_http *http,
                              struct MHD_Connection *connection,
                              struct exchange *x, const char *path)
{
    struct ms_reply r = {.status = 200};
    struct ms_request *q = &x->request;

    if (x->too_large)
        return refuse(http->server, connection, 413,
                      "a body may have 65,536 bytes");
    q->path = path;
    q->body = x->body != NULL ? x->body : "";
    q->accept_encoding = header_or_empty(connection, "Accept-Encoding");
    q->if_none_match = header_or_empty(connection, "If-None-Match");
    q->content_type = header_or_empty(connection, "Content-Type");
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_parameter,
                              &q->query);
    ms_routes_answer(q, &r);
    return send_reply(http->server, connection, &r);
}

static enum MHD_Result take_request(void *arg,
                                    struct MHD_Connection *connection,
                                    const char *path, const char *method,
                                    const char *version, const char *data,
                                    size_t *bytes, void **state)
{
    struct ms_http *http = arg;
    struct exchange *x = *state;
    bool done;

    (void)version;
    if (x == NULL) {
        atomic_fetch_add(&http->server->requests, 1);
        enum MHD_Result result = check_head(http->server, connection, &done);
        if (done)
            return result;
        x = calloc(1, sizeof *x);
        if (x == NULL)
            return MHD_NO;
        x->request.server = http->server;
        x->request.method = method;
        *state = x;
        return MHD_YES;
    }
    if (*bytes != 0) {
        bool go_on = keep_body(x, data, *bytes);
        *bytes = 0;
        return go_on ? MHD_YES : MHD_NO; // no answer can be given before
    }
    return answer(http, connection, x, path);
}

static void end_request(void *arg, struct MHD_Connection *connection,
                        void **state, enum MHD_RequestTerminationCode how)
{
    struct exchange *x = *state;

    (void)arg;
    (void)connection;
    (void)how;
    if (x != NULL)
        free(x->body);
    free(x);
    *state = NULL;
}

enum memscope_status ms_http_create(struct ms_server *server,
                                    struct ms_http **out)
{
    struct ms_http *http = calloc(1, sizeof *http);

    *out = NULL;
    if (http == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    http->server = server;
    http->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG, 0, NULL,
        NULL, take_request, http, MHD_OPTION_EXTERNAL_LOGGER, say_nothing, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, end_request, NULL,
        MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)MS_HTTP_CONNECTIONS,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)MS_HTTP_IDLE_SECONDS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)131072, MHD_OPTION_END);
    const union MHD_DaemonInfo *info =
        http->daemon != NULL
            ? MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)
            : NULL;
    if (info == NULL) {
        if (http->daemon != NULL)
            MHD_stop_daemon(http->daemon);
        free(http);
        return MEMSCOPE_ERROR_SYSTEM;
    }
    http->poll_fd = info->epoll_fd;
    *out = http;
    return MEMSCOPE_OK;
}

void ms_http_destroy(struct ms_http *http)
{
    MHD_stop_daemon(http->daemon);
    free(http);
}

void ms_http_add(struct ms_http *http, int fd, const struct sockaddr *from,
                 socklen_t length)
{
    // It closes the connection itself when it has too many.
    (void)MHD_add_connection(http->daemon, fd, from, length);
}

int ms_http_poll_fd(const struct ms_http *http)
{
    return http->poll_fd;
}

int ms_http_timeout_ms(struct ms_http *http)
{
    MHD_UNSIGNED_LONG_LONG timeout;

    if (MHD_get_timeout(http->daemon, &timeout) != MHD_YES)
        return -1;
    return timeout > 60000 ? 60000 : (int)timeout;
}

void ms_http_run(struct ms_http *http)
{
    (void)MHD_run(http->daemon);
}
