// SPDX-License-Identifier: MIT
// See http.h for the contract.

#include "http.h"

#include <microhttpd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "asides.h"
#include "http_check.h"
#include "http_connections.h"
#include "http_exchange.h"
#include "http_shared.h"
#include "http_upgrade.h"
#include "platform/clock.h"
#include "routes.h"

struct ms_http {
    struct ms_server *server;
    struct MHD_Daemon *daemon;
    struct ms_http_connections connections;
    struct ms_exchanges exchanges; // all that are under way
    int poll_fd;
    int wake_event; // eventfd
};

// What stands for a request of which no more is known than that its first line
// has control characters in it.
static char dirty;

static void say_nothing(void *arg, const char *format, va_list arguments)
{
    (void)arg; // it is told of every client's mistake
    (void)format;
    (void)arguments;
}

static enum MHD_Result add_parameter(void *arg, enum MHD_ValueKind kind,
                                     const char *name, const char *value)
{
    (void)kind;
    if (strcmp(name, MS_HTTP_TOKEN) != 0) // that was for http_check
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

// Sees the target of a request before it is decoded.
static void *see_target(void *arg, const char *target,
                        struct MHD_Connection *connection)
{
    (void)arg;
    (void)connection;
    for (; target != NULL && *target != '\0'; target++)
        if ((unsigned char)*target < 0x20 || *target == 0x7f)
            return &dirty;
    return NULL;
}

// It was woken: there is something to send, or nothing yet.
static enum MHD_Result answer_job(struct ms_http *http,
                                  struct MHD_Connection *connection,
                                  struct ms_exchange *x)
{
    struct ms_reply r = {.content_type = "application/json", .job = x->job};

    r.status = ms_sql_job_status(x->job);
    if (r.status == 0)
        return MHD_YES;
    x->job = NULL;
    return ms_http_reply(http->server, connection, &r);
}

// Likewise. What it owns it may go on giving.
static enum MHD_Result answer_aside(struct ms_http *http,
                                    struct MHD_Connection *connection,
                                    struct ms_exchange *x)
{
    struct ms_aside *aside = x->aside;
    struct ms_reply r;
    enum ms_aside_state state = ms_aside_reply(aside, &r);

    if (state == MS_ASIDE_AGAIN)
        return MHD_YES;
    if (state == MS_ASIDE_CANCELLED)
        return MHD_NO;
    x->aside = NULL;
    if (r.aside == NULL)
        ms_aside_leave(aside);
    return ms_http_reply(http->server, connection, &r);
}

static enum MHD_Result answer(struct ms_http *http,
                              struct MHD_Connection *connection,
                              struct ms_exchange *x, const char *path)
{
    struct ms_request *q = &x->request;
    struct ms_reply r = {
        .status = 200,
        .head_only = strcmp(q->method, "HEAD") == 0,
    };

    if (x->too_large)
        return ms_http_refuse(http->server, connection, 413,
                              ms_http_too_long(MS_HTTP_BODY_BYTES));
    q->path = path;
    q->body = x->body != NULL ? x->body : "";
    q->accept_encoding = ms_http_header_text(connection, "Accept-Encoding");
    q->if_none_match = ms_http_header_text(connection, "If-None-Match");
    q->content_type = ms_http_header_text(connection, "Content-Type");
    q->accept = ms_http_header_text(connection, "Accept");
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_parameter,
                              &q->query);
    if (http->server->options.before_answer != NULL)
        http->server->options.before_answer(http->server->options.with);
    ms_engine_attend(http->server->options.engine);
    ms_routes_answer(q, &r);
    x->route = http->server->endpoints.route;
    if (r.ask != NULL) {
        x->aside = ms_http_start_aside(&x->sleeper, q, r.ask);
        return x->aside != NULL ? MHD_YES : MHD_NO;
    }
    if (r.job == NULL)
        return ms_http_reply(http->server, connection, &r);
    if (ms_http_start_job(&x->sleeper, r.job)) {
        x->job = r.job;
        return MHD_YES;
    }
    return ms_http_refuse(http->server, connection, 429,
                          "there are as many queries as may be");
}

