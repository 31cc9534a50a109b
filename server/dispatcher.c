// SPDX-License-Identifier: MIT
// See dispatcher.h for the contract.

#include "dispatcher.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "head.h"
#include "http.h"
#include "platform/clock.h"
#include "platform/thread.h"
#include "server/log.h"
#include "service.h"
#include "ws.h"

#define EVENTS 64
#define REST_NS UINT64_C(100000000) // when no descriptor is to be had

// What an event of epoll is about.
enum source { LISTENER_0, STOP = MS_LISTENERS, HTTP, PENDING };

struct pending {
    int fd; // -1: free
    struct ms_caller caller;
    uint64_t deadline_ns;
    struct sockaddr_storage from;
    socklen_t from_bytes;
};

struct dispatcher {
    struct ms_server *server;
    int epoll;
    bool serves;       // the service has begun
    bool unknown_said; // that the kernel does not say whose a connection is
    uint64_t rest_ns;  // no connection is accepted before; 0: as they come
    struct pending pending[MS_HEADS_PENDING];
    char head[MS_HEAD_BYTES];
};

static bool watch(struct dispatcher *d, int fd, uint32_t events, uint64_t about)
{
    struct epoll_event e = {.events = events, .data.u64 = about};

    return epoll_ctl(d->epoll, EPOLL_CTL_ADD, fd, &e) == 0;
}

// Takes a connection off the list; the caller owns it now.
static int let_go(struct dispatcher *d, struct pending *p)
{
    int fd = p->fd;

    epoll_ctl(d->epoll, EPOLL_CTL_DEL, fd, NULL);
    p->fd = -1;
    return fd;
}

