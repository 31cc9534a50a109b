// SPDX-License-Identifier: MIT
// See sql_jobs.h for the contract.

#include "sql_jobs.h"

#include <stdlib.h>
#include <string.h>

#include "platform/thread.h"
#include "sql_job.h"

struct ms_sql_jobs {
    struct ms_server *server; // constant
    pthread_mutex_t lock;
    pthread_cond_t work;
    // {lock} from here on
    bool stopping;
    struct ms_sql_job *first, *last; // that wait for a worker
    struct ms_sql_job *running[MS_SQL_WORKERS];
    size_t waiting, idle, workers;
    pthread_t threads[MS_SQL_WORKERS];
};

static void drop(struct ms_sql_job *j)
{
    pthread_mutex_lock(&j->lock);
    bool last = --j->refs == 0;
    pthread_mutex_unlock(&j->lock);
    if (!last)
        return;
    json_decref(j->body);
    pthread_cond_destroy(&j->room);
    pthread_mutex_destroy(&j->lock);
    free(j->text);
    free(j);
}

// The next job; NULL: it is over. {jobs lock}
static struct ms_sql_job *take(struct ms_sql_jobs *s, size_t worker)
{
    while (s->first == NULL && !s->stopping) {
        s->idle++;
        pthread_cond_wait(&s->work, &s->lock);
        s->idle--;
    }
    struct ms_sql_job *j = s->first;
    if (j == NULL)
        return NULL;
    s->first = j->next;
    if (s->first == NULL)
        s->last = NULL;
    s->waiting--;
    s->running[worker] = j;
    return j;
}

struct worker {
    struct ms_sql_jobs *jobs;
    size_t number;
};

static void *work(void *arg)
{
    struct worker w = *(struct worker *)arg;
    struct ms_sql_jobs *s = w.jobs;
    struct ms_sql_job *j;

    free(arg);
    if (s->server->options.thread_start != NULL)
        s->server->options.thread_start();
    ms_thread_step_back();
    pthread_mutex_lock(&s->lock);
    while ((j = take(s, w.number)) != NULL) {
        pthread_mutex_unlock(&s->lock);
        ms_sql_job_run(j);
        pthread_mutex_lock(&s->lock);
        s->running[w.number] = NULL;
        pthread_mutex_unlock(&s->lock);
        drop(j);
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

// Threads begin when there is something to do. {lock}
static bool start_worker(struct ms_sql_jobs *s)
{
    struct worker *w = malloc(sizeof *w);

    if (w == NULL)
        return false;
    *w = (struct worker){s, s->workers};
    if (ms_thread_start(&s->threads[s->workers], "ms-query", work, w) != 0) {
        free(w);
        return false;
    }
    s->workers++;
    return true;
}

enum memscope_status ms_sql_jobs_create(struct ms_server *server,
                                        struct ms_sql_jobs **out)
{
    struct ms_sql_jobs *s = calloc(1, sizeof *s);

    *out = s;
    if (s == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    s->server = server;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->work, NULL);
    return MEMSCOPE_OK;
}

static void cancel(struct ms_sql_job *j)
{
    pthread_mutex_lock(&j->lock);
    j->cancelled = true;
    pthread_cond_signal(&j->room);
    pthread_mutex_unlock(&j->lock);
}

void ms_sql_jobs_stop(struct ms_sql_jobs *s)
{
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    for (struct ms_sql_job *j = s->first; j != NULL; j = j->next)
        cancel(j); // it is worked on still: that wakes its connection
    for (size_t i = 0; i < MS_SQL_WORKERS; i++)
        if (s->running[i] != NULL)
            cancel(s->running[i]);
    pthread_cond_broadcast(&s->work);
    size_t workers = s->workers;
    pthread_mutex_unlock(&s->lock);
    for (size_t i = 0; i < workers; i++)
        pthread_join(s->threads[i], NULL);
}

void ms_sql_jobs_destroy(struct ms_sql_jobs *s)
{
    pthread_cond_destroy(&s->work);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

struct ms_sql_job *ms_sql_job_create(struct ms_sql_jobs *jobs,
                                     const struct ms_sql_request *request,
                                     json_t *body)
{
    struct ms_sql_job *j = calloc(1, sizeof *j);
    pthread_condattr_t clock;

    if (j == NULL) {
        json_decref(body);
        return NULL;
    }
    j->jobs = jobs;
    j->engine = jobs->server->options.engine;
    j->request = *request;
    if (request->parameter_count != 0)
        memcpy(j->parameters, request->parameters,
               request->parameter_count * sizeof *j->parameters);
    j->request.parameters = j->parameters;
    j->body = body;
    j->refs = 1;
    j->fd = -1;
    pthread_mutex_init(&j->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&j->room, &clock);
    pthread_condattr_destroy(&clock);
    return j;
}

// {lock}, so that nobody wakes it before it sleeps
static void fall_asleep(struct ms_sql_job *j)
{
    j->sleeper.sleep(j->sleeper.arg);
    j->asleep = true;
}

bool ms_sql_job_start(struct ms_sql_job *j, const struct ms_sleeper *sleeper,
                      int fd)
{
    struct ms_sql_jobs *s = j->jobs;

    pthread_mutex_lock(&s->lock);
    bool good = !s->stopping && s->waiting < MS_SQL_WAITING;
    if (good && s->idle == 0 && s->workers < MS_SQL_WORKERS)
        good = start_worker(s) || s->workers != 0;
    if (good) {
        j->refs++;
        j->sleeper = *sleeper;
        j->fd = fd;
        fall_asleep(j);
        if (s->last != NULL)
            s->last->next = j;
        else
            s->first = j;
        s->last = j;
        s->waiting++;
        pthread_cond_signal(&s->work);
    }
    pthread_mutex_unlock(&s->lock);
    return good;
}

unsigned ms_sql_job_status(struct ms_sql_job *j)
{
    pthread_mutex_lock(&j->lock);
    unsigned status = j->status;
    if (status == 0)
        fall_asleep(j);
    pthread_mutex_unlock(&j->lock);
    return status;
}

size_t ms_sql_job_read(void *job, char *to, size_t bytes, bool *end)
{
    struct ms_sql_job *j = job;

    pthread_mutex_lock(&j->lock);
    size_t n = j->bytes < bytes ? j->bytes : bytes;
    if (n != 0) {
        memcpy(to, j->text, n);
        memmove(j->text, j->text + n, j->bytes - n);
        j->bytes -= n;
        pthread_cond_signal(&j->room);
    }
    *end = n == 0 && j->ended;
    if (n == 0 && !j->ended)
        fall_asleep(j);
    pthread_mutex_unlock(&j->lock);
    return n;
}

void ms_sql_job_leave(void *job)
{
    struct ms_sql_job *j = job;

    pthread_mutex_lock(&j->lock);
    j->fd = -1;
    j->asleep = false;
    j->cancelled = true;
    pthread_cond_signal(&j->room);
    pthread_mutex_unlock(&j->lock);
    drop(j);
}