// The head of a request has come. *state stays as it is when it was answered.
static enum MHD_Result begin_request(struct ms_http *http,
                                     struct MHD_Connection *connection,
                                     const char *path, const char *method,
                                     const char *version, void **state)
{
    struct ms_endpoints *endpoints = &http->server->endpoints;
    struct ms_http_connection *c =
        ms_http_connections_get(&http->connections, connection);
    bool done;

    ms_http_connections_busy(&http->connections, c);
    atomic_fetch_add(&http->server->requests, 1);
    endpoints->route = MS_ROUTE_NONE;
    endpoints->begin_ns = ms_clock_monotonic_ns();
    if (*state == &dirty)
        return ms_http_refuse_head(http->server, connection, 400);
    unsigned wrong = ms_http_judge_head(connection, method, version);
    if (wrong != 0)
        return ms_http_refuse_head(http->server, connection, wrong);
    struct ms_http_asked asked = {
        .caller = &c->caller,
        .method = method,
        .path = path,
        .most = ms_routes_import(method, path) ? MS_IMPORT_BYTES
                                               : MS_HTTP_BODY_BYTES,
    };
    if (strcmp(path, "/ws") == 0 &&
        ms_http_upgrade(http->server, connection, &c->caller))
        return MHD_NO;
    enum MHD_Result result =
        ms_http_check(http->server, connection, &asked, &done);
    if (done)
        return result;
    struct ms_exchange *x =
        ms_exchange_begin(&http->exchanges, http->server, connection, method,
                          path, endpoints->begin_ns);
    if (x == NULL)
        return MHD_NO;
    x->sleeper = (struct ms_http_sleeper){connection, http->wake_event};
    *state = x;
    return MHD_YES;
}

static enum MHD_Result take_request(void *arg,
                                    struct MHD_Connection *connection,
                                    const char *path, const char *method,
                                    const char *version, const char *data,
                                    size_t *bytes, void **state)
{
    struct ms_http *http = arg;
    struct ms_endpoints *endpoints = &http->server->endpoints;
    struct ms_exchange *x = *state;

    endpoints->method = method;
    if (x == NULL || *state == &dirty)
        return begin_request(http, connection, path, method, version, state);
    if (*bytes != 0) {
        bool go_on = ms_exchange_take(x, data, *bytes);
        *bytes = 0;
        return go_on ? MHD_YES : MHD_NO; // no answer can be given before
    }
    endpoints->route = x->route;
    endpoints->begin_ns = x->begin_ns;
    if (x->job != NULL)
        return answer_job(http, connection, x);
    if (x->aside != NULL)
        return answer_aside(http, connection, x);
    x->answered = true;
    return answer(http, connection, x, path);
}

static void end_request(void *arg, struct MHD_Connection *connection,
                        void **state, enum MHD_RequestTerminationCode how)
{
    struct ms_http *http = arg;
    struct ms_exchange *x = *state;

    (void)how;
    if (x != NULL && *state != &dirty)
        ms_exchange_end(&http->exchanges, x);
    *state = NULL;
    ms_http_connections_wait(
        &http->connections,
        ms_http_connections_get(&http->connections, connection));
}

static void see_connection(void *arg, struct MHD_Connection *connection,
                           void **state,
                           enum MHD_ConnectionNotificationCode what)
{
    struct ms_http *http = arg;

    (void)state;
    struct ms_http_connection *c =
        ms_http_connections_get(&http->connections, connection);
    if (what == MHD_CONNECTION_NOTIFY_CLOSED)
        ms_http_connections_busy(&http->connections, c);
    else
        ms_http_connections_wait(&http->connections, c);
}

