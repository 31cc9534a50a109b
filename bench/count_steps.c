// SPDX-License-Identifier: MIT
//
// count_steps COMMAND ARG...: runs a program of one thread and prints, a line
// each, how many instructions it executed between its first and its second
// SIGTRAP, its third and fourth, and so on. It steps through them one by one:
// slow, but exact, the same on every machine, and blind to what else runs.

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

// A step and the program's own raise() are both SIGTRAP: the sender tells.
static bool is_marker(pid_t pid)
{
    siginfo_t info;

    return ptrace(PTRACE_GETSIGINFO, pid, NULL, &info) == 0 &&
           info.si_code <= 0;
}

static int follow(pid_t pid)
{
    bool stepping = false;
    long steps = 0;
    int status, signal_number = 0;

    for (;;) {
        if (ptrace(stepping ? PTRACE_SINGLESTEP : PTRACE_CONT, pid, NULL,
                   (void *)(long)signal_number) != 0 ||
            waitpid(pid, &status, 0) != pid)
            return 1;
        if (!WIFSTOPPED(status))
            return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
        signal_number = WSTOPSIG(status);
        if (signal_number != SIGTRAP)
            continue;
        signal_number = 0;
        if (!is_marker(pid)) {
            steps += stepping;
        } else {
            if (stepping)
                printf("%ld\n", steps);
            stepping = !stepping;
            steps = 0;
        }
    }
}

int main(int argc, char **argv)
{
    int status;

    if (argc < 2)
        return 2;
    pid_t pid = fork();
    if (pid == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        execv(argv[1], argv + 1);
        _exit(127);
    }
    // The first stop is the exec.
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) {
        fprintf(stderr, "count_steps: %s: %s\n", argv[1], strerror(errno));
        return 1;
    }
    return follow(pid);
}