// Answers in HTTP's stead, as docs/PROTOCOL.md has errors, and closes. What
// the client has sent is not read, so it may see a reset after the answer.
static void turn_away(struct dispatcher *d, struct pending *p,
                      const char *status, const char *code, const char *why)
{
    char body[256], text[512];
    int fd = let_go(d, p);

    int n =
        snprintf(body, sizeof body,
                 "{\"error\":{\"code\":\"%s\",\"message\":\"%s\"}}", code, why);
    n = snprintf(text, sizeof text,
                 "HTTP/1.1 %s\r\nConnection: close\r\n"
                 "Content-Type: application/json\r\n"
                 "Cache-Control: no-store\r\n"
                 "X-Content-Type-Options: nosniff\r\n"
                 "Content-Length: %d\r\n\r\n%s",
                 status, n, body);
    (void)send(fd, text, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
    close(fd);
}

// A head that never came to its end. A client that sent a part is told.
static void give_up(struct dispatcher *d, struct pending *p)
{
    if (recv(p->fd, d->head, 1, MSG_PEEK | MSG_DONTWAIT) == 1)
        turn_away(d, p, "408 Request Timeout", "timeout",
                  "the head of the request did not come to its end");
    else
        close(let_go(d, p));
}

// Whoever comes first waits for it.
static bool begin_service(struct dispatcher *d)
{
    struct ms_server *s = d->server;

    if (d->serves || !ms_service_begin(s))
        return d->serves;
    d->serves = watch(d, ms_http_poll_fd(s->http), EPOLLIN, HTTP) &&
                watch(d, ms_http_wake_fd(s->http), EPOLLIN, HTTP);
    if (!d->serves)
        ms_service_end(s);
    return d->serves;
}

static void hand_over(struct dispatcher *d, struct pending *p,
                      enum ms_head_kind kind)
{
    if (kind == MS_HEAD_TOO_LARGE)
        turn_away(d, p, "431 Request Header Fields Too Large",
                  "header_too_large",
                  "the head of a request may have 16,384 bytes");
    else if (kind == MS_HEAD_LONG_LINE)
        turn_away(d, p, "414 URI Too Long", "uri_too_long",
                  "the first line of a request may have 8,192 bytes");
    else if (kind == MS_HEAD_NONE)
        turn_away(d, p, "400 Bad Request", "bad_request",
                  "this is no request of HTTP");
    else if (!begin_service(d))
        turn_away(
            d, p, "503 Service Unavailable", "unavailable",
            "the page could not be started; memscope says why in its log, "
            "or on standard error");
    // Without room for it, an upgrade is HTTP's: it says so.
    else if (kind == MS_HEAD_WEBSOCKET && ms_ws_has_room(d->server->ws))
        ms_ws_add(d->server->ws, let_go(d, p), NULL);
    else
        ms_http_add(d->server->http, let_go(d, p), &p->caller,
                    (struct sockaddr *)&p->from, p->from_bytes);
}

static void look_at(struct dispatcher *d, struct pending *p)
{
    ssize_t n = recv(p->fd, d->head, sizeof d->head, MSG_PEEK | MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        close(let_go(d, p));
        return;
    }
    enum ms_head_kind kind =
        ms_head_classify(&d->server->access, &p->caller, d->head, (size_t)n,
                         (size_t)n == sizeof d->head);
    if (kind != MS_HEAD_INCOMPLETE)
        hand_over(d, p, kind);
}

// The place whose head is awaited longest; NULL: none is taken.
static struct pending *oldest_place(struct dispatcher *d)
{
    struct pending *oldest = NULL;

    for (size_t i = 0; i < MS_HEADS_PENDING; i++) {
        struct pending *p = &d->pending[i];
        if (p->fd >= 0 &&
            (oldest == NULL || p->deadline_ns < oldest->deadline_ns))
            oldest = p;
    }
    return oldest;
}

static struct pending *free_place(struct dispatcher *d)
{
    for (size_t i = 0; i < MS_HEADS_PENDING; i++)
        if (d->pending[i].fd < 0)
            return &d->pending[i];
    struct pending *oldest = oldest_place(d);
    give_up(d, oldest);
    return oldest;
}

static struct ms_caller caller_of(struct dispatcher *d, int fd)
{
    bool unknown;
    struct ms_caller caller =
        ms_access_caller(&d->server->access, d->server->peers, fd, &unknown);

    if (unknown && !d->unknown_said)
        ms_log_warning("this system does not say whose a connection is: only "
                       "a token lets in");
    d->unknown_said |= unknown;
    return caller;
}

static void listen_again(struct dispatcher *d, uint32_t events)
{
    for (size_t i = 0; i < MS_LISTENERS; i++) {
        struct epoll_event e = {.events = events, .data.u64 = LISTENER_0 + i};
        if (d->server->listeners[i] >= 0)
            epoll_ctl(d->epoll, EPOLL_CTL_MOD, d->server->listeners[i], &e);
    }
}

// No descriptor could be had for a new connection. True: try again now, an
// old one that gets nowhere has gone for it. Else a listener that stays
// readable would keep us spinning: it is left alone for a moment.
static bool make_room(struct dispatcher *d)
{
    struct pending *oldest = oldest_place(d);

    if (oldest != NULL) {
        give_up(d, oldest);
        return true;
    }
    if (d->serves && ms_http_end_oldest(d->server->http))
        return true;
    d->rest_ns = ms_clock_monotonic_ns() + REST_NS;
    listen_again(d, 0);
    return false;
}

// Without a descriptor to be had, accept fails even if there is nobody.
static bool somebody_waits(int listener)
{
    struct pollfd p = {.fd = listener, .events = POLLIN};

    return poll(&p, 1, 0) == 1;
}

static void accept_all(struct dispatcher *d, int listener)
{
    for (;;) {
        struct sockaddr_storage from;
        socklen_t bytes = sizeof from;
        int fd = accept4(listener, (struct sockaddr *)&from, &bytes,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == ECONNABORTED || errno == EINTR)
                continue;
            if (errno == EAGAIN || !somebody_waits(listener) || !make_room(d))
                return;
            continue;
        }
        struct pending *p = free_place(d);
        *p = (struct pending){
            .fd = fd,
            .caller = caller_of(d, fd),
            .deadline_ns =
                ms_clock_monotonic_ns() + MS_HEAD_WAIT_MS * UINT64_C(1000000),
            .from = from,
            .from_bytes = bytes,
        };
        // Edge-triggered: unread bytes stay, only new ones wake us.
        if (!watch(d, fd, EPOLLIN | EPOLLRDHUP | EPOLLET,
                   PENDING + (uint64_t)(p - d->pending))) {
            p->fd = -1;
            close(fd);
            continue;
        }
        look_at(d, p);
    }
}

