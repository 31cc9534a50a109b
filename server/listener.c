// SPDX-License-Identifier: MIT
// See listener.h for the contract.

#include "listener.h"

#include <errno.h>
#include <string.h>

enum memscope_status ms_listener_open(struct ms_server *s)
{
    const struct ms_server_options *o = &s->options;
    struct ms_listen wanted = {
        .port =
            o->port == 0 && !o->port_fixed ? MS_SERVER_DEFAULT_PORT : o->port,
        .fixed = o->port_fixed,
        .address = o->bind,
    };

    if (o->listening) {
        memcpy(s->listeners, o->listeners, sizeof s->listeners);
        s->access.port = o->port;
        return MEMSCOPE_OK;
    }
    int error = ms_listen_open(&wanted, s->listeners, &s->access.port);
    if (error == 0)
        return MEMSCOPE_OK;
    return error == EADDRINUSE ? MEMSCOPE_ERROR_PORT_TAKEN
                               : MEMSCOPE_ERROR_SYSTEM;
}

void ms_listener_close(struct ms_server *s)
{
    ms_listen_close(s->listeners);
}
