// SPDX-License-Identifier: MIT
//
// linked_fork fork|raw|late: a program that is linked with memscope, opens
// its page and forks. The child outlives it, or ends by exit; or it is the
// child, a daemon, that opens the page.

#include "../victim.h"

#include <memscope.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static void *linked_allocate(void)
{
    return malloc(3001);
}

static void show(void)
{
    enum memscope_status status = memscope_start(NULL);

    victim_check(status == MEMSCOPE_OK, memscope_strerror(status));
    for (unsigned i = 0; i < 17; i++)
        victim_check(linked_allocate() != NULL, "malloc gives memory");
    victim_say("{\"functions\":[\"linked_allocate\"],\"url\":\"%s\","
               "\"pid\":%d,\"live_blocks\":17,\"live_bytes\":%d}\n",
               memscope_url(), (int)getpid(), 17 * 3001);
}

static void child(void)
{
    victim_check(memscope_url()[0] == '\0', "a child has no page");
    free(linked_allocate());
}

static void parent(bool raw)
{
    int status = 0;

    show();
    pid_t ends = fork();
    if (ends == 0) {
        child();
        exit(24); // by way of everything that waits for the end
    }
    victim_check(waitpid(ends, &status, 0) == ends && WIFEXITED(status) &&
                     WEXITSTATUS(status) == 24,
                 "the child ends as it wants to");
    pid_t stays = raw ? (pid_t)syscall(SYS_fork) : fork();
    if (stays == 0) {
        child();
        victim_say("{\"stays\":%d}\n", (int)getpid());
        victim_hold();
        _exit(0);
    }
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";

    if (strcmp(how, "late") == 0) {
        free(linked_allocate());
        victim_check(daemon(1, 1) == 0, "daemon");
        free(linked_allocate());
        show();
        victim_hold();
        return 0;
    }
    parent(strcmp(how, "raw") == 0);
    return 25;
}
