// SPDX-License-Identifier: MIT
//
// registers: ms_process_registers of platform/process_memory.h. A thread is
// seized and interrupted, its registers are copied, and it is let go.
//
// The stop may have broken off a system call. Most begin again by themselves;
// epoll_wait and a few more would return EINTR, which the program would not
// have seen without us. On x86-64 the answer still stands in a register that we
// may write, so that the kernel can be told to begin the call again. Elsewhere
// only threads that wait in a call of the first kind are stopped.
//
// Whoever waits for the program as its parent may be a thread of this process:
// no wait status is ever taken here, only looked at.

#include "platform/process_memory.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "platform/clock.h"

#define RESTART_ALWAYS 513 // ERESTARTNOINTR: the kernel's own, in no header
#define PATIENCE_NS 20000

// What the kernel says of a thread that waits: "number arguments... sp pc".
static bool read_syscall(pid_t pid, uint32_t tid, long *number, uint64_t *sp)
{
    char path[64], text[256];

    snprintf(path, sizeof path, "/proc/%d/task/%u/syscall", (int)pid, tid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0)
        return false;
    text[n] = '\0';
    char *end;
    *number = strtol(text, &end, 10);
    if (end == text)
        return false; // "running"
    char *last = strrchr(text, ' ');
    if (last == NULL)
        return false;
    *last = '\0';
    last = strrchr(text, ' ');
    if (last == NULL)
        return false;
    *sp = strtoull(last + 1, NULL, 16);
    return true;
}

// Waits until a seized thread stands still; *signal is the one that it was
// about to be given, or 0. Nothing of its state is taken.
static bool wait_stopped(uint32_t tid, uint64_t deadline, int *signal)
{
    for (;;) {
        siginfo_t info = {0};
        if (waitid(P_PID, tid, &info,
                   WSTOPPED | WEXITED | WNOHANG | WNOWAIT | __WALL) != 0)
            return false;
        *signal = info.si_status >> 8 == 0 ? info.si_status : 0;
        if (info.si_pid != 0)
            return info.si_code == CLD_TRAPPED || info.si_code == CLD_STOPPED;
        if (ms_clock_monotonic_ns() > deadline)
            return false;
        nanosleep(&(struct timespec){.tv_nsec = PATIENCE_NS}, NULL);
    }
}

#if defined(__x86_64__)
static bool may_stop(bool waits, long number)
{
    (void)waits;
    (void)number;
    return true;
}

static void begin_again(uint32_t tid, struct user_regs_struct *r)
{
    struct iovec part = {r, sizeof *r};

    if ((long long)r->orig_rax < 0 || (long long)r->rax != -EINTR)
        return;
    r->rax = (unsigned long long)-RESTART_ALWAYS;
    ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &part);
}

static uint64_t stack_pointer(const struct user_regs_struct *r)
{
    return r->rsp;
}
#else
static bool may_stop(bool waits, long number)
{
    static const long again[] = {SYS_nanosleep, SYS_clock_nanosleep, SYS_futex,
                                 SYS_ppoll,     SYS_pselect6,        SYS_wait4,
                                 SYS_waitid,    SYS_rt_sigsuspend};

    for (size_t i = 0; waits && i < sizeof again / sizeof *again; i++)
        if (again[i] == number)
            return true;
    return false;
}

static void begin_again(uint32_t tid, struct user_regs_struct *r)
{
    (void)tid;
    (void)r;
}

static uint64_t stack_pointer(const struct user_regs_struct *r)
{
    return r->sp;
}
#endif

static void copy(uint32_t tid, int signal, struct ms_registers *out)
{
    struct user_regs_struct r;
    struct iovec part = {&r, sizeof r};

    _Static_assert(sizeof r <= sizeof out->words, "all of them fit");
    if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &part) != 0)
        return;
    memcpy(out->words, &r, sizeof r);
    out->count = sizeof r / 8;
    out->stack_pointer = stack_pointer(&r);
    out->known = true;
    if (signal == 0) // else it is the signal's own doing
        begin_again(tid, &r);
}

void ms_process_registers(pid_t pid, uint32_t tid, uint64_t limit_ns,
                          struct ms_registers *out)
{
    long number = -1;
    bool waits;

    *out = (struct ms_registers){0};
    waits = read_syscall(pid, tid, &number, &out->stack_pointer);
    if (pid == getpid() || !may_stop(waits, number) ||
        ptrace(PTRACE_SEIZE, tid, NULL, NULL) != 0)
        return;
    uint64_t begin = ms_clock_monotonic_ns();
    int signal = 0;
    if (ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) == 0 &&
        wait_stopped(tid, begin + limit_ns, &signal))
        copy(tid, signal, out);
    // One that does not stand still yet is let go by the end of this thread.
    ptrace(PTRACE_DETACH, tid, NULL, (void *)(intptr_t)signal);
    out->stopped_ns = ms_clock_monotonic_ns() - begin;
}
