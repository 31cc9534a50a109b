// SPDX-License-Identifier: MIT
//
// broadcast: the floor of what many viewers cost: libwebsockets alone sends
// one text of BYTES bytes HZ times a second to all that are connected, and
// drops what they answer. It prints its port and ends with its stdin.
//
//   broadcast BYTES HZ

#include <libwebsockets.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct client {
    struct lws *wsi;
    struct client *next;
    unsigned seq; // of the last text sent
};

static struct client *clients;
static unsigned char *text;
static size_t text_bytes;
static unsigned hz, seq;

static void make_text(void)
{
    struct timespec t;
    char head[128];

    clock_gettime(CLOCK_REALTIME, &t);
    seq++;
    int n = snprintf(head, sizeof head,
                     "{\"t\":\"d\",\"seq\":%u,\"time_ns\":%lld,\"pad\":\"", seq,
                     (long long)t.tv_sec * 1000000000 + t.tv_nsec);
    memset(text + LWS_PRE, 'x', text_bytes);
    memcpy(text + LWS_PRE, head, (size_t)n);
    memcpy(text + LWS_PRE + text_bytes - 2, "\"}", 2);
}

static void tick(lws_sorted_usec_list_t *unused);

static struct timer {
    lws_sorted_usec_list_t list;
    struct lws_context *context;
} timer;

static void tick(lws_sorted_usec_list_t *unused)
{
    (void)unused;
    make_text();
    for (struct client *c = clients; c != NULL; c = c->next)
        lws_callback_on_writable(c->wsi);
    lws_sul_schedule(timer.context, 0, &timer.list, tick, 1000000 / hz);
}

static int callback(struct lws *wsi, enum lws_callback_reasons reason,
                    void *user, void *in, size_t length)
{
    struct client *c = user;
    struct client **at = &clients;

    (void)in;
    (void)length;
    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
        *c = (struct client){.wsi = wsi, .next = clients};
        clients = c;
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        if (c->seq == seq)
            return 0;
        c->seq = seq;
        return lws_write(wsi, text + LWS_PRE, text_bytes, LWS_WRITE_TEXT) < 0
                   ? -1
                   : 0;
    case LWS_CALLBACK_CLOSED:
        while (*at != NULL && *at != c)
            at = &(*at)->next;
        if (*at != NULL)
            *at = c->next;
        return 0;
    default:
        return 0;
    }
}

static const struct lws_protocols protocols[] = {
    {"memscope.v1", callback, sizeof(struct client), 1024, 0, NULL, 65536},
    {NULL, NULL, 0, 0, 0, NULL, 0},
};

int main(int argc, char **argv)
{
    struct lws_context_creation_info info = {
        .port = 0,
        .protocols = protocols,
        .gid = -1,
        .uid = -1,
        .iface = "127.0.0.1",
        .options = LWS_SERVER_OPTION_DISABLE_IPV6,
    };

    if (argc != 3)
        return 2;
    text_bytes = strtoul(argv[1], NULL, 10);
    hz = (unsigned)strtoul(argv[2], NULL, 10);
    text = malloc(LWS_PRE + text_bytes);
    lws_set_log_level(0, NULL);

    timer.context = lws_create_context(&info);
    if (text == NULL || timer.context == NULL || hz == 0)
        return 1;
    struct lws_vhost *host = lws_get_vhost_by_name(timer.context, "default");
    printf("%d\n", lws_get_vhost_listen_port(host));
    fflush(stdout);
    tick(NULL);
    struct pollfd in = {.fd = 0, .events = POLLIN};
    while (poll(&in, 1, 0) == 0)
        lws_service(timer.context, 0);
    lws_context_destroy(timer.context);
    return 0;
}
