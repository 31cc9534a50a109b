// SPDX-License-Identifier: MIT
// See http_connections.h for the contract.

#include "http_connections.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "http.h"
#include "platform/clock.h"

#define MORE 64

void ms_http_connections_wait(struct ms_http_connections *all,
                              struct ms_http_connection *c)
{
    ms_http_connections_busy(all, c);
    c->idle = true;
    c->due_ns =
        ms_clock_monotonic_ns() + MS_HTTP_IDLE_SECONDS * UINT64_C(1000000000);
    c->newer = NULL;
    c->older = all->newest;
    if (c->older != NULL)
        c->older->newer = c;
    else
        all->oldest = c;
    all->newest = c;
}

void ms_http_connections_busy(struct ms_http_connections *all,
                              struct ms_http_connection *c)
{
    if (!c->idle)
        return;
    c->idle = false;
    if (c->older != NULL)
        c->older->newer = c->newer;
    else
        all->oldest = c->newer;
    if (c->newer != NULL)
        c->newer->older = c->older;
    else
        all->newest = c->older;
}

static bool make_room(struct ms_http_connections *all, size_t at)
{
    struct ms_http_connection **grown =
        realloc(all->by_fd, (at + MORE) * sizeof(*grown));

    if (grown == NULL)
        return false;
    all->by_fd = grown;
    while (all->room < at + MORE)
        grown[all->room++] = NULL;
    return true;
}

bool ms_http_connections_add(struct ms_http_connections *all, int fd,
                             const struct ms_caller *caller)
{
    size_t at = (size_t)fd;

    if (at >= all->room && !make_room(all, at))
        return false;
    if (all->by_fd[at] == NULL)
        all->by_fd[at] = calloc(1, sizeof *all->by_fd[at]);
    struct ms_http_connection *c = all->by_fd[at];
    if (c == NULL)
        return false;
    *c = (struct ms_http_connection){.caller = *caller, .fd = fd};
    return true;
}

struct ms_http_connection *
ms_http_connections_get(const struct ms_http_connections *all,
                        struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    return all->by_fd[info->connect_fd];
}

bool ms_http_connections_end_oldest(struct ms_http_connections *all)
{
    struct ms_http_connection *c = all->oldest;

    if (c == NULL)
        return false;
    ms_http_connections_busy(all, c);
    shutdown(c->fd, SHUT_RDWR); // it is closed as it runs
    return true;
}

void ms_http_connections_expire(struct ms_http_connections *all)
{
    uint64_t now = all->oldest != NULL ? ms_clock_monotonic_ns() : 0;

    while (all->oldest != NULL && all->oldest->due_ns <= now)
        ms_http_connections_end_oldest(all);
}

void ms_http_connections_fini(struct ms_http_connections *all)
{
    for (size_t i = 0; i < all->room; i++)
        free(all->by_fd[i]);
    free(all->by_fd);
    *all = (struct ms_http_connections){0};
}