// Ends what is late; gives the time until the next one is.
static int expire(struct dispatcher *d)
{
    uint64_t now = ms_clock_monotonic_ns();
    uint64_t next = UINT64_MAX;

    if (d->rest_ns != 0 && d->rest_ns <= now) {
        d->rest_ns = 0;
        listen_again(d, EPOLLIN);
    }
    if (d->rest_ns != 0)
        next = d->rest_ns;
    for (size_t i = 0; i < MS_HEADS_PENDING; i++) {
        struct pending *p = &d->pending[i];
        if (p->fd < 0)
            continue;
        if (p->deadline_ns <= now)
            give_up(d, p);
        else if (p->deadline_ns < next)
            next = p->deadline_ns;
    }
    return next == UINT64_MAX ? -1 : (int)((next - now) / 1000000) + 1;
}

// False: we are to stop.
static bool handle(struct dispatcher *d, const struct epoll_event *e)
{
    uint64_t about = e->data.u64;

    switch (about) {
    case STOP:
        return false;
    case HTTP:
        return true; // it runs after every round
    default:
        if (about < MS_LISTENERS)
            accept_all(d, d->server->listeners[about]);
        else if (d->pending[about - PENDING].fd >= 0)
            look_at(d, &d->pending[about - PENDING]);
        return true;
    }
}

static int sooner(int a, int b)
{
    if (a < 0 || b < 0)
        return a < 0 ? b : a;
    return a < b ? a : b;
}

static void loop(struct dispatcher *d)
{
    struct epoll_event events[EVENTS];
    bool running = true;

    while (running) {
        int wait = expire(d);
        if (d->serves)
            wait = sooner(wait, ms_http_timeout_ms(d->server->http));
        int n = epoll_wait(d->epoll, events, EVENTS, wait);
        for (int i = 0; i < n; i++)
            running = handle(d, &events[i]) && running;
        if (d->serves)
            ms_http_run(d->server->http);
    }
}

static void *dispatch(void *arg)
{
    struct dispatcher *d = arg;

    if (d->server->options.thread_start != NULL)
        d->server->options.thread_start();
    loop(d);
    for (size_t i = 0; i < MS_HEADS_PENDING; i++)
        if (d->pending[i].fd >= 0)
            close(let_go(d, &d->pending[i]));
    close(d->epoll);
    free(d);
    return NULL;
}

enum memscope_status ms_dispatcher_start(struct ms_server *s)
{
    struct dispatcher *d = calloc(1, sizeof *d);

    if (d == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    d->server = s;
    for (size_t i = 0; i < MS_HEADS_PENDING; i++)
        d->pending[i].fd = -1;
    d->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (d->epoll < 0)
        goto fail;
    s->stop_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->stop_event < 0)
        goto fail_epoll;
    if (!watch(d, s->stop_event, EPOLLIN, STOP))
        goto fail_event;
    for (size_t i = 0; i < MS_LISTENERS; i++)
        if (s->listeners[i] >= 0 &&
            !watch(d, s->listeners[i], EPOLLIN, LISTENER_0 + i))
            goto fail_event;
    if (ms_thread_start(&s->dispatcher, "ms-http", dispatch, d) == 0)
        return MEMSCOPE_OK;

fail_event:
    close(s->stop_event);
fail_epoll:
    close(d->epoll);
fail:
    free(d);
    return MEMSCOPE_ERROR_SYSTEM;
}

void ms_dispatcher_stop(struct ms_server *s)
{
    uint64_t one = 1;
    ssize_t ignore = write(s->stop_event, &one, sizeof one);

    (void)ignore; // an eventfd takes it
    pthread_join(s->dispatcher, NULL);
    close(s->stop_event);
}
