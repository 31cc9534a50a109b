// SPDX-License-Identifier: MIT
// See ws.h for the contract. The only file that knows libwebsockets.

#include "ws.h"

#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/clock.h"
#include "platform/thread.h"
#include "server/log.h"
#include "wire/message.h"
#include "wire/viewer.h"

#define QUEUE 256
#define GOODBYE_NS UINT64_C(800000000)
#define FRAGMENT_ROOM 8192
#define FRAMES_MOST 64 // of one message

// One viewer's connection, in memory that libwebsockets keeps for it.
struct connection {
    struct ms_viewer *viewer;
    struct lws *wsi;
    struct connection *next; // all of them [service thread]
    char message[MS_WS_FRAME_BYTES];
    size_t message_bytes;
    unsigned frames; // that the message has come in so far
    struct ms_verdict verdict;
    bool bye_said;
};

struct ms_ws {
    struct ms_server *server;
    struct lws_context *context;
    struct lws_vhost *vhost;
    pthread_t thread;
    pthread_mutex_t lock;
    int queue[QUEUE]; // {lock} connections to adopt
    size_t queued;    // {lock}
    _Atomic bool stopping;
    _Atomic uint32_t promised;      // connections queued or open
    uint64_t stop_ns;               // [service thread] when stopping was seen
    struct connection *connections; // [service thread]
};

static void tick(void *arg)
{
    struct ms_ws *ws = arg;

    lws_cancel_service(ws->context); // the one call for other threads
}

static void adopt_queued(struct ms_ws *ws)
{
    int fds[QUEUE];

    pthread_mutex_lock(&ws->lock);
    size_t n = ws->queued;
    memcpy(fds, ws->queue, n * sizeof *fds);
    ws->queued = 0;
    pthread_mutex_unlock(&ws->lock);
    for (size_t i = 0; i < n; i++) {
        int bytes = MS_WS_SEND_BUFFER;
        setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
        // It closes the socket itself when it fails.
        (void)lws_adopt_socket_vhost(ws->vhost, fds[i]);
    }
}

static void wake_due(struct ms_ws *ws)
{
    bool stopping = atomic_load(&ws->stopping);

    for (struct connection *c = ws->connections; c != NULL; c = c->next)
        if (stopping || ms_viewer_due(c->viewer))
            lws_callback_on_writable(c->wsi);
}

static int close_with(struct connection *c, unsigned code, const char *reason)
{
    lws_close_reason(c->wsi, (enum lws_close_status)code,
                     (unsigned char *)reason, strlen(reason));
    return -1;
}

static int send_text(struct connection *c, const char *text)
{
    size_t bytes = strlen(text);
    unsigned char *buffer = malloc(LWS_PRE + bytes);

    if (buffer == NULL)
        return close_with(c, 1011, "out of memory");
    memcpy(buffer + LWS_PRE, text, bytes);
    int sent = lws_write(c->wsi, buffer + LWS_PRE, bytes, LWS_WRITE_TEXT);
    free(buffer);
    atomic_fetch_add(&c->viewer->server->messages, 1);
    return sent < (int)bytes ? -1 : 0;
}

static int say_goodbye(struct connection *c)
{
    if (c->bye_said)
        return close_with(c, 1001, "the server ends");
    c->bye_said = true;
    char *text = NULL;
    json_t *bye = ms_message_bye("exit");
    if (bye != NULL)
        text = json_dumps(bye, JSON_COMPACT);
    json_decref(bye);
    int result = text != NULL ? send_text(c, text) : -1;
    free(text);
    lws_callback_on_writable(c->wsi);
    return result;
}

static int writable(struct ms_ws *ws, struct connection *c)
{
    struct ms_verdict verdict = c->verdict;

    if (verdict.close_code != 0)
        return close_with(c, verdict.close_code, verdict.reason);
    if (lws_send_pipe_choked(c->wsi))
        return 0; // the next tick asks again
    if (atomic_load(&ws->stopping))
        return say_goodbye(c);
    char *text = ms_viewer_next(c->viewer, &verdict);
    if (verdict.close_code != 0) {
        free(text);
        return close_with(c, verdict.close_code, verdict.reason);
    }
    if (text == NULL)
        return 0;
    int result = send_text(c, text);
    free(text);
    if (c->viewer->waiting_count != 0)
        lws_callback_on_writable(c->wsi);
    return result;
}

