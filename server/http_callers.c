// SPDX-License-Identifier: MIT
// See http_callers.h for the contract.

#include "http_callers.h"

#include <stdlib.h>

#define MORE 64

bool ms_http_callers_set(struct ms_http_callers *c, int fd,
                         const struct ms_caller *caller)
{
    size_t at = (size_t)fd;

    if (at >= c->room) {
        struct ms_caller *grown =
            realloc(c->by_fd, (at + MORE) * sizeof *grown);
        if (grown == NULL)
            return false;
        c->by_fd = grown;
        for (; c->room < at + MORE; c->room++)
            grown[c->room] = (struct ms_caller){0};
    }
    c->by_fd[at] = *caller;
    return true;
}

const struct ms_caller *ms_http_callers_get(const struct ms_http_callers *c,
                                            struct MHD_Connection *connection)
{
    static const struct ms_caller nobody;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    if (info == NULL || info->connect_fd < 0 ||
        (size_t)info->connect_fd >= c->room)
        return &nobody;
    return &c->by_fd[info->connect_fd];
}

void ms_http_callers_fini(struct ms_http_callers *c)
{
    free(c->by_fd);
    *c = (struct ms_http_callers){0};
}
