// SPDX-License-Identifier: MIT
//
// announcements: receives the segments that watched processes hand over, on a
// thread of its own, and gives them to the engine.

#ifndef MS_CLI_ANNOUNCEMENTS_H
#define MS_CLI_ANNOUNCEMENTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "ends.h"
#include "engine/engine.h"
#include "platform/ipc.h"

// Senders that have not sent yet: each is about to, unless it was stopped.
#define MS_ANNOUNCERS 64u

struct ms_announcer {
    int socket;
    pid_t pid;
};

struct ms_announcements {
    char name[MS_IPC_NAME_BYTES]; // for MEMSCOPE_SOCKET; constant
    int listener;
    int stop_pipe[2];
    struct ms_engine *engine;
    pthread_t thread;
    pthread_mutex_t receiving; // one at a time, so that a drain is complete
    // {receiving}
    struct ms_announcer announcers[MS_ANNOUNCERS]; // oldest first
    size_t announcer_count;
    struct ms_ends ends;

    _Atomic unsigned adopted;
    _Atomic unsigned refused;
};

// ms_announcements_start listens under a name that nobody can guess. The
// engine must outlive it.
enum memscope_status
ms_announcements_start(struct ms_announcements *a,
                       struct ms_engine *engine) MEMSCOPE_MUST_CHECK;

// ms_announcements_drain takes what is waiting now, on the calling thread.
void ms_announcements_drain(struct ms_announcements *a);

// ms_announcements_before_answer drains, for a server's options.
void ms_announcements_before_answer(void *announcements);

// ms_announcements_ended tells the engine of a process that has been waited
// for, as ms_engine_process_ended does, and the log.
void ms_announcements_ended(struct ms_announcements *a, pid_t pid,
                            int wait_status);

void ms_announcements_stop(struct ms_announcements *a);

#endif
