// SPDX-License-Identifier: MIT
// See ws.h for the contract. Only this file and ws_viewers.c
// know libwebsockets.

#include "ws.h"

#include <ev.h>
#include <libwebsockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/clock.h"
#include "platform/thread.h"
#include "ws_viewers.h"

#define QUEUE 1024
#define GOODBYE_NS UINT64_C(800000000)
#define FRAGMENT_ROOM 1024

// A connection to adopt.
struct newcomer {
    int fd;
    char *head; // that was read from it; owned; NULL: nothing was
};

struct ms_ws {
    struct ms_server *server;
    struct ev_loop *loop; // NULL: libwebsockets waits by its own poll()
    struct lws_context *context;
    struct lws_vhost *vhost;
    pthread_t thread;
    pthread_mutex_t lock;
    struct newcomer queue[QUEUE]; // {lock}
    size_t queued;                // {lock}
    _Atomic bool stopping;
    _Atomic uint32_t promised;    // connections queued or open
    uint64_t stop_ns;             // [service thread] when stopping was seen
    struct ms_ws_viewers viewers; // [service thread]
    _Atomic bool ticked;          // the engine has, since we looked
};

static void tick(void *arg)
{
    struct ms_ws *ws = arg;

    atomic_store(&ws->ticked, true);
    lws_cancel_service(ws->context); // the one call for other threads
}

