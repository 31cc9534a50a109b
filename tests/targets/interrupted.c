// SPDX-License-Identifier: MIT
//
// interrupted [EACH]: a signal comes before each single instruction of malloc,
// realloc and free, or each so many, one after the other, and its handler
// forks: the child goes on with what was interrupted, and so does its parent. A
// tracer, our first child, brings the signals.

#include "victim.h"

#include <elf.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#define WARM 200

static volatile sig_atomic_t over, last, child;
static volatile unsigned places, bad;

__attribute__((noinline)) static void allocate(void)
{
    void *block = malloc(100);
    void *larger = realloc(block, 300);

    victim_check(larger != NULL, "memory");
    free(larger);
}

static void on_alarm(int number)
{
    int saved = errno, status;

    (void)number;
    last = over; // it has come behind all of them
    places++;
    pid_t pid = fork();
    if (pid == 0) {
        child = 1;
    } else {
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
        bad += !WIFEXITED(status) || WEXITSTATUS(status) != 17;
        if (!last)
            raise(SIGUSR1);
    }
    errno = saved;
}

struct place {
    uint64_t pc, sp;
};

static struct place where(pid_t pid)
{
    struct user_regs_struct r;
    struct iovec all = {&r, sizeof r};

    victim_check(ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &all) == 0,
                 "registers");
#ifdef __x86_64__
    return (struct place){r.rip, r.rsp};
#else
    return (struct place){r.pc, r.sp};
#endif
}

static void step(pid_t pid)
{
    int status;

    victim_check(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) == 0, "step");
    victim_check(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status), "stop");
}

// Reading the clock begins anew where it has taken long: that would be for
// ever.
static bool in_clock(uint64_t pc)
{
    return pc - getauxval(AT_SYSINFO_EHDR) < 16384;
}

// On from where the last signal came, when its handler has returned there.
static struct place next(pid_t pid, struct place last_one, unsigned each)
{
    struct place p = where(pid);

    for (; last_one.pc != 0 && (p.pc != last_one.pc || p.sp != last_one.sp);
         p = where(pid))
        step(pid);
    for (unsigned i = 0; i < each || in_clock(where(pid).pc); i++)
        step(pid);
    return where(pid);
}

static _Noreturn void trace(pid_t pid, unsigned each)
{
    struct place place = {0};
    int status;

    while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
        int number = WSTOPSIG(status);
        if (number == SIGUSR1) {
            place = next(pid, place, each);
            number = SIGALRM;
        }
        victim_check(ptrace(PTRACE_CONT, pid, NULL, (void *)(long)number) == 0,
                     "continue");
    }
    _exit(0);
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = on_alarm};
    unsigned each = argc > 1 ? (unsigned)atoi(argv[1]) : 1;
    pid_t here = getpid(), tracer;
    int allowed[2], seized[2];
    char byte = 0;

    victim_check(sigaction(SIGALRM, &action, NULL) == 0, "sigaction");
    victim_check(pipe(allowed) == 0 && pipe(seized) == 0, "pipes");
    tracer = fork();
    victim_check(tracer >= 0, "fork");
    if (tracer == 0) {
        victim_check(read(allowed[0], &byte, 1) == 1, "it is allowed");
        victim_check(ptrace(PTRACE_SEIZE, here, NULL, NULL) == 0, "seize");
        victim_check(write(seized[1], &byte, 1) == 1, "say so");
        trace(here, each);
    }
    (void)prctl(PR_SET_PTRACER, tracer, 0, 0, 0); // where that must be said
    victim_check(write(allowed[1], &byte, 1) == 1, "allow it");
    victim_check(read(seized[0], &byte, 1) == 1, "the tracer is there");
    // Of the same stacks as before, so that they are recognized.
    for (unsigned i = 0; i <= WARM; i++) {
        if (i == WARM)
            raise(SIGUSR1); // from here on
        allocate();
    }
    over = 1;
    while (!last && !child)
        ;
    if (child) {
        for (unsigned i = 0; i < 10; i++)
            allocate();
        _exit(17);
    }
    victim_check(places > 200 / each, "it is stepped through");
    victim_say("{\"bad\":%u}\n", bad);
    return bad != 0;
}
