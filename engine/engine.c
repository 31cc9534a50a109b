// SPDX-License-Identifier: MIT
// See engine/engine.h for the contract.

#include "engine_private.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pace.h"
#include "platform/clock.h"
#include "platform/thread.h"
#include "snapshot/archive.h"

#define GONE_NS UINT64_C(500000000)

struct ms_session *ms_engine_primary(struct ms_engine *e)
{
    for (size_t i = e->session_count; i > 0; i--)
        if (e->sessions[i - 1]->pid == e->primary_pid)
            return e->sessions[i - 1];
    return e->session_count != 0 ? e->sessions[0] : NULL;
}

struct ms_session *ms_engine_hold(struct ms_engine *e, uint32_t id)
{
    struct ms_session *found = NULL;

    pthread_mutex_lock(&e->lock);
    if (id == 0)
        found = ms_engine_primary(e);
    for (size_t i = 0; id != 0 && i < e->session_count; i++)
        if (e->sessions[i]->id == id)
            found = e->sessions[i];
    if (found != NULL)
        found->refs++;
    pthread_mutex_unlock(&e->lock);
    return found;
}

void ms_engine_let_go(struct ms_engine *e, struct ms_session *s)
{
    pthread_mutex_lock(&e->lock);
    bool last = --s->refs == 0;
    pthread_mutex_unlock(&e->lock);
    if (last)
        ms_session_close(s);
}

static const char *reason_of(int wait_status)
{
    if (wait_status == -1)
        return "unknown";
    return WIFSIGNALED(wait_status) ? "signal" : "exit";
}

// Finishes the running sessions of a pid, but `except`.
static void finish_pid(struct ms_engine *e, pid_t pid, int wait_status,
                       const char *reason, const struct ms_session *except)
{
    struct ms_session *held[MS_SESSIONS_RUNNING];
    size_t count = 0;

    pthread_mutex_lock(&e->lock);
    for (size_t i = 0; i < e->session_count; i++) {
        struct ms_session *s = e->sessions[i];
        if (s->pid == pid && s != except && count < MS_SESSIONS_RUNNING) {
            s->refs++;
            held[count++] = s;
        }
    }
    pthread_mutex_unlock(&e->lock);
    for (size_t i = 0; i < count; i++) {
        ms_session_finish(held[i], wait_status, reason);
        ms_engine_take_requested(e, held[i]);
        ms_engine_check_triggers(e, held[i]);
        ms_engine_let_go(e, held[i]);
    }
}

enum memscope_status ms_engine_adopt(struct ms_engine *e, int segment_fd,
                                     pid_t pid, uint32_t *session)
{
    struct ms_session *s;

    pthread_mutex_lock(&e->lock);
    bool many = e->session_count >= MS_SESSIONS_KEPT;
    pthread_mutex_unlock(&e->lock);
    if (many)
        ms_engine_forget(e);
    pthread_mutex_lock(&e->lock);
    bool full = e->session_count == sizeof e->sessions / sizeof e->sessions[0];
    uint32_t id = ++e->next_session;
    pthread_mutex_unlock(&e->lock);
    if (full) {
        close(segment_fd);
        return MEMSCOPE_ERROR_LIMIT;
    }
    enum memscope_status status =
        ms_session_open(segment_fd, pid, id, e->symbols, e->tick_ns, &s);
    if (status != MEMSCOPE_OK)
        return status;
    // Nobody knows of it yet: who asks for it will find its first picture.
    (void)ms_session_tick(s);
    pthread_mutex_lock(&e->lock);
    s->governor.order.budget = e->budget;
    e->sessions[e->session_count++] = s;
    pthread_mutex_unlock(&e->lock);
    finish_pid(e, pid, -1, "exec", s);
    *session = id;
    return MEMSCOPE_OK;
}

void ms_engine_set_primary(struct ms_engine *e, pid_t pid)
{
    pthread_mutex_lock(&e->lock);
    e->primary_pid = pid;
    pthread_mutex_unlock(&e->lock);
}

static void call_listener(struct ms_engine *e)
{
    pthread_mutex_lock(&e->listener_lock);
    if (e->tick != NULL)
        e->tick(e->tick_arg);
    pthread_mutex_unlock(&e->listener_lock);
}

void ms_engine_process_ended(struct ms_engine *e, pid_t pid, int wait_status)
{
    finish_pid(e, pid, wait_status, reason_of(wait_status), NULL);
    call_listener(e);
}

void ms_engine_session_gone(struct ms_engine *e, uint32_t session)
{
    struct ms_session *s = ms_engine_hold(e, session);

    if (s == NULL)
        return;
    ms_session_gone(s);
    ms_engine_let_go(e, s);
}

void ms_engine_on_tick(struct ms_engine *e, void (*tick)(void *arg), void *arg)
{
    pthread_mutex_lock(&e->listener_lock);
    e->tick = tick;
    e->tick_arg = arg;
    pthread_mutex_unlock(&e->listener_lock);
}

static void tick_one(struct ms_session *s)
{
    uint64_t gone_ns = ms_session_gone_ns(s);

    if (gone_ns == 0) {
        if (ms_session_tick(s))
            ms_session_gone(s);
        return;
    }
    // Whoever waits for the process knows why it ended, and is heard first.
    if (ms_clock_monotonic_ns() - gone_ns > GONE_NS)
        ms_session_finish(s, -1, "unknown");
}