static void adopt(struct ms_ws *ws, const struct newcomer *n)
{
    int bytes = MS_WS_SEND_BUFFER, one = 1;

    setsockopt(n->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    // Else what follows a message would wait for its acknowledgement.
    setsockopt(n->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    // It closes the socket itself when it fails.
    if (n->head == NULL)
        (void)lws_adopt_socket_vhost(ws->vhost, n->fd);
    else
        (void)lws_adopt_socket_vhost_readbuf(ws->vhost, n->fd, n->head,
                                             strlen(n->head));
    free(n->head);
}

static void adopt_queued(struct ms_ws *ws)
{
    struct newcomer all[QUEUE];

    pthread_mutex_lock(&ws->lock);
    size_t n = ws->queued;
    memcpy(all, ws->queue, n * sizeof *all);
    ws->queued = 0;
    pthread_mutex_unlock(&ws->lock);
    for (size_t i = 0; i < n; i++)
        adopt(ws, &all[i]);
}

static int callback(struct lws *wsi, enum lws_callback_reasons reason,
                    void *user, void *in, size_t length)
{
    struct ms_ws *ws = lws_context_user(lws_get_context(wsi));
    struct ms_ws_viewer *c = user;

    switch (reason) {
    case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
        adopt_queued(ws);
        if (atomic_exchange(&ws->ticked, false)) {
            ms_hub_tick(&ws->viewers.hub);
            if (ws->viewers.first != NULL)
                ms_engine_attend(ws->server->options.engine);
        }
        ws->viewers.stopping = atomic_load(&ws->stopping);
        ms_ws_viewers_wake(&ws->viewers);
        return 0;
    case LWS_CALLBACK_ESTABLISHED:
        ms_engine_attend(ws->server->options.engine);
        ms_ws_viewer_begin(&ws->viewers, c, wsi, ws->loop);
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return ms_ws_viewer_send(&ws->viewers, c);
    case LWS_CALLBACK_RECEIVE:
        return ms_ws_viewer_receive(c, in, length);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        c->leaving = true;
        return 0;
    case LWS_CALLBACK_CLOSED:
        ms_ws_viewer_end(&ws->viewers, c);
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        atomic_fetch_sub(&ws->promised, 1);
        return 0;
    case LWS_CALLBACK_HTTP:
        return -1; // only upgrades come here
    default:
        return 0;
    }
}

static void say_nothing(int level, const char *line)
{
    (void)level;
    (void)line;
}

static const struct lws_protocols protocols[] = {
    {"memscope.v1", callback, sizeof(struct ms_ws_viewer), FRAGMENT_ROOM, 0,
     NULL, MS_WS_PIECE_BYTES},
    {NULL, NULL, 0, 0, 0, NULL, 0},
};

static const lws_retry_bo_t idle_policy = {
    .secs_since_valid_ping = 15,
    .secs_since_valid_hangup = 40,
};

static void *serve(void *arg)
{
    struct ms_ws *ws = arg;

    if (ws->server->options.thread_start != NULL)
        ws->server->options.thread_start();
    for (;;) {
        if (atomic_load(&ws->stopping)) {
            uint64_t now = ms_clock_monotonic_ns();
            if (ws->stop_ns == 0)
                ws->stop_ns = now;
            if (ws->viewers.first == NULL || now - ws->stop_ns > GOODBYE_NS)
                break;
        }
        if (ws->loop != NULL)
            ev_run(ws->loop, EVRUN_ONCE);
        else if (lws_service(ws->context, 0) < 0)
            break;
    }
    return NULL;
}

// poll() would look at all viewers whenever one of them says something; libev
// does not. Its plugin for libwebsockets is a package of its own: without it,
// poll() it is.
static bool create_context(struct ms_ws *ws)
{
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .gid = -1,
        .uid = -1,
        .user = ws,
        .max_http_header_data = 16384,
        .options =
            LWS_SERVER_OPTION_VALIDATE_UTF8 | LWS_SERVER_OPTION_DISABLE_IPV6,
        .retry_and_idle_policy = &idle_policy,
        .timeout_secs = 5,
    };

    ws->loop = ev_loop_new(EVFLAG_NOENV);
    if (ws->loop != NULL) {
        struct lws_context_creation_info with_loop = info;
        void *loops[] = {ws->loop};
        with_loop.options |= LWS_SERVER_OPTION_LIBEV;
        with_loop.foreign_loops = loops;
        ws->context = lws_create_context(&with_loop);
        if (ws->context != NULL)
            return true;
        ev_loop_destroy(ws->loop);
        ws->loop = NULL;
    }
    ws->context = lws_create_context(&info);
    return ws->context != NULL;
}

static void destroy_context(struct ms_ws *ws)
{
    lws_context_destroy(ws->context);
    if (ws->loop != NULL)
        ev_loop_destroy(ws->loop);
}

enum memscope_status ms_ws_create(struct ms_server *server, struct ms_ws **out)
{
    struct ms_ws *ws = calloc(1, sizeof *ws);

    *out = NULL;
    if (ws == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    ws->server = server;
    ms_ws_viewers_init(&ws->viewers, server);
    pthread_mutex_init(&ws->lock, NULL);
    lws_set_log_level(0, say_nothing);
    if (!create_context(ws))
        goto fail;
    ws->vhost = lws_get_vhost_by_name(ws->context, "default");
    if (ws->vhost == NULL ||
        ms_thread_start(&ws->thread, "ms-ws", serve, ws) != 0) {
        destroy_context(ws);
        goto fail;
    }
    ms_engine_on_tick(server->options.engine, tick, ws);
    *out = ws;
    return MEMSCOPE_OK;

fail:
    pthread_mutex_destroy(&ws->lock);
    free(ws);
    return MEMSCOPE_ERROR_SYSTEM;
}

void ms_ws_destroy(struct ms_ws *ws)
{
    atomic_store(&ws->stopping, true);
    lws_cancel_service(ws->context);
    pthread_join(ws->thread, NULL);
    ms_engine_on_tick(ws->server->options.engine, NULL, NULL);
    for (size_t i = 0; i < ws->queued; i++) {
        close(ws->queue[i].fd);
        free(ws->queue[i].head);
    }
    destroy_context(ws);
    ms_ws_viewers_fini(&ws->viewers);
    pthread_mutex_destroy(&ws->lock);
    free(ws);
}

bool ms_ws_has_room(struct ms_ws *ws)
{
    return atomic_load(&ws->promised) < ws->server->options.max_clients;
}

void ms_ws_add(struct ms_ws *ws, int fd, const char *head)
{
    struct newcomer n = {fd, head != NULL ? strdup(head) : NULL};
    bool taken = false;

    pthread_mutex_lock(&ws->lock);
    if (ws->queued < QUEUE && (head == NULL || n.head != NULL)) {
        ws->queue[ws->queued++] = n;
        taken = true;
    }
    pthread_mutex_unlock(&ws->lock);
    if (!taken) {
        close(fd);
        free(n.head);
        return;
    }
    atomic_fetch_add(&ws->promised, 1);
    lws_cancel_service(ws->context);
}
