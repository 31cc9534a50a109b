// SPDX-License-Identifier: MIT
//
// chains: three buffers that grow by many small steps, 40 times by 100 bytes
// each; one stays. A worker frees 25 young blocks of main's, and 5 that have
// lived for 50 ms at least; 7 of its own stay. It says the longest that a young
// one can have lived: on a busy machine a thread begins late.

#include "victim.h"

#include <pthread.h>
#include <time.h>

static void *kept[7];

__attribute__((noinline)) static void pass(void)
{
    void *volatile block = malloc(1);

    free(block);
}

static long long now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static char *grow(void)
{
    char *buffer = malloc(100);

    for (size_t i = 2; i <= 41; i++) {
        buffer = realloc(buffer, 100 * i);
        victim_check(buffer != NULL, "realloc gives memory");
    }
    return buffer;
}

static void *hand_over(void)
{
    return malloc(333);
}

static void *worker(void *blocks)
{
    void **all = blocks;

    for (int i = 0; i < 30; i++)
        free(all[i]);
    for (int i = 0; i < 7; i++)
        kept[i] = malloc(5000);
    return NULL;
}

int main(void)
{
    static void *blocks[30];
    pthread_t thread;

    for (int i = 0; i < 2; i++)
        free(grow());
    char *volatile last = grow();
    for (int i = 0; i < 5; i++)
        blocks[i] = hand_over();
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    // The runtime looks at the clock every 256 events at least.
    for (int i = 0; i < 200; i++)
        pass();
    long long since = now_ns();
    for (int i = 5; i < 30; i++)
        blocks[i] = hand_over();
    victim_check(pthread_create(&thread, NULL, worker, blocks) == 0, "birth");
    victim_check(pthread_join(thread, NULL) == 0, "end");
    victim_say("{\"young_ns\":%lld}\n", now_ns() - since);
    victim_hold();
    free(last);
    return 0;
}
