// SPDX-License-Identifier: MIT
// See platform/limits.h for the contract.

#include "platform/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int ms_limit(pid_t pid, int resource, const struct rlimit *set,
             struct rlimit *was)
{
    _Static_assert(sizeof(struct rlimit) == sizeof(struct rlimit64),
                   "the kernel's own");
    return (int)syscall(SYS_prlimit64, pid, resource, set, was);
}

// One line of /proc/self/maps at a time, through a buffer of our own.
struct lines {
    int fd;
    size_t have, used;
    char text[4096 + 256];
};

static char *next_line(struct lines *l)
{
    for (;;) {
        char *line = l->text + l->used;
        char *end = memchr(line, '\n', l->have - l->used);
        if (end != NULL) {
            *end = '\0';
            l->used = (size_t)(end + 1 - l->text);
            return line;
        }
        l->have -= l->used;
        memmove(l->text, line, l->have);
        l->used = 0;
        ssize_t n = 0;
        if (l->have < sizeof l->text)
            n = read(l->fd, l->text + l->have, sizeof l->text - l->have);
        if (n <= 0)
            return NULL;
        l->have += (size_t)n;
    }
}

// As mlockall does, a mapping that cannot be read is passed over.
static int lock_line(char *line, int flags, const char *except)
{
    char *rest;
    uintptr_t begin = strtoul(line, &rest, 16);
    uintptr_t end = strtoul(rest + 1, &rest, 16);
    const char *path = strpbrk(rest, "/[");

    if (rest[1] != 'r' || end <= begin ||
        (path != NULL && (strncmp(path, except, strlen(except)) == 0 ||
                          strncmp(path, "[v", 2) == 0))) // vdso, vvar, ...
        return 0;
    unsigned how = flags & MCL_ONFAULT ? MLOCK_ONFAULT : 0;
    if (syscall(SYS_mlock2, begin, end - begin, how) == 0)
        return 0;
    // Beyond the limit, or gone meanwhile: only the first is a failure.
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    (void)ms_limit(0, RLIMIT_MEMLOCK, NULL, &limit);
    if (errno == EPERM || (errno == ENOMEM && limit.rlim_cur != RLIM_INFINITY))
        return -1;
    return 0;
}

int ms_lock_all(int flags, const char *except)
{
    struct lines l = {.fd = -1};
    char *line;
    int result = 0;

    if (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) ||
        !(flags & (MCL_CURRENT | MCL_FUTURE)))
        return (int)syscall(SYS_mlockall, flags); // says what is wrong
    if (flags & MCL_FUTURE)
        result = (int)syscall(SYS_mlockall, flags & ~MCL_CURRENT);
    if (result != 0 || !(flags & MCL_CURRENT))
        return result;
    l.fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (l.fd < 0)
        return -1;
    while (result == 0 && (line = next_line(&l)) != NULL)
        result = lock_line(line, flags, except);
    int error = errno;
    close(l.fd);
    errno = error;
    return result;
}
