// SPDX-License-Identifier: MIT
//
// viewers: many viewers of one server, as the page is one: each asks for a
// picture, reads every message and acknowledges it. One thread, so that what
// is measured is the server. Prints "begin" when all have had their first
// messages, and after SECONDS one JSON object: what came, and how old it was.
// Ends with its stdin.
//
//   viewers PORT COUNT HZ SECONDS

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define AT_ONCE 100 // connections that are being made
#define LATENCIES 4000000u
#define KEPT 65536u // of what is not read to its end yet

struct viewer {
    int fd;
    bool upgraded;
    unsigned messages;
    size_t bytes;    // in `data`
    size_t left;     // of the frame, to be passed over
    bool is_last;    // the frame is its message's last
    uint64_t seq;    // of the message, as far as it is read
    double age_ms;   // of it; negative: not known
    char data[1024]; // what has come and is not looked at yet
};

static struct viewer *viewers;
static unsigned count, subscribed, hz;
static uint16_t port;
static int poll_fd;
static bool measuring;
static uint64_t messages, bytes;
static float *latencies;
static size_t latency_count;

static void need(bool good, const char *what)
{
    if (good)
        return;
    perror(what);
    exit(1);
}

static double now_ms(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void send_text(struct viewer *v, const char *text)
{
    unsigned char frame[512];
    size_t n = strlen(text), at = 2;

    frame[0] = 0x81;
    if (n < 126) {
        frame[1] = (unsigned char)(0x80 | n);
    } else {
        frame[1] = 0xfe;
        frame[2] = (unsigned char)(n >> 8);
        frame[3] = (unsigned char)n;
        at = 4;
    }
    memset(frame + at, 0, 4); // a mask of zeros
    memcpy(frame + at + 4, text, n);
    need(write(v->fd, frame, at + 4 + n) == (ssize_t)(at + 4 + n), "send");
}

static void subscribe(struct viewer *v)
{
    char text[300];

    snprintf(text, sizeof text,
             "{\"t\":\"sub\",\"hz\":%u,\"hist\":true,"
             "\"th\":{\"n\":60},\"site\":{\"n\":60}}",
             hz);
    send_text(v, text);
    subscribed++;
}

static void finish_message(struct viewer *v)
{
    char text[64];

    v->messages++;
    if (measuring) {
        messages++;
        if (v->age_ms >= 0 && latency_count < LATENCIES)
            latencies[latency_count++] = (float)v->age_ms;
    }
    if (v->seq != 0) {
        snprintf(text, sizeof text, "{\"t\":\"ack\",\"seq\":%" PRIu64 "}",
                 v->seq);
        send_text(v, text);
    }
    v->seq = 0;
    v->age_ms = -1;
}

static uint64_t number_after(const char *text, size_t n, const char *name)
{
    const char *at = memmem(text, n, name, strlen(name));

    return at != NULL ? strtoull(at + strlen(name), NULL, 10) : 0;
}

// What a message says of itself, in what has come of it.
static void look_into(struct viewer *v, const char *text, size_t n)
{
    if (v->seq == 0)
        v->seq = number_after(text, n, "\"seq\":");
    uint64_t ns = v->age_ms < 0 ? number_after(text, n, "\"time_ns\":") : 0;
    if (ns != 0)
        v->age_ms = now_ms(CLOCK_REALTIME) - (double)ns / 1e6;
}

// The head of a frame; 0: it has not come whole.
static size_t frame_head(struct viewer *v, const unsigned char *d, size_t n)
{
    size_t head = n < 2 ? 0 : (d[1] & 127) == 126 ? 4 : 2;

    if (n >= 2 && (d[1] & 127) == 127)
        head = 10;
    if (head == 0 || n < head)
        return 0;
    v->left = d[1] & 127;
    if (head == 4)
        v->left = (size_t)d[2] << 8 | d[3];
    for (size_t i = 2; head == 10 && i < 10; i++)
        v->left = (i == 2 ? 0 : v->left << 8) | d[i];
    need((d[0] & 15) != 8, "the server has closed");
    v->is_last = (d[0] & 0x80) != 0 && (d[0] & 15) < 3;
    return head;
}

// Takes what it can; gives how much. Text passes through, and is looked at.
static size_t take(struct viewer *v, const char *data, size_t n)
{
    size_t used = 0;

    if (!v->upgraded) {
        const char *end = memmem(data, n, "\r\n\r\n", 4);
        if (end == NULL)
            return 0;
        need(memcmp(data, "HTTP/1.1 101", 12) == 0, "no upgrade");
        v->upgraded = true;
        subscribe(v);
        return (size_t)(end - data) + 4;
    }
    if (v->left == 0) {
        used = frame_head(v, (const unsigned char *)data, n);
        if (used == 0)
            return 0;
    }
    size_t some = n - used < v->left ? n - used : v->left;
    look_into(v, data + used, some);
    v->left -= some;
    if (v->left == 0 && v->is_last)
        finish_message(v);
    return used + some;
}

static void receive(struct viewer *v)
{
    static char all[KEPT + sizeof v->data];
    size_t at = 0, have = v->bytes;

    memcpy(all, v->data, have);
    ssize_t n = read(v->fd, all + have, KEPT);
    need(n > 0, "a connection has ended");
    have += (size_t)n;
    if (measuring)
        bytes += (uint64_t)n;
    for (size_t some; at < have && (some = take(v, all + at, have - at)) != 0;)
        at += some;
    need(have - at <= sizeof v->data, "a head is too long");
    memcpy(v->data, all + at, have - at);
    v->bytes = have - at;
}

static void open_one(struct viewer *v)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = v};
    char text[300];
    int one = 1;

    *v = (struct viewer){.age_ms = -1};
    v->fd = socket(AF_INET, SOCK_STREAM, 0);
    need(v->fd >= 0 && connect(v->fd, (struct sockaddr *)&to, sizeof to) == 0,
         "connect");
    setsockopt(v->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    int n = snprintf(text, sizeof text,
                     "GET /ws HTTP/1.1\r\nHost: localhost:%u\r\n"
                     "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                     "Sec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Protocol: memscope.v1\r\n\r\n",
                     port);
    need(write(v->fd, text, (size_t)n) == n, "send");
    need(epoll_ctl(poll_fd, EPOLL_CTL_ADD, v->fd, &e) == 0, "epoll");
}

