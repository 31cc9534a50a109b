// SPDX-License-Identifier: MIT
// See announcements.h for the contract.

#include "announcements.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
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

// False when none is waiting.
static bool receive_one(struct ms_announcements *a)
{
    struct ms_announcement hello;
    int fd;
    pid_t pid = 0; // until it is known
    uid_t uid;
    uint32_t session;
    int error =
        ms_ipc_receive_fd(a->listener, &hello, sizeof hello, &fd, &pid, &uid);

    if (error == EPROTO || error == ECONNABORTED) {
        refuse(a, pid);
        return true;
    }
    if (error != 0)
        return false;
    // Abstract names are open to every local user: only the program's own
    // user, or one that it has become from root, may speak here.
    if (hello.version != MS_SEGMENT_VERSION ||
        (getuid() != 0 && uid != getuid())) {
        close(fd);
        refuse(a, pid);
    } else if (hello.magic == MS_ANNOUNCE_ENDED) {
        close(fd);
        // Whoever is there has not ended.
        if (hello.pid > 0 && kill(hello.pid, 0) != 0 && errno == ESRCH)
            ms_announcements_ended(a, hello.pid, hello.wait_status);
    } else if (hello.magic != MS_ANNOUNCE_MAGIC) {
        close(fd);
        refuse(a, pid);
    } else if (ms_engine_adopt(a->engine, fd, pid, &session) == MEMSCOPE_OK) {
        atomic_fetch_add(&a->adopted, 1);
        say(MS_LOG_INFO, "session.begin", session, pid);
    } else {
        refuse(a, pid);
    }
    return true;
}

void ms_announcements_drain(struct ms_announcements *a)
{
    pthread_mutex_lock(&a->receiving);
    while (receive_one(a))
        ;
    pthread_mutex_unlock(&a->receiving);
}

static void *serve(void *arg)
{
    struct ms_announcements *a = arg;
    struct pollfd wait[2] = {
        {.fd = a->listener, .events = POLLIN},
        {.fd = a->stop_pipe[0], .events = POLLIN},
    };

    for (;;) {
        if (poll(wait, 2, -1) < 0 && errno != EINTR)
            break;
        if (wait[1].revents != 0)
            break;
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
    if (ms_thread_start(&a->thread, "ms-announce", serve, a) != 0)
        goto fail_listener;
    return MEMSCOPE_OK;

fail_listener:
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
    pthread_mutex_destroy(&a->receiving);
}
