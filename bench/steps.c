// SPDX-License-Identifier: MIT
//
// steps [-p FILE] [-w] [-e NAME=VALUE]... COMMAND ARG...: runs a program of one
// thread, with that in its environment, and prints, a line each, how many
// instructions it executed between its first and its second SIGTRAP, its third
// and fourth, and so on; with -w, how many from its start to its end. It steps
// through them one by one: slow, but exact, the same on every machine, and
// blind to what else runs. With -p, FILE gets where they were: for each part
// "part N", the memory map, and "pc ADDRESS COUNT" lines.
//
// Under `memscope run`, the monitor is stopped meanwhile: a step takes so long
// that its ticks would be in every count.

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define PLACES (1u << 16) // more than any of our parts has instructions

struct place {
    uint64_t pc;
    long count;
};

struct stepper {
    pid_t pid;
    FILE *profile; // NULL: only count
    struct place *places;
    int part;
    long steps;
    bool stepping;
    bool whole;
};

// The monitor, if that is what has started us; 0: it is not.
static pid_t monitor_pid(void)
{
    char path[64], name[32] = "";

    snprintf(path, sizeof path, "/proc/%d/comm", (int)getppid());
    FILE *file = fopen(path, "re");
    if (file != NULL && fgets(name, sizeof name, file) == NULL)
        name[0] = '\0';
    if (file != NULL)
        fclose(file);
    return strcmp(name, "memscope\n") == 0 ? getppid() : 0;
}

// A step and the program's own raise() are both SIGTRAP: the sender tells.
static bool is_marker(pid_t pid)
{
    siginfo_t info;

    return ptrace(PTRACE_GETSIGINFO, pid, NULL, &info) == 0 &&
           info.si_code <= 0;
}

static uint64_t program_counter(pid_t pid)
{
    struct user_regs_struct registers;
    struct iovec all = {&registers, sizeof registers};

    if (ptrace(PTRACE_GETREGSET, pid, (void *)1 /* NT_PRSTATUS */, &all) != 0)
        return 0;
#if defined(__aarch64__)
    return registers.pc;
#else
    return registers.rip;
#endif
}

static void note_place(struct stepper *s)
{
    uint64_t pc = program_counter(s->pid);
    uint32_t at = (uint32_t)(pc * UINT64_C(0x9E3779B97F4A7C15) >> 48);

    while (s->places[at].pc != pc && s->places[at].pc != 0)
        at = (at + 1) % PLACES;
    s->places[at].pc = pc;
    s->places[at].count++;
}

static void print_part(struct stepper *s)
{
    printf("%ld\n", s->steps);
    if (s->profile == NULL)
        return;
    char path[64], line[4096];
    snprintf(path, sizeof path, "/proc/%d/maps", (int)s->pid);
    fprintf(s->profile, "part %d\n", s->part);
    FILE *maps = fopen(path, "r");
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL)
        if (strstr(line, " r-xp ") != NULL)
            fprintf(s->profile, "map %s", line);
    if (maps != NULL)
        fclose(maps);
    for (uint32_t i = 0; i < PLACES; i++)
        if (s->places[i].pc != 0)
            fprintf(s->profile, "pc %llx %ld\n",
                    (unsigned long long)s->places[i].pc, s->places[i].count);
    memset(s->places, 0, PLACES * sizeof *s->places);
}

// A SIGTRAP has stopped the program.
static void stopped(struct stepper *s)
{
    if (s->whole || !is_marker(s->pid)) {
        s->steps += s->stepping;
        if (s->stepping && s->profile != NULL)
            note_place(s);
        return;
    }
    if (s->stepping)
        print_part(s);
    else
        s->part++;
    s->stepping = !s->stepping;
    s->steps = 0;
}

static int follow(struct stepper *s)
{
    int status, signal_number = 0;

    for (;;) {
        if (ptrace(s->stepping ? PTRACE_SINGLESTEP : PTRACE_CONT, s->pid, NULL,
                   (void *)(long)signal_number) != 0 ||
            waitpid(s->pid, &status, 0) != s->pid)
            return 1;
        if (!WIFSTOPPED(status))
            return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
        signal_number = WSTOPSIG(status);
        if (signal_number != SIGTRAP)
            continue;
        signal_number = 0;
        stopped(s);
    }
}

int main(int argc, char **argv)
{
    struct stepper s = {.profile = NULL};
    char **variables = calloc((size_t)argc, sizeof *variables);
    int status, option, count = 0;

    s.places = calloc(PLACES, sizeof *s.places);
    if (s.places == NULL || variables == NULL)
        return 2;
    while ((option = getopt(argc, argv, "+p:we:")) != -1) {
        if (option == 'p' && (s.profile = fopen(optarg, "we")) == NULL)
            return 2;
        if (option == 'w')
            s.whole = s.stepping = true;
        if (option == 'e')
            variables[count++] = optarg;
        if (option == '?')
            return 2;
    }
    if (optind == argc)
        return 2;
    s.pid = fork();
    if (s.pid == 0) {
        for (int i = 0; i < count; i++)
            putenv(variables[i]);
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        execv(argv[optind], argv + optind);
        _exit(127);
    }
    // The first stop is the exec.
    if (s.pid < 0 || waitpid(s.pid, &status, 0) != s.pid ||
        !WIFSTOPPED(status)) {
        fprintf(stderr, "steps: %s: %s\n", argv[optind], strerror(errno));
        return 1;
    }
    pid_t monitor = monitor_pid();
    if (monitor != 0)
        kill(monitor, SIGSTOP);
    int result = follow(&s);
    if (monitor != 0)
        kill(monitor, SIGCONT);
    if (s.whole)
        printf("%ld\n", s.steps);
    if (s.profile != NULL)
        fclose(s.profile);
    free(s.places);
    free(variables);
    return result;
}
