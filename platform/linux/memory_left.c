// SPDX-License-Identifier: MIT
// See platform/memory.h for the contract.

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "platform/memory.h"

#define MAPPED 0u  // numbers of statm, in pages
#define PRIVATE 5u // and stacks, which are no part of that limit

// 0: unknown.
static uint64_t statm_bytes(unsigned which)
{
    char text[128];
    uint64_t pages = 0;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return 0;
    ssize_t n = read(fd, text, sizeof text);
    close(fd);
    for (ssize_t i = 0; i < n; i++) {
        if (text[i] == ' ' && which-- == 0)
            break;
        if (which == 0 && text[i] >= '0' && text[i] <= '9')
            pages = pages * 10 + (uint64_t)(text[i] - '0');
    }
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t left_of(int resource, unsigned which)
{
    struct rlimit limit;

    if (getrlimit((__rlimit_resource_t)resource, &limit) != 0 ||
        limit.rlim_cur == RLIM_INFINITY)
        return UINT64_MAX;
    uint64_t used = statm_bytes(which);
    return limit.rlim_cur > used ? limit.rlim_cur - used : 0;
}

uint64_t ms_memory_left(void)
{
    return left_of(RLIMIT_AS, MAPPED);
}

uint64_t ms_private_memory_left(void)
{
    return left_of(RLIMIT_DATA, PRIVATE);
}