static int receive(struct connection *c, const char *data, size_t bytes)
{
    if (lws_frame_is_binary(c->wsi))
        return close_with(c, 1003, "text only");
    if (bytes > sizeof c->message - c->message_bytes)
        return close_with(c, 1009, "a message may have 4096 bytes");
    if (bytes != 0)
        memcpy(c->message + c->message_bytes, data, bytes);
    c->message_bytes += bytes;
    if (lws_remaining_packet_payload(c->wsi) != 0)
        return 0;
    if (++c->frames > FRAMES_MOST) // empty ones would never fill it
        return close_with(c, 1008, "a message may come in 64 frames");
    if (!lws_is_final_fragment(c->wsi))
        return 0;
    struct ms_verdict verdict =
        ms_viewer_receive(c->viewer, c->message, c->message_bytes);
    c->message_bytes = 0;
    c->frames = 0;
    if (verdict.close_code != 0)
        return close_with(c, verdict.close_code, verdict.reason);
    if (ms_viewer_due(c->viewer))
        lws_callback_on_writable(c->wsi);
    return 0;
}

static void say(const char *event, uint32_t viewers)
{
    struct ms_log_line line;

    if (!ms_log_begin(&line, MS_LOG_INFO, event))
        return;
    ms_log_number(&line, "viewers", viewers);
    ms_log_end(&line);
}

static int establish(struct ms_ws *ws, struct connection *c, struct lws *wsi)
{
    *c = (struct connection){.wsi = wsi};
    c->viewer = malloc(sizeof *c->viewer);
    if (c->viewer == NULL)
        return -1;
    ms_viewer_init(c->viewer, ws->server);
    c->next = ws->connections;
    ws->connections = c;
    uint32_t viewers = atomic_fetch_add(&ws->server->clients, 1) + 1;
    say("viewer.begin", viewers);
    lws_callback_on_writable(wsi);
    return 0;
}

static void forget(struct ms_ws *ws, struct connection *c)
{
    struct connection **at = &ws->connections;

    while (*at != NULL && *at != c)
        at = &(*at)->next;
    if (*at == NULL)
        return;
    *at = c->next;
    ms_viewer_fini(c->viewer);
    free(c->viewer);
    c->viewer = NULL;
    say("viewer.end", atomic_fetch_sub(&ws->server->clients, 1) - 1);
}

static int callback(struct lws *wsi, enum lws_callback_reasons reason,
                    void *user, void *in, size_t length)
{
    struct ms_ws *ws = lws_context_user(lws_get_context(wsi));
    struct connection *c = user;

    switch (reason) {
    case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
        adopt_queued(ws);
        wake_due(ws);
        return 0;
    case LWS_CALLBACK_ESTABLISHED:
        return establish(ws, c, wsi);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return writable(ws, c);
    case LWS_CALLBACK_RECEIVE:
        return receive(c, in, length);
    case LWS_CALLBACK_CLOSED:
        forget(ws, c);
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
    {"memscope.v1", callback, sizeof(struct connection), FRAGMENT_ROOM, 0, NULL,
     0},
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
            if (ws->connections == NULL || now - ws->stop_ns > GOODBYE_NS)
                break;
        }
        if (lws_service(ws->context, 0) < 0)
            break;
    }
    return NULL;
}

enum memscope_status ms_ws_create(struct ms_server *server, struct ms_ws **out)
{
    struct ms_ws *ws = calloc(1, sizeof *ws);
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

    *out = NULL;
    if (ws == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    ws->server = server;
    pthread_mutex_init(&ws->lock, NULL);
    lws_set_log_level(0, say_nothing);
    ws->context = lws_create_context(&info);
    if (ws->context == NULL)
        goto fail;
    ws->vhost = lws_get_vhost_by_name(ws->context, "default");
    if (ws->vhost == NULL ||
        ms_thread_start(&ws->thread, "ms-ws", serve, ws) != 0) {
        lws_context_destroy(ws->context);
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
    for (size_t i = 0; i < ws->queued; i++)
        close(ws->queue[i]);
    lws_context_destroy(ws->context);
    pthread_mutex_destroy(&ws->lock);
    free(ws);
}

bool ms_ws_has_room(struct ms_ws *ws)
{
    return atomic_load(&ws->promised) < ws->server->options.max_clients;
}

void ms_ws_add(struct ms_ws *ws, int fd)
{
    bool taken = false;

    pthread_mutex_lock(&ws->lock);
    if (ws->queued < QUEUE) {
        ws->queue[ws->queued++] = fd;
        taken = true;
    }
    pthread_mutex_unlock(&ws->lock);
    if (!taken) {
        close(fd);
        return;
    }
    atomic_fetch_add(&ws->promised, 1);
    lws_cancel_service(ws->context);
}
