// SPDX-License-Identifier: MIT
// See asides.h for the contract: the threads, and the order of work.

#include "asides.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aside.h"
#include "platform/clock.h"
#include "platform/thread.h"

struct ms_asides {
    struct ms_server *server; // constant
    pthread_mutex_t lock;
    pthread_cond_t work;
    // {lock} from here on
    bool stopping;
    struct ms_aside *alive;        // all that the workers are not done with
    struct ms_aside *first, *last; // those to be taken up
    size_t idle, workers;
    pthread_t threads[MS_ASIDE_WORKERS];
};

// {lock}
static void put_up(struct ms_asides *s, struct ms_aside *a, uint64_t due_ns)
{
    a->queued = true;
    a->due_ns = due_ns;
    a->next = NULL;
    if (s->last != NULL)
        s->last->next = a;
    else
        s->first = a;
    s->last = a;
    pthread_cond_signal(&s->work);
}

// The first that is due; *next_ns: when one will be. {lock}
static struct ms_aside *take_due(struct ms_asides *s, uint64_t *next_ns)
{
    uint64_t now = ms_clock_monotonic_ns();
    struct ms_aside *before = NULL;

    *next_ns = UINT64_MAX;
    for (struct ms_aside *a = s->first; a != NULL; before = a, a = a->next) {
        if (a->due_ns > now) {
            *next_ns = a->due_ns < *next_ns ? a->due_ns : *next_ns;
            continue;
        }
        if (before != NULL)
            before->next = a->next;
        else
            s->first = a->next;
        if (s->last == a)
            s->last = before;
        a->queued = false;
        a->running = true;
        return a;
    }
    return NULL;
}

// NULL: it is over. {lock}
static struct ms_aside *take(struct ms_asides *s)
{
    struct ms_aside *a;
    uint64_t next_ns;

    while ((a = take_due(s, &next_ns)) == NULL && !s->stopping) {
        s->idle++;
        if (next_ns == UINT64_MAX) {
            pthread_cond_wait(&s->work, &s->lock);
        } else {
            struct timespec until = {(time_t)(next_ns / 1000000000),
                                     (long)(next_ns % 1000000000)};
            pthread_cond_timedwait(&s->work, &s->lock, &until);
        }
        s->idle--;
    }
    return a;
}

// The workers are done with it. {lock}
static void forget(struct ms_asides *s, struct ms_aside *a)
{
    struct ms_aside **at = &s->alive;

    a->done = true;
    while (*at != a)
        at = &(*at)->next_alive;
    *at = a->next_alive;
}

static void *work(void *arg)
{
    struct ms_asides *s = arg;
    struct ms_aside *a;

    if (s->server->options.thread_start != NULL)
        s->server->options.thread_start();
    pthread_mutex_lock(&s->lock);
    while ((a = take(s)) != NULL) {
        pthread_mutex_unlock(&s->lock);
        uint64_t due_ns;
        enum ms_aside_step step = ms_aside_step(a, &due_ns);
        pthread_mutex_lock(&s->lock);
        a->running = false;
        if (step == MS_ASIDE_DONE)
            forget(s, a);
        else if (step == MS_ASIDE_LATER || a->called)
            put_up(s, a, a->called || s->stopping ? 0 : due_ns);
        a->called = false;
        if (step == MS_ASIDE_DONE) {
            pthread_mutex_unlock(&s->lock);
            ms_aside_drop(a);
            pthread_mutex_lock(&s->lock);
        }
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

void ms_asides_call(struct ms_asides *s, struct ms_aside *a)
{
    pthread_mutex_lock(&s->lock);
    if (a->queued)
        a->due_ns = 0;
    else if (a->running)
        a->called = true;
    else if (!a->done)
        put_up(s, a, 0);
    pthread_cond_signal(&s->work);
    pthread_mutex_unlock(&s->lock);
}

bool ms_asides_add(struct ms_asides *s, struct ms_aside *a)
{
    pthread_mutex_lock(&s->lock);
    bool good = !s->stopping;
    // Threads begin when there is something to do.
    if (good && s->idle == 0 && s->workers < MS_ASIDE_WORKERS) {
        if (ms_thread_start(&s->threads[s->workers], "ms-answer", work, s) == 0)
            s->workers++;
        good = s->workers != 0;
    }
    if (good) {
        a->next_alive = s->alive;
        s->alive = a;
        put_up(s, a, 0);
    }
    pthread_mutex_unlock(&s->lock);
    return good;
}

enum memscope_status ms_asides_create(struct ms_server *server,
                                      struct ms_asides **out)
{
    struct ms_asides *s = calloc(1, sizeof *s);
    pthread_condattr_t clock;

    *out = s;
    if (s == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    s->server = server;
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&s->work, &clock);
    pthread_condattr_destroy(&clock);
    return MEMSCOPE_OK;
}

void ms_asides_stop(struct ms_asides *s)
{
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    for (struct ms_aside *a = s->alive; a != NULL; a = a->next_alive) {
        ms_aside_give_up(a);
        if (a->queued)
            a->due_ns = 0;
        else if (a->running)
            a->called = true;
        else
            put_up(s, a, 0);
    }
    pthread_cond_broadcast(&s->work);
    size_t workers = s->workers;
    pthread_mutex_unlock(&s->lock);
    for (size_t i = 0; i < workers; i++)
        pthread_join(s->threads[i], NULL);
}

void ms_asides_destroy(struct ms_asides *s)
{
    pthread_cond_destroy(&s->work);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
