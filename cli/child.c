// SPDX-License-Identifier: MIT
// See child.h for the contract.

#include "child.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>

void ms_child_take_signals(sigset_t *signals)
{
    static const int ours[] = {SIGCHLD, SIGINT,  SIGQUIT, SIGTERM,
                               SIGHUP,  SIGUSR1, SIGUSR2};

    sigemptyset(signals);
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        sigaddset(signals, ours[i]);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
    signal(SIGCHLD, SIG_DFL); // ignored, it would take the exit code away
    signal(SIGPIPE, SIG_IGN); // viewers come and go
}

int ms_child_wait(pid_t pid, const sigset_t *signals)
{
    for (;;) {
        siginfo_t info;
        int signal = sigwaitinfo(signals, &info);
        int status;
        if (signal < 0)
            continue;
        if (signal != SIGCHLD) {
            // From the terminal, it has reached the program already.
            if (info.si_code <= 0)
                kill(pid, signal);
            continue;
        }
        // Of others nothing is taken: a leak scan has threads stand still, and
        // only looks whether they do.
        if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
            info.si_pid == pid &&
            (info.si_code == CLD_EXITED || info.si_code == CLD_KILLED ||
             info.si_code == CLD_DUMPED) &&
            waitpid(pid, &status, WNOHANG) == pid)
            return status;
    }
}

int ms_child_end_like(int status)
{
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    int by = WTERMSIG(status);
    sigset_t one;
    struct rlimit none = {0, 0};

    fflush(NULL);
    setrlimit(RLIMIT_CORE, &none); // the program's core is enough
    signal(by, SIG_DFL);
    sigemptyset(&one);
    sigaddset(&one, by);
    sigprocmask(SIG_UNBLOCK, &one, NULL);
    raise(by);
    return 128 + by;
}