bool ms_http_end_oldest(struct ms_http *http)
{
    // A request that has come whole is read first: it waits for nothing.
    (void)MHD_run(http->daemon);
    if (!ms_http_connections_end_oldest(&http->connections) &&
        !ms_exchanges_end_oldest(&http->exchanges))
        return false;
    (void)MHD_run(http->daemon);
    return true;
}

// Who makes answers elsewhere, and what is kept of them.
static bool create_makers(struct ms_server *server)
{
    server->shared = ms_http_shared_create();
    if (server->shared == NULL)
        return false;
    if (ms_sql_jobs_create(server, &server->sql_jobs) != MEMSCOPE_OK)
        goto fail;
    if (ms_asides_create(server, &server->asides) == MEMSCOPE_OK)
        return true;
    ms_sql_jobs_destroy(server->sql_jobs);
fail:
    ms_http_shared_destroy(server->shared);
    return false;
}

static void destroy_makers(struct ms_server *server)
{
    ms_sql_jobs_destroy(server->sql_jobs);
    ms_asides_destroy(server->asides);
    ms_http_shared_destroy(server->shared);
}

static struct MHD_Daemon *start_daemon(struct ms_http *http)
{
    // Without MHD_USE_TURBO it would shut down what ms_http_upgrade keeps.
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG |
            MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO,
        0, NULL, NULL, take_request, http, MHD_OPTION_EXTERNAL_LOGGER,
        say_nothing, NULL, MHD_OPTION_NOTIFY_COMPLETED, end_request, http,
        MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL,
        MHD_OPTION_URI_LOG_CALLBACK, see_target, NULL,
        MHD_OPTION_NOTIFY_CONNECTION, see_connection, http,
        MHD_OPTION_CONNECTION_LIMIT, 2u * MS_HTTP_CONNECTIONS,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)MS_HTTP_IDLE_SECONDS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)131072, MHD_OPTION_END);
}

enum memscope_status ms_http_create(struct ms_server *server,
                                    struct ms_http **out)
{
    struct ms_http *http = calloc(1, sizeof *http);

    *out = NULL;
    if (http == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    http->server = server;
    if (!create_makers(server)) {
        free(http);
        return MEMSCOPE_ERROR_MEMORY;
    }
    http->wake_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    http->daemon = start_daemon(http);
    const union MHD_DaemonInfo *info =
        http->daemon != NULL
            ? MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)
            : NULL;
    if (info == NULL || http->wake_event < 0) {
        if (http->daemon != NULL)
            MHD_stop_daemon(http->daemon);
        destroy_makers(server);
        if (http->wake_event >= 0)
            close(http->wake_event);
        free(http);
        return MEMSCOPE_ERROR_SYSTEM;
    }
    http->poll_fd = info->epoll_fd;
    *out = http;
    return MEMSCOPE_OK;
}

void ms_http_destroy(struct ms_http *http)
{
    // None may be suspended when it stops.
    ms_asides_stop(http->server->asides);
    ms_sql_jobs_stop(http->server->sql_jobs);
    (void)MHD_run(http->daemon);
    MHD_stop_daemon(http->daemon);
    destroy_makers(http->server);
    close(http->wake_event);
    ms_http_connections_fini(&http->connections);
    free(http);
}

void ms_http_add(struct ms_http *http, int fd, const struct ms_caller *caller,
                 const struct sockaddr *from, socklen_t length)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

    if (info != NULL && info->num_connections >= MS_HTTP_CONNECTIONS)
        ms_http_end_oldest(http);
    if (!ms_http_connections_add(&http->connections, fd, caller)) {
        close(fd);
        return;
    }
    // It closes the connection itself when it cannot take it.
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

int ms_http_wake_fd(const struct ms_http *http)
{
    return http->wake_event;
}

void ms_http_run(struct ms_http *http)
{
    uint64_t woken;
    ssize_t ignore = read(http->wake_event, &woken, sizeof woken);

    (void)ignore; // nothing there is the usual case
    ms_exchanges_expire(&http->exchanges);
    ms_http_connections_expire(&http->connections);
    (void)MHD_run(http->daemon);
}
