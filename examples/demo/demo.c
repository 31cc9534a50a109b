// SPDX-License-Identifier: MIT
// See demo.h.

#include "demo.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed; // waits on CLOCK_MONOTONIC
static bool stepping;          // constant after demo_init
static bool stopping;          // {lock}
static unsigned finished;      // {lock}

void demo_init(bool steps)
{
    pthread_condattr_t attributes;

    stepping = steps;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

static struct timespec deadline_after(unsigned wait_ms)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += (time_t)(wait_ms / 1000);
    at.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

static bool wait_unless_stopping(unsigned wait_ms)
{
    struct timespec deadline = deadline_after(wait_ms);
    int error = 0;

    pthread_mutex_lock(&lock);
    while (!stopping && error != ETIMEDOUT)
        error = pthread_cond_timedwait(&changed, &lock, &deadline);
    bool go_on = !stopping;
    pthread_mutex_unlock(&lock);
    return go_on;
}

bool demo_step(unsigned done, unsigned steps, unsigned wait_ms)
{
    return stepping ? done < steps : wait_unless_stopping(wait_ms);
}

bool demo_stepped(void)
{
    return stepping;
}

void demo_finish(void)
{
    pthread_mutex_lock(&lock);
    finished++;
    pthread_cond_broadcast(&changed);
    while (!stopping)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

void demo_stop(void)
{
    pthread_mutex_lock(&lock);
    stopping = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

void demo_wait_finished(unsigned threads)
{
    pthread_mutex_lock(&lock);
    while (finished < threads)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

void *demo_allocated(struct demo_counts *counts, void *block, size_t bytes)
{
    if (block == NULL) {
        fputs("demo: out of memory\n", stderr);
        exit(1);
    }
    counts->alloc_count++;
    counts->alloc_bytes += bytes;
    return block;
}

void *demo_freed(struct demo_counts *counts, void *block, size_t bytes)
{
    counts->free_count++;
    counts->free_bytes += bytes;
    return block;
}
