// SPDX-License-Identifier: MIT
// See platform/memory.h for the contract.

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "platform/memory.h"

// What is mapped already: the first number of statm, in pages. 0: unknown.
static uint64_t mapped_bytes(void)
{
    char text[64];
    uint64_t pages = 0;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return 0;
    ssize_t n = read(fd, text, sizeof text);
    close(fd);
    for (ssize_t i = 0; i < n && text[i] >= '0' && text[i] <= '9'; i++)
        pages = pages * 10 + (uint64_t)(text[i] - '0');
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t ms_memory_left(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return UINT64_MAX;
    uint64_t mapped = mapped_bytes();
    return limit.rlim_cur > mapped ? limit.rlim_cur - mapped : 0;
}
