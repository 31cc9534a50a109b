// SPDX-License-Identifier: MIT
// See engine/analysis.h and leak_scan.h for the contract: jobs on threads of
// their own, and what is asked of leak scans.

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine_private.h"
#include "platform/clock.h"
#include "platform/thread.h"

enum memscope_status ms_scans_start(struct ms_engine *e, struct ms_session *s,
                                    const char *name, void *(*job_run)(void *),
                                    void *job)
{
    pthread_t thread;

    pthread_mutex_lock(&e->lock);
    s->refs++; // the thread's
    e->scans.running++;
    pthread_mutex_unlock(&e->lock);
    if (ms_thread_start(&thread, name, job_run, job) == 0) {
        pthread_detach(thread);
        return MEMSCOPE_OK;
    }
    ms_scans_end(e, s);
    return MEMSCOPE_ERROR_SYSTEM;
}

void ms_scans_end(struct ms_engine *e, struct ms_session *s)
{
    ms_engine_let_go(e, s);
    pthread_mutex_lock(&e->lock);
    e->scans.running--;
    pthread_cond_broadcast(&e->scans.idle);
    pthread_mutex_unlock(&e->lock);
}

enum memscope_status ms_engine_leak_report(struct ms_engine *e,
                                           uint32_t session,
                                           struct ms_leak_report *out)
{
    struct ms_session *s = ms_engine_hold(e, session);
    enum memscope_status status = MEMSCOPE_OK;

    *out = (struct ms_leak_report){0};
    if (s == NULL)
        return ms_saved_leak_report(e, session, out);
    pthread_mutex_lock(&s->lock);
    *out = s->scan.report;
    out->session = s->id;
    memcpy(out->epoch, s->epoch, sizeof out->epoch);
    out->rows = malloc((out->row_count + 1) * sizeof *out->rows);
    if (out->rows == NULL)
        status = MEMSCOPE_ERROR_MEMORY;
    else if (out->row_count != 0)
        memcpy(out->rows, s->scan.report.rows,
               out->row_count * sizeof *out->rows);
    pthread_mutex_unlock(&s->lock);
    ms_engine_let_go(e, s);
    return status;
}

void ms_leak_report_fini(struct ms_leak_report *report)
{
    free(report->rows);
    report->rows = NULL;
}

void ms_engine_leak_wait(struct ms_engine *e, unsigned limit_ms)
{
    uint64_t end = ms_clock_monotonic_ns() + limit_ms * UINT64_C(1000000);
    struct timespec at = {.tv_sec = (time_t)(end / UINT64_C(1000000000)),
                          .tv_nsec = (long)(end % UINT64_C(1000000000))};

    pthread_mutex_lock(&e->lock);
    while (e->scans.running != 0 &&
           pthread_cond_timedwait(&e->scans.idle, &e->lock, &at) == 0)
        ;
    pthread_mutex_unlock(&e->lock);
}

enum memscope_status ms_engine_suppressions(struct ms_engine *e,
                                            const char *text, size_t bytes,
                                            unsigned *line)
{
    struct ms_suppressions *s = ms_suppressions_parse(text, bytes, line);

    if (s == NULL)
        return *line != 0 ? MEMSCOPE_ERROR_ARGUMENT : MEMSCOPE_ERROR_MEMORY;
    pthread_mutex_lock(&e->lock);
    bool may = e->scans.running == 0;
    struct ms_suppressions *old = may ? e->scans.suppressions : s;
    if (may)
        e->scans.suppressions = s;
    pthread_mutex_unlock(&e->lock);
    ms_suppressions_free(old);
    return may ? MEMSCOPE_OK : MEMSCOPE_ERROR_STATE;
}