// True: there was something to tick.
static bool tick_all(struct ms_engine *e, const struct ms_beat *beat)
{
    bool ticked = beat->due && !beat->rests;
    struct ms_session *held[MS_SESSIONS_KEPT + MS_SESSIONS_RUNNING];

    pthread_mutex_lock(&e->lock);
    size_t count = e->session_count;
    for (size_t i = 0; i < count; i++) {
        held[i] = e->sessions[i];
        held[i]->refs++;
    }
    pthread_mutex_unlock(&e->lock);
    for (size_t i = 0; i < count; i++) {
        if (ms_pace_wants(beat, held[i])) {
            tick_one(held[i]);
            ms_engine_take_requested(e, held[i]);
            ms_engine_check_triggers(e, held[i]);
            ms_engine_serve_exit(e, held[i]);
            ticked = true;
        }
        ms_engine_let_go(e, held[i]);
    }
    return ticked;
}

// Waits for the next beat, or until somebody wakes us. {lock}
static void wait_until(struct ms_engine *e, uint64_t due_ns)
{
    struct timespec at = {
        .tv_sec = (time_t)(due_ns / UINT64_C(1000000000)),
        .tv_nsec = (long)(due_ns % UINT64_C(1000000000)),
    };

    pthread_cond_timedwait(&e->wake, &e->lock, &at);
}

static void *collect(void *arg)
{
    struct ms_engine *e = arg;
    struct ms_pace pace;

    ms_pace_init(&pace, e->tick_ns);
    if (e->thread_start != NULL)
        e->thread_start();
    pthread_mutex_lock(&e->lock);
    while (!e->stopping) {
        struct ms_beat beat = ms_pace_begin(&pace, e);
        pthread_mutex_unlock(&e->lock);
        bool ticked = tick_all(e, &beat);
        if (ticked) {
            ms_engine_forget(e);
            call_listener(e);
        }
        pthread_mutex_lock(&e->lock);
        uint64_t next = ms_pace_end(&pace, e, &beat, ticked);
        if (!e->stopping && !e->hurry)
            wait_until(e, next);
    }
    pthread_mutex_unlock(&e->lock);
    return NULL;
}

static enum memscope_status start_threads(struct ms_engine *e,
                                          bool without_symbols)
{
    if (!without_symbols) {
        enum memscope_status status =
            ms_symbols_create(e->thread_start, &e->symbols);
        if (status != MEMSCOPE_OK)
            return status;
    }
    if (ms_thread_start(&e->collector, "ms-collector", collect, e) == 0)
        return MEMSCOPE_OK;
    if (e->symbols != NULL)
        ms_symbols_destroy(e->symbols);
    return MEMSCOPE_ERROR_SYSTEM;
}

enum memscope_status ms_engine_create(const struct ms_engine_options *options,
                                      struct ms_engine **out)
{
    struct ms_engine *e = calloc(1, sizeof *e);
    pthread_condattr_t attributes;

    *out = NULL;
    if (e == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    uint32_t tick_ms = options->tick_ms != 0 ? options->tick_ms : 100;
    e->tick_ns = tick_ms * UINT64_C(1000000);
    e->cost.period_ns = e->tick_ns;
    e->thread_start = options->thread_start;
    e->keep_sessions =
        options->keep_sessions != 0 ? options->keep_sessions : MS_SESSIONS_KEPT;
    if (e->keep_sessions > MS_SESSIONS_KEPT)
        e->keep_sessions = MS_SESSIONS_KEPT;
    e->keep_ns = UINT64_C(1000000000) * (options->keep_seconds != 0
                                             ? options->keep_seconds
                                             : MS_SESSIONS_KEPT_SECONDS);
    pthread_mutex_init(&e->lock, NULL);
    pthread_mutex_init(&e->listener_lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&e->wake, &attributes);
    pthread_cond_init(&e->ticked, &attributes);
    pthread_cond_init(&e->scans.idle, &attributes);
    pthread_condattr_destroy(&attributes);
    enum memscope_status status = start_threads(e, options->without_symbols);
    if (status == MEMSCOPE_OK && options->debuginfod && e->symbols != NULL)
        ms_symbols_fetch(e->symbols);
    if (status != MEMSCOPE_OK) {
        pthread_cond_destroy(&e->wake);
        pthread_cond_destroy(&e->ticked);
        pthread_cond_destroy(&e->scans.idle);
        pthread_mutex_destroy(&e->lock);
        pthread_mutex_destroy(&e->listener_lock);
        free(e);
        return status;
    }
    *out = e;
    return MEMSCOPE_OK;
}

void ms_engine_destroy(struct ms_engine *e)
{
    if (e == NULL)
        return;
    pthread_mutex_lock(&e->lock);
    e->stopping = true;
    pthread_cond_signal(&e->wake);
    pthread_mutex_unlock(&e->lock);
    pthread_join(e->collector, NULL);
    ms_archive_stop(e->archive);
    e->archive = NULL; // what follows stays in its files
    // relaxed: a mere flag
    atomic_store_explicit(&e->scans.stop, true, memory_order_relaxed);
    ms_engine_leak_wait(e, UINT_MAX);
    ms_suppressions_free(e->scans.suppressions);
    for (size_t i = 0; i < e->session_count; i++)
        ms_session_close(e->sessions[i]);
    ms_saved_release_all(e);
    while (e->snapshot_count > 0)
        if (ms_snapshot_delete(e, e->snapshots[0]->snapshot.id) != MEMSCOPE_OK)
            break;
    if (e->symbols != NULL)
        ms_symbols_destroy(e->symbols);
    pthread_cond_destroy(&e->scans.idle);
    pthread_cond_destroy(&e->wake);
    pthread_cond_destroy(&e->ticked);
    pthread_mutex_destroy(&e->lock);
    pthread_mutex_destroy(&e->listener_lock);
    free(e);
}
