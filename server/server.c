// SPDX-License-Identifier: MIT
// See server/server.h for the contract.

#include "server_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dispatcher.h"
#include "listener.h"
#include "log.h"
#include "platform/clock.h"
#include "ws.h"

#define CLIENTS_DEFAULT 64

static void make_url(struct ms_server *s)
{
    const char *bind = s->options.bind;
    const char *host = bind == NULL               ? "localhost"
                       : strcmp(bind, "::1") == 0 ? "[::1]"
                                                  : bind;

    snprintf(s->url, sizeof s->url, "http://%s:%u/", host, s->access.port);
}

enum memscope_status ms_server_create(const struct ms_server_options *options,
                                      struct ms_server **out)
{
    struct ms_server *s;

    *out = NULL;
    if (!ms_access_bind(options->bind)) {
        ms_log_warning("will not listen on %s: without a token only loopback "
                       "addresses are served",
                       options->bind);
        return MEMSCOPE_ERROR_ARGUMENT;
    }
    s = calloc(1, sizeof *s);
    if (s == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    s->options = *options;
    if (s->options.max_clients == 0)
        s->options.max_clients = CLIENTS_DEFAULT;
    s->start_ns = ms_clock_monotonic_ns();
    enum memscope_status status = ms_listener_open(s);
    if (status != MEMSCOPE_OK)
        goto fail;
    make_url(s);
    status = ms_ws_create(s, &s->ws);
    if (status != MEMSCOPE_OK)
        goto fail_listener;
    status = ms_dispatcher_start(s);
    if (status != MEMSCOPE_OK)
        goto fail_ws;
    *out = s;
    return MEMSCOPE_OK;

fail_ws:
    ms_ws_destroy(s->ws);
fail_listener:
    ms_listener_close(s);
fail:
    free(s);
    return status;
}

void ms_server_stop(struct ms_server *s)
{
    if (s == NULL)
        return;
    ms_dispatcher_stop(s);
    ms_listener_close(s);
    ms_ws_destroy(s->ws);
    free(s);
}

const char *ms_server_url(const struct ms_server *s)
{
    return s->url;
}

uint16_t ms_server_port(const struct ms_server *s)
{
    return s->access.port;
}