static void run_for(double ms, unsigned opened)
{
    struct epoll_event events[256];
    double end = now_ms(CLOCK_MONOTONIC) + ms;

    while (now_ms(CLOCK_MONOTONIC) < end) {
        while (opened < count && opened - subscribed < AT_ONCE)
            open_one(&viewers[opened++]);
        int n = epoll_wait(poll_fd, events, 256, 100);
        for (int i = 0; i < n; i++)
            receive(events[i].data.ptr);
        if (!measuring && subscribed == count && opened == count) {
            unsigned ready = 0;
            while (ready < count && viewers[ready].messages >= 3)
                ready++;
            if (ready == count)
                return;
        }
    }
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

static double percentile(double p)
{
    return latency_count == 0
               ? -1
               : (double)latencies[(size_t)(p * (double)(latency_count - 1))];
}

int main(int argc, char **argv)
{
    struct rlimit most;

    if (argc != 5) {
        fputs("usage: viewers PORT COUNT HZ SECONDS\n", stderr);
        return 2;
    }
    port = (uint16_t)strtoul(argv[1], NULL, 10);
    count = (unsigned)strtoul(argv[2], NULL, 10);
    hz = (unsigned)strtoul(argv[3], NULL, 10);
    double seconds = strtod(argv[4], NULL);
    getrlimit(RLIMIT_NOFILE, &most);
    most.rlim_cur = most.rlim_max;
    setrlimit(RLIMIT_NOFILE, &most);
    viewers = calloc(count + 1, sizeof *viewers);
    latencies = malloc(LATENCIES * sizeof *latencies);
    poll_fd = epoll_create1(0);
    need(viewers != NULL && latencies != NULL && poll_fd >= 0, "start");
    run_for(120e3, 0);
    need(subscribed == count, "not all were let in");
    puts("begin");
    fflush(stdout);
    measuring = true;
    run_for(seconds * 1e3, count);
    qsort(latencies, latency_count, sizeof *latencies, by_value);
    printf("{\"viewers\":%u,\"hz\":%u,\"seconds\":%.2f,\"messages\":%" PRIu64
           ",\"bytes\":%" PRIu64 ",\"p50_ms\":%.2f,\"p90_ms\":%.2f,"
           "\"p99_ms\":%.2f,\"max_ms\":%.2f}\n",
           count, hz, seconds, messages, bytes, percentile(0.5),
           percentile(0.9), percentile(0.99), percentile(1));
    fflush(stdout);
    (void)getchar(); // until the server has been looked at, all stay
    return 0;
}
