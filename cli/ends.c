// SPDX-License-Identifier: MIT
// See ends.h for the contract.

#include "ends.h"

#include <sys/epoll.h>
#include <unistd.h>

#include "platform/process_end.h"

#define AT_ONCE 64

void ms_ends_begin(struct ms_ends *ends)
{
    ends->epoll = epoll_create1(EPOLL_CLOEXEC);
}

void ms_ends_watch(struct ms_ends *ends, pid_t pid, uint32_t session)
{
    int fd = ms_process_end_open(pid);
    struct epoll_event e = {
        .events = EPOLLIN,
        .data.u64 = (uint64_t)session << 32 | (uint32_t)fd,
    };

    if (fd >= 0 && epoll_ctl(ends->epoll, EPOLL_CTL_ADD, fd, &e) != 0)
        close(fd);
}

void ms_ends_tell(struct ms_ends *ends, struct ms_engine *engine)
{
    struct epoll_event ended[AT_ONCE];
    int count;

    do {
        count = epoll_wait(ends->epoll, ended, AT_ONCE, 0);
        for (int i = 0; i < count; i++) {
            ms_engine_session_gone(engine, (uint32_t)(ended[i].data.u64 >> 32));
            close((int)(uint32_t)ended[i].data.u64);
        }
    } while (count == AT_ONCE);
}

void ms_ends_end(struct ms_ends *ends)
{
    if (ends->epoll >= 0)
        close(ends->epoll);
}
