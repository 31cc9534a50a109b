// SPDX-License-Identifier: MIT
//
// fork_exec: holds blocks, forks a child that frees its copies, allocates
// and ends with 3, spawns /bin/sh, and becomes itself again by exec. The
// numbers of the parent are its own all the while.

#include "victim.h"

#include <spawn.h>
#include <sys/wait.h>

static void *blocks[50];

static void *parent_allocate(void)
{
    return malloc(3331);
}

static void *child_allocate(void)
{
    return malloc(3337);
}

static int child(void)
{
    for (unsigned i = 0; i < 50; i++)
        free(blocks[i]);
    for (unsigned i = 0; i < 1000; i++)
        if (child_allocate() == NULL)
            return 4;
    return 3;
}

static int status_of(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0)
        victim_check(errno == EINTR, "the child can be waited for");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int forked(void)
{
    pid_t pid = fork();

    victim_check(pid >= 0, "fork");
    if (pid == 0)
        _exit(child());
    return status_of(pid);
}

static int spawned(void)
{
    char *arguments[] = {(char *)"sh", (char *)"-c", (char *)"exit 5", NULL};
    char *environment[] = {NULL};
    pid_t pid;

    victim_check(
        posix_spawn(&pid, "/bin/sh", NULL, NULL, arguments, environment) == 0,
        "posix_spawn");
    return status_of(pid);
}

int main(int argc, char **argv)
{
    unsigned count = argc > 1 ? 20 : 50;

    for (unsigned i = 0; i < count; i++)
        blocks[i] = parent_allocate();
    int from_fork = argc > 1 ? 0 : forked();
    int from_spawn = argc > 1 ? 0 : spawned();
    victim_say("{\"image\":%d,\"function\":\"parent_allocate\","
               "\"live_blocks\":%u,\"live_bytes\":%u,"
               "\"forked\":%d,\"spawned\":%d}\n",
               argc > 1 ? 2 : 1, count, count * 3331, from_fork, from_spawn);
    victim_hold();
    if (argc == 1) {
        char *again[] = {argv[0], (char *)"again", NULL};
        execv("/proc/self/exe", again);
        return 6;
    }
    return 0;
}
