// SPDX-License-Identifier: MIT
//
// children HOW: the ways in which a program can have children, each of which
// allocates in the child as well: busy (fork while other threads allocate),
// raw_fork, raw_clone (system calls, behind libc's back), vfork, spawn (and
// exec), daemon, chain (exec by way of sh and env), leaf N (what is run).

#include "victim.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define BUSY_THREADS 4u
#define BUSY_FORKS 50u

extern char **environ;

static struct victim_counts counts;
static atomic_bool stopping;

static void *parent_allocate(size_t size)
{
    return malloc(size);
}

static void *child_allocate(void)
{
    return malloc(8009);
}

static void *leaf_allocate(void)
{
    return malloc(8011);
}

static void say(const char *function)
{
    victim_say("{\"functions\":[\"%s\"],\"pid\":%d,", function, (int)getpid());
    victim_say_counts(&counts);
    victim_say("}\n");
}

static void held(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        victim_check(parent_allocate(8017) != NULL, "malloc gives memory");
    counts.alloc_count += count;
    counts.alloc_bytes += count * UINT64_C(8017);
}

static int child_work(unsigned blocks)
{
    for (unsigned i = 0; i < blocks; i++) {
        void *block = child_allocate();
        if (block == NULL)
            return 4;
        if (i % 2 == 0)
            free(block);
    }
    return 3;
}

static int status_of(pid_t pid)
{
    int status = 0;

    victim_check(pid > 0, "there is a child");
    while (waitpid(pid, &status, 0) < 0)
        victim_check(errno == EINTR, "the child can be waited for");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void *busy_main(void *arg)
{
    struct victim_counts *c = arg;

    for (unsigned n = 0; !stopping; n++) {
        size_t size = 64 + n % 500;
        void *block = parent_allocate(size);
        c->alloc_count++;
        c->alloc_bytes += size;
        if (n % 1000 == 999)
            continue; // kept
        free(block);
        c->free_count++;
        c->free_bytes += size;
    }
    return NULL;
}

static void busy(void)
{
    pthread_t threads[BUSY_THREADS];
    struct victim_counts each[BUSY_THREADS] = {{0}};

    held(10);
    for (unsigned i = 0; i < BUSY_THREADS; i++)
        victim_check(pthread_create(&threads[i], NULL, busy_main, &each[i]) ==
                         0,
                     "a thread starts");
    for (unsigned i = 0; i < BUSY_FORKS; i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(child_work(200));
        victim_check(status_of(pid) == 3, "the child does its work");
    }
    stopping = true;
    for (unsigned i = 0; i < BUSY_THREADS; i++) {
        pthread_join(threads[i], NULL);
        counts.alloc_count += each[i].alloc_count;
        counts.alloc_bytes += each[i].alloc_bytes;
        counts.free_count += each[i].free_count;
        counts.free_bytes += each[i].free_bytes;
    }
    say("parent_allocate");
}

static void raw(bool clone)
{
    held(10);
    for (unsigned i = 0; i < 20; i++) {
        long pid = clone ? syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL)
                         : syscall(SYS_fork);
        if (pid == 0)
            _exit(child_work(100));
        victim_check(status_of((pid_t)pid) == 3, "the child does its work");
    }
    say("parent_allocate");
}

static void by_vfork(char *self)
{
    char *arguments[] = {self, (char *)"leaf", (char *)"5", NULL};

    held(10);
    for (unsigned i = 0; i < 5; i++) {
        pid_t pid = vfork();
        if (pid == 0) {
            execv(self, arguments);
            _exit(4);
        }
        victim_check(status_of(pid) == 5, "the leaf ends as it should");
    }
    say("parent_allocate");
}

static void by_spawn(char *self)
{
    char *arguments[] = {self, (char *)"leaf", (char *)"6", NULL};
    pid_t pid;

    held(10);
    for (unsigned i = 0; i < 5; i++) {
        victim_check(posix_spawn(&pid, self, NULL, NULL, arguments, environ) ==
                         0,
                     "posix_spawn");
        victim_check(status_of(pid) == 6, "the leaf ends as it should");
    }
    say("parent_allocate");
}

// Its parent has ended when this goes on.
static void by_daemon(void)
{
    held(10);
    victim_check(daemon(1, 1) == 0, "daemon");
    memset(&counts, 0, sizeof counts);
    held(7);
    say("parent_allocate");
    victim_hold();
}

static void by_chain(char *self)
{
    char script[1000];
    char *arguments[] = {(char *)"sh", (char *)"-c", script, NULL};

    held(10);
    snprintf(script, sizeof script, "exec env CHAIN=1 '%s' leaf 7", self);
    execv("/bin/sh", arguments);
    _exit(4);
}

static int leaf(int result)
{
    for (unsigned i = 0; i < 13; i++)
        victim_check(leaf_allocate() != NULL, "malloc gives memory");
    counts.alloc_count = 13;
    counts.alloc_bytes = UINT64_C(13) * 8011;
    say("leaf_allocate");
    return result;
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";

    if (strcmp(how, "busy") == 0)
        busy();
    else if (strcmp(how, "raw_fork") == 0)
        raw(false);
    else if (strcmp(how, "raw_clone") == 0)
        raw(true);
    else if (strcmp(how, "vfork") == 0)
        by_vfork(argv[0]);
    else if (strcmp(how, "spawn") == 0)
        by_spawn(argv[0]);
    else if (strcmp(how, "daemon") == 0)
        by_daemon();
    else if (strcmp(how, "chain") == 0)
        by_chain(argv[0]);
    else if (strcmp(how, "leaf") == 0 && argc > 2)
        return leaf(atoi(argv[2]));
    else
        return 2;
    return 0;
}
