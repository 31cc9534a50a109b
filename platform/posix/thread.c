// SPDX-License-Identifier: MIT
// See platform/thread.h for the contract.

#include "platform/thread.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int ms_thread_start(pthread_t *out, const char *name, void *(*run)(void *),
                    void *arg)
{
    sigset_t all, before;

    sigfillset(&all);
    int error = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (error != 0)
        return error;
    error = pthread_create(out, NULL, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0)
        (void)pthread_setname_np(*out, name); // a name is only a comfort
    return error;
}

void ms_thread_step_back(void)
{
    // On Linux the nice value is the thread's alone. A refusal changes nothing.
    (void)setpriority(PRIO_PROCESS, ms_thread_id(), 10);
}

uint32_t ms_thread_id(void)
{
    return (uint32_t)syscall(SYS_gettid);
}

void ms_thread_name(uint64_t name[2])
{
    char text[16] = "";

    prctl(PR_GET_NAME, text);
    memcpy(name, text, sizeof text);
}

bool ms_thread_gone(uint32_t tid)
{
    return syscall(SYS_tgkill, getpid(), tid, 0) != 0 && errno == ESRCH;
}
