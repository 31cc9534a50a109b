// SPDX-License-Identifier: MIT
//
// handlers own|alternate|fork: signal handlers that allocate, on the stack of
// the thread or on one of their own, while the program itself is between two
// allocations; or that fork wherever the signal finds the program.

#include "victim.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <sys/wait.h>

#define ROUNDS 500u
#define FORKS 100u

static void *volatile from_handler;
static _Atomic unsigned forks;

static void *handler_allocate(void)
{
    return malloc(7001);
}

static void *main_allocate(void)
{
    return malloc(7013);
}

static void on_signal(int number)
{
    (void)number;
    free(from_handler);
    from_handler = handler_allocate();
}

static void between_allocations(int flags)
{
    static char stack[65536];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};
    struct victim_counts c = {0};

    victim_check(sigaltstack(&alternate, NULL) == 0, "sigaltstack");
    victim_check(sigaction(SIGUSR1, &action, NULL) == 0, "sigaction");
    for (unsigned i = 0; i < ROUNDS; i++) {
        void *block = main_allocate();
        raise(SIGUSR1);
        free(block);
    }
    c.alloc_count = 2 * ROUNDS;
    c.alloc_bytes = ROUNDS * (7001 + 7013);
    c.free_count = 2 * ROUNDS - 1;
    c.free_bytes = c.alloc_bytes - 7001;
    victim_say("{\"functions\":[\"handler_allocate\",\"main_allocate\"],");
    victim_say_counts(&c);
    victim_say("}\n");
}

// The child goes on where the signal came: in the middle of malloc, even. It
// ends by itself, without locks that somebody may have held.
static void on_fork(int number)
{
    int saved = errno;

    (void)number;
    if (forks < FORKS) {
        pid_t pid = fork();
        if (pid == 0) {
            signal(SIGALRM, SIG_IGN);
            forks = FORKS + 1;
        } else if (pid > 0) {
            forks++;
        }
    }
    errno = saved;
}

static void anywhere(void)
{
    struct sigaction action = {.sa_handler = on_fork, .sa_flags = SA_RESTART};
    struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    unsigned bad = 0;
    int status;

    victim_check(sigaction(SIGALRM, &action, NULL) == 0, "sigaction");
    setitimer(ITIMER_REAL, &often, NULL);
    while (forks < FORKS)
        for (unsigned i = 0; i < 100; i++)
            free(main_allocate());
    if (forks > FORKS) {
        for (unsigned i = 0; i < 1000; i++)
            free(main_allocate());
        _exit(17);
    }
    setitimer(ITIMER_REAL, &never, NULL);
    for (unsigned i = 0; i < FORKS; i++) {
        while (wait(&status) < 0)
            victim_check(errno == EINTR, "a child can be waited for");
        bad += !WIFEXITED(status) || WEXITSTATUS(status) != 17;
    }
    victim_say("{\"children\":%u,\"bad\":%u}\n", FORKS, bad);
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";

    if (strcmp(how, "own") == 0)
        between_allocations(0);
    else if (strcmp(how, "alternate") == 0)
        between_allocations(SA_ONSTACK);
    else if (strcmp(how, "fork") == 0)
        anywhere();
    else
        return 2;
    return 0;
}
