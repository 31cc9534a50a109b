// SPDX-License-Identifier: MIT
// See announcements.h for the contract.

#include "announcements.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "platform/thread.h"
#include "runtime/announce.h"
#include "runtime/segment.h"
#include "server/log.h"

static void say(enum ms_log_level level, const char *event, uint32_t session,
                pid_t pid)
{
    struct ms_log_line line;

    if (!ms_log_begin(&line, level, event))
        return;
    if (session != 0)
        ms_log_number(&line, "session", session);
    ms_log_number(&line, "pid", (uint64_t)pid);
    ms_log_end(&line);
}

static void refuse(struct ms_announcements *a, pid_t pid)
{
    atomic_fetch_add(&a->refused, 1);
    say(MS_LOG_WARNING, "announcement.refused", 0, pid);
}

void ms_announcements_ended(struct ms_announcements *a, pid_t pid,
                            int wait_status)
{
    ms_engine_process_ended(a->engine, pid, wait_status);
    say(MS_LOG_INFO, "session.end", 0, pid);
}

static void take(struct ms_announcements *a, const struct ms_announcement *said,
                 int fd, pid_t pid)
{
    uint32_t session;

    if (said->version == MS_SEGMENT_VERSION &&
        said->magic == MS_ANNOUNCE_ENDED) {
        close(fd);
        // Whoever is there has not ended.
        if (said->pid > 0 && kill(said->pid, 0) != 0 && errno == ESRCH)
            ms_announcements_ended(a, said->pid, said->wait_status);
    } else if (said->version != MS_SEGMENT_VERSION ||
               said->magic != MS_ANNOUNCE_MAGIC) {
        close(fd);
        refuse(a, pid);
    } else if (ms_engine_adopt(a->engine, fd, pid, &session) == MEMSCOPE_OK) {
        atomic_fetch_add(&a->adopted, 1);
        ms_ends_watch(&a->ends, pid, session);
        say(MS_LOG_INFO, "session.begin", session, pid);
    } else {
        refuse(a, pid);
    }
}

// {receiving}
static void forget(struct ms_announcements *a, size_t i)
{
    close(a->announcers[i].socket);
    a->announcer_count--;
    memmove(&a->announcers[i], &a->announcers[i + 1],
            (a->announcer_count - i) * sizeof *a->announcers);
}

// False when none is waiting.
static bool accept_one(struct ms_announcements *a)
{
    struct ms_announcer from = {.pid = 0};
    uid_t uid;
    int error = ms_ipc_accept(a->listener, &from.socket, &from.pid, &uid);

    if (error == EPROTO || error == ECONNABORTED) {
        refuse(a, from.pid);
        return true;
    }
    if (error != 0)
        return false;
    // Abstract names are open to every local user: only the program's own
    // user, or one that it has become from root, may speak here.
    if (getuid() != 0 && uid != getuid()) {
        close(from.socket);
        refuse(a, from.pid);
        return true;
    }
    if (a->announcer_count == MS_ANNOUNCERS) {
        refuse(a, a->announcers[0].pid);
        forget(a, 0);
    }
    a->announcers[a->announcer_count++] = from;
    return true;
}

// Takes what has been sent. A sender that has no core at present sends later.
static void receive(struct ms_announcements *a)
{
    struct ms_announcement said;
    int fd;

    for (size_t i = 0; i < a->announcer_count;) {
        struct ms_announcer from = a->announcers[i];
        int error = ms_ipc_receive_fd(from.socket, &said, sizeof said, &fd);
        if (error == EAGAIN) {
            i++;
            continue;
        }
        forget(a, i);
        if (error != 0)
            refuse(a, from.pid);
        else
            take(a, &said, fd, from.pid);
    }
}

void ms_announcements_drain(struct ms_announcements *a)
{
    pthread_mutex_lock(&a->receiving);
    while (accept_one(a))
        receive(a);
    receive(a);
    pthread_mutex_unlock(&a->receiving);
}

void ms_announcements_before_answer(void *announcements)
{
    ms_announcements_drain(announcements);
}

static void *serve(void *arg)
{
    struct ms_announcements *a = arg;
    struct pollfd wait[3 + MS_ANNOUNCERS] = {
        {.fd = a->listener, .events = POLLIN},
        {.fd = a->stop_pipe[0], .events = POLLIN},
        {.fd = a->ends.epoll, .events = POLLIN},
    };

    for (;;) {
        nfds_t count = 3;
        pthread_mutex_lock(&a->receiving);
        for (size_t i = 0; i < a->announcer_count; i++)
            wait[count++] = (struct pollfd){.fd = a->announcers[i].socket,
                                            .events = POLLIN};
        pthread_mutex_unlock(&a->receiving);
        if (poll(wait, count, -1) < 0 && errno != EINTR)
            break;
        if (wait[1].revents != 0)
            break;
        ms_ends_tell(&a->ends, a->engine);
        ms_announcements_drain(a);
    }
    return NULL;
}

enum memscope_status ms_announcements_start(struct ms_announcements *a,
                                            struct ms_engine *engine)
{
    uint64_t random = 0;

    *a = (struct ms_announcements){.engine = engine};
    pthread_mutex_init(&a->receiving, NULL);
    if (getrandom(&random, sizeof random, 0) != sizeof random)
        return MEMSCOPE_ERROR_SYSTEM;
    snprintf(a->name, sizeof a->name, "@memscope-%d-%016llx", (int)getpid(),
             (unsigned long long)random);
    if (pipe2(a->stop_pipe, O_CLOEXEC) != 0)
        return MEMSCOPE_ERROR_SYSTEM;
    if (ms_ipc_listen(a->name, &a->listener) != 0)
        goto fail_pipe;
    ms_ends_begin(&a->ends);
    if (ms_thread_start(&a->thread, "ms-announce", serve, a) != 0)
        goto fail_listener;
    return MEMSCOPE_OK;

fail_listener:
    ms_ends_end(&a->ends);
    close(a->listener);
fail_pipe:
    close(a->stop_pipe[0]);
    close(a->stop_pipe[1]);
    return MEMSCOPE_ERROR_SYSTEM;
}

void ms_announcements_stop(struct ms_announcements *a)
{
    close(a->stop_pipe[1]); // its other end becomes readable
    pthread_join(a->thread, NULL);
    close(a->stop_pipe[0]);
    close(a->listener);
    while (a->announcer_count != 0)
        forget(a, 0);
    ms_ends_end(&a->ends);
    pthread_mutex_destroy(&a->receiving);
}
