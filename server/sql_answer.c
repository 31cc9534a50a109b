// SPDX-License-Identifier: MIT
// See sql_job.h for the contract: the worker's side of a job.

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/sql_json.h"
#include "platform/clock.h"
#include "sql_job.h"

#define HEAD_BYTES 65536u    // an error before that many has its own status
#define BUFFER_BYTES 262144u // then the worker waits
#define ANSWER_BYTES (UINT64_C(32) << 20) // then the answer is truncated
#define STALL_SECONDS 30 // a client that reads nothing for so long is gone

// {lock}
static void wake_up(struct ms_sql_job *j)
{
    if (!j->asleep)
        return;
    j->asleep = false;
    j->sleeper.wake(j->sleeper.arg);
}

static bool is_cancelled(void *arg)
{
    struct ms_sql_job *j = arg;
    struct pollfd p = {.events = POLLRDHUP};

    pthread_mutex_lock(&j->lock);
    p.fd = j->fd;
    // The socket is closed only after fd became -1.
    if (!j->cancelled && p.fd >= 0 && poll(&p, 1, 0) > 0)
        j->cancelled = true;
    bool cancelled = j->cancelled;
    pthread_mutex_unlock(&j->lock);
    return cancelled;
}

// Waits until the buffer has room. False: nobody will read it. {lock}
static bool wait_for_room(struct ms_sql_job *j)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += STALL_SECONDS;
    while (j->bytes >= BUFFER_BYTES && !j->cancelled)
        if (pthread_cond_timedwait(&j->room, &j->lock, &until) == ETIMEDOUT)
            j->cancelled = true;
    return !j->cancelled;
}

// Hands over what has been written. False: nobody will read it.
static bool hand_over(struct ms_sql_job *j, unsigned status, bool end,
                      struct ms_sql_json *from)
{
    pthread_mutex_lock(&j->lock);
    bool good = (end || wait_for_room(j)) && !from->failed;
    if (good && from->bytes > j->room_bytes - j->bytes) {
        char *grown = realloc(j->text, j->bytes + from->bytes);
        good = grown != NULL;
        if (good) {
            j->text = grown;
            j->room_bytes = j->bytes + from->bytes;
        }
    }
    if (good && from->bytes != 0) {
        memcpy(j->text + j->bytes, from->text, from->bytes);
        j->bytes += from->bytes;
    }
    from->bytes = 0;
    if (j->status == 0)
        j->status = good ? status : 500;
    j->ended |= end || !good;
    wake_up(j);
    pthread_mutex_unlock(&j->lock);
    return good;
}

static unsigned status_of(const struct ms_sql_error *error)
{
    static const struct {
        const char *code;
        unsigned status;
    } all[] = {
        {"bad_query", 400}, {"not_allowed", 403}, {"not_found", 404},
        {"not_kept", 409},  {"too_large", 413},   {"timeout", 422},
        {"cancelled", 503}, {"unavailable", 503},
    };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].code, error->code) == 0)
            return all[i].status;
    return 500;
}

static void answer(struct ms_sql_job *j, struct ms_sql *q,
                   struct ms_sql_json *out, uint64_t start_ns,
                   struct ms_sql_error *error)
{
    enum ms_sql_step step = ms_sql_step(q, error);
    bool truncated = false;
    uint64_t sent = 0;

    if (step != MS_SQL_FAILED)
        ms_sql_json_head(out, q, step == MS_SQL_ROW);
    while (step == MS_SQL_ROW && !truncated) {
        ms_sql_json_row(out, q);
        if (out->bytes >= HEAD_BYTES) {
            sent += out->bytes;
            if (!hand_over(j, 200, false, out))
                return;
            truncated = sent >= ANSWER_BYTES;
        }
        step = truncated ? MS_SQL_DONE : ms_sql_step(q, error);
    }
    bool failed = step == MS_SQL_FAILED;
    if (failed && sent == 0) {
        out->bytes = 0;
        ms_sql_json_error(out, error);
        (void)hand_over(j, status_of(error), true, out);
        return;
    }
    ms_sql_json_tail(out, truncated || ms_sql_truncated(q),
                     ms_clock_monotonic_ns() - start_ns, failed ? error : NULL);
    (void)hand_over(j, 200, true, out);
}

void ms_sql_job_run(struct ms_sql_job *j)
{
    uint64_t start_ns = ms_clock_monotonic_ns();
    struct ms_sql_json out = {0};
    struct ms_sql_error error;
    struct ms_sql *q;

    j->request.cancelled = is_cancelled;
    j->request.arg = j;
    if (ms_sql_open(j->engine, &j->request, &q, &error)) {
        answer(j, q, &out, start_ns, &error);
        ms_sql_close(q);
    } else {
        ms_sql_json_error(&out, &error);
        (void)hand_over(j, status_of(&error), true, &out);
    }
    ms_sql_json_fini(&out);
}
