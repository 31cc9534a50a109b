// SPDX-License-Identifier: MIT
//
// growth CASE: what grows, and what only looks like it, until stdin ends or a
// line comes in. Work is done by the clock, so that rates are known.

#include <poll.h>
#include <pthread.h>
#include <time.h>

#include "victim.h"

#define MIB ((size_t)1 << 20)
#define STEP_MS 20

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int asked_to_stop(void)
{
    struct pollfd p = {STDIN_FILENO, POLLIN, 0};

    return poll(&p, 1, STEP_MS) > 0;
}

struct cell {
    struct cell *next;
    char room[4080];
};

__attribute__((noinline)) static struct cell *leaky(void)
{
    return malloc(sizeof(struct cell));
}

__attribute__((noinline)) static void *cached(size_t bytes)
{
    void *p = malloc(bytes);

    memset(p, 1, bytes < 64 ? bytes : 64);
    return p;
}

__attribute__((noinline)) static void *bounded(void)
{
    return malloc(64 * 1024);
}

static void *cache[20000]; // about 10 KiB each: 200 MiB
static void *filling[2048];

// All at once: a leak of 1 MiB/s, a steady cache of 200 MiB that is busy, and
// one that grows by 2 MiB/s up to 72 MiB and stays there.
static void suspects(void)
{
    struct cell *list = NULL;
    size_t leaked = 0, filled = 0;
    unsigned seed = 1;

    for (size_t i = 0; i < 20000; i++)
        cache[i] = cached(5000 + (seed = seed * 1103515245u + 12345u) % 10000);
    victim_say("{\"cache\":true}\n");
    double begin = seconds();
    while (!asked_to_stop()) {
        double now = seconds() - begin;
        for (; (double)leaked < now * 256; leaked++) {
            struct cell *c = leaky();
            c->next = list; // still reachable: a list that only grows
            list = c;
        }
        for (; filled < 1152 && (double)filled < now * 32; filled++)
            filling[filled] = bounded();
        for (size_t i = 0; i < 400; i++) {
            seed = seed * 1103515245u + 12345u;
            size_t at = (seed >> 8) % 20000;
            free(cache[at]);
            cache[at] = cached(5000 + seed % 10000);
        }
    }
    while (list != NULL) {
        struct cell *next = list->next;
        free(list);
        list = next;
    }
}

__attribute__((noinline)) static void temporary(void)
{
    for (int i = 0; i < 2000; i++) {
        char *p = malloc(40);
        *(volatile char *)p = 1;
        free(p);
    }
}

__attribute__((noinline)) static void grown_step_by_step(void)
{
    char *p = NULL;

    for (size_t n = 16; n < 4000; n += 16) {
        p = realloc(p, n);
        *(volatile char *)p = 1;
    }
    free(p);
}

static void *volatile handed[4096];

static void *frees(void *unused)
{
    (void)unused;
    for (size_t i = 0; i < 4096; i++) {
        while (handed[i] == NULL)
            usleep(100);
        free(handed[i]);
    }
    return NULL;
}

__attribute__((noinline)) static void handed_over(void)
{
    pthread_t t;

    victim_check(pthread_create(&t, NULL, frees, NULL) == 0, "thread");
    for (size_t i = 0; i < 4096; i++)
        handed[i] = malloc(50);
    pthread_join(t, NULL);
    memset((void *)handed, 0, sizeof handed);
}

static void patterns(void)
{
    handed_over();
    victim_say("{\"begun\":true}\n");
    victim_hold();
    do {
        temporary();
        grown_step_by_step();
    } while (!asked_to_stop());
}

// Holes: of many blocks in a row, only each hundredth stays.
static void holes(void)
{
    enum { N = 100000 };
    static void *all[N];

    for (size_t i = 0; i < N; i++)
        all[i] = memset(malloc(1000), 1, 1000);
    for (size_t i = 0; i < N; i++)
        if (i % 100 != 0)
            free(all[i]);
    victim_say("{\"kept\":%d,\"freed\":%d}\n", N / 100, N - N / 100);
    victim_hold();
}

int main(int argc, char **argv)
{
    const char *wanted = argc > 1 ? argv[1] : "";

    if (strcmp(wanted, "suspects") == 0)
        suspects();
    else if (strcmp(wanted, "patterns") == 0)
        patterns();
    else if (strcmp(wanted, "holes") == 0)
        holes();
    else
        return 2;
    return 0;
}
