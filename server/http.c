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

#include "http_callers.h"
#include "http_check.h"
#include "http_later.h"
#include "platform/clock.h"
#include "routes.h"

#define DROPPED_BYTES 1048576 // read and dropped, for the answer's sake

struct ms_http {
    struct ms_server *server;
    struct MHD_Daemon *daemon;
    struct ms_http_callers callers;
    int poll_fd;
    int wake_event;                   // eventfd
    struct exchange *newest, *oldest; // all that are under way
    struct ms_http_waiter *waiting;   // those whose answers come later
};

// One request, from its head to the end of its answer.
struct exchange {
    struct MHD_Connection *connection;
    struct exchange *newer, *older;
    bool answered;   // it has come whole
    uint64_t due_ns; // it is to have come whole
    struct ms_request request;
    char *body;
    bool too_large;
    uint64_t dropped_bytes; // of a body that is too large
    struct ms_sql_job *job; // its answer is being made; owned
    struct ms_http_sleeper sleeper;
    uint64_t begin_ns;
    unsigned route; // as endpoints.h counts them
    struct ms_http_waiter waiter;
};

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

// False: this is going too far.
static bool keep_body(struct exchange *x, const char *data, size_t bytes)
{
    size_t have = x->request.body_bytes;
    char *grown = NULL;

    if (x->request.import != NULL) {
        // After a mistake the rest is read as well, so that it can be told.
        if (ms_import_feed(x->request.import, data, bytes) != MEMSCOPE_OK)
            x->dropped_bytes += bytes;
        return x->dropped_bytes <= MS_IMPORT_BYTES;
    }
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

// It was woken: there is something to send, or nothing yet.
static enum MHD_Result answer_job(struct ms_http *http,
                                  struct MHD_Connection *connection,
                                  struct exchange *x)
{
    struct ms_reply r = {.content_type = "application/json", .job = x->job};

    r.status = ms_sql_job_status(x->job);
    if (r.status == 0)
        return MHD_YES;
    x->job = NULL;
    return ms_http_reply(http->server, connection, &r);
}

static enum MHD_Result answer(struct ms_http *http,
                              struct MHD_Connection *connection,
                              struct exchange *x, const char *path)
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
    ms_routes_answer(q, &r);
    x->route = http->server->endpoints.route;
    if (r.later != NULL) {
        ms_http_wait(&http->waiting, &x->waiter, connection, r.later);
        return MHD_YES;
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

static void link_exchange(struct ms_http *http, struct exchange *x)
{
    x->older = http->newest;
    if (x->older != NULL)
        x->older->newer = x;
    else
        http->oldest = x;
    http->newest = x;
}

static void unlink_exchange(struct ms_http *http, struct exchange *x)
{
    if (x->older != NULL)
        x->older->newer = x->newer;
    else
        http->oldest = x->newer;
    if (x->newer != NULL)
        x->newer->older = x->older;
    else
        http->newest = x->older;
}

static void cut(struct exchange *x)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        x->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    if (info != NULL)
        shutdown(info->connect_fd, SHUT_RDWR); // it is closed as it runs
}

// A body that comes a byte at a time is never idle: each byte wakes us. No
// answer can be given before it has come.
static void end_late_bodies(struct ms_http *http)
{
    uint64_t now = http->oldest != NULL ? ms_clock_monotonic_ns() : 0;

    for (struct exchange *x = http->oldest; x != NULL; x = x->newer)
        if (!x->answered && x->due_ns <= now)
            cut(x);
}

bool ms_http_end_oldest(struct ms_http *http)
{
    struct exchange *x = http->oldest;

    while (x != NULL && x->answered)
        x = x->newer;
    if (x == NULL)
        x = http->oldest;
    if (x == NULL)
        return false;
    cut(x);
    if (x->waiter.later != NULL)
        ms_http_end_waiting(&x->waiter);
    (void)MHD_run(http->daemon);
    return true;
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
    struct ms_endpoints *endpoints = &http->server->endpoints;
    endpoints->method = method;
    if (x == NULL) {
        atomic_fetch_add(&http->server->requests, 1);
        endpoints->route = MS_ROUTE_NONE;
        endpoints->begin_ns = ms_clock_monotonic_ns();
        bool import = ms_routes_import(method, path);
        struct ms_http_asked asked = {
            .caller = ms_http_callers_get(&http->callers, connection),
            .method = method,
            .path = path,
            .most = import ? MS_IMPORT_BYTES : MS_HTTP_BODY_BYTES,
        };
        enum MHD_Result result =
            ms_http_check(http->server, connection, &asked, &done);
        if (done)
            return result;
        x = calloc(1, sizeof *x);
        if (x == NULL)
            return MHD_NO;
        if (import)
            x->request.import = ms_import_create();
        x->request.server = http->server;
        x->request.method = method;
        x->connection = connection;
        x->begin_ns = endpoints->begin_ns;
        x->due_ns = x->begin_ns +
                    (import ? MS_HTTP_IMPORT_SECONDS : MS_HTTP_BODY_SECONDS) *
                        UINT64_C(1000000000);
        x->sleeper = (struct ms_http_sleeper){connection, http->wake_event};
        link_exchange(http, x);
        *state = x;
        return MHD_YES;
    }
    if (*bytes != 0) {
        bool go_on = keep_body(x, data, *bytes);
        *bytes = 0;
        return go_on ? MHD_YES : MHD_NO; // no answer can be given before
    }
    endpoints->route = x->route;
    endpoints->begin_ns = x->begin_ns;
    if (x->job != NULL)
        return answer_job(http, connection, x);
    if (x->waiter.later != NULL)
        return ms_http_ask_again(&x->waiter, http->server,
                                 strcmp(method, "HEAD") == 0);
    x->answered = true;
    return answer(http, connection, x, path);
}

static void end_request(void *arg, struct MHD_Connection *connection,
                        void **state, enum MHD_RequestTerminationCode how)
{
    struct exchange *x = *state;

    (void)connection;
    (void)how;
    *state = NULL;
    if (x == NULL)
        return;
    unlink_exchange(arg, x);
    ms_http_give_up(&x->waiter);
    ms_import_destroy(x->request.import);
    if (x->job != NULL)
        ms_sql_job_leave(x->job);
    free(x->body);
    free(x);
}

enum memscope_status ms_http_create(struct ms_server *server,
                                    struct ms_http **out)
{
    struct ms_http *http = calloc(1, sizeof *http);

    *out = NULL;
    if (http == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    http->server = server;
    if (ms_sql_jobs_create(server, &server->sql_jobs) != MEMSCOPE_OK) {
        free(http);
        return MEMSCOPE_ERROR_MEMORY;
    }
    http->wake_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    http->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG |
            MHD_ALLOW_SUSPEND_RESUME,
        0, NULL, NULL, take_request, http, MHD_OPTION_EXTERNAL_LOGGER,
        say_nothing, NULL, MHD_OPTION_NOTIFY_COMPLETED, end_request, http,
        MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL,
        MHD_OPTION_CONNECTION_LIMIT, 2u * MS_HTTP_CONNECTIONS,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)MS_HTTP_IDLE_SECONDS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)131072, MHD_OPTION_END);
    const union MHD_DaemonInfo *info =
        http->daemon != NULL
            ? MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)
            : NULL;
    if (info == NULL || http->wake_event < 0) {
        if (http->daemon != NULL)
            MHD_stop_daemon(http->daemon);
        ms_sql_jobs_destroy(server->sql_jobs);
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
    ms_http_end_all(http->waiting);
    ms_sql_jobs_stop(http->server->sql_jobs);
    (void)MHD_run(http->daemon);
    MHD_stop_daemon(http->daemon);
    ms_sql_jobs_destroy(http->server->sql_jobs);
    close(http->wake_event);
    ms_http_callers_fini(&http->callers);
    free(http);
}

void ms_http_add(struct ms_http *http, int fd, const struct ms_caller *caller,
                 const struct sockaddr *from, socklen_t length)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

    if (info != NULL && info->num_connections >= MS_HTTP_CONNECTIONS)
        ms_http_end_oldest(http);
    if (!ms_http_callers_set(&http->callers, fd, caller)) {
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
    int most = -1;

    if (MHD_get_timeout(http->daemon, &timeout) == MHD_YES)
        most = timeout > 60000 ? 60000 : (int)timeout;
    return ms_http_due_ms(http->waiting, most);
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
    ms_http_wake(http->waiting);
    end_late_bodies(http);
    (void)MHD_run(http->daemon);
}
