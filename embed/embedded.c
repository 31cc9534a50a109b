// SPDX-License-Identifier: MIT
//
// See embedded.h for the contract.

#include "embedded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/engine.h"
#include "runtime/runtime.h"
#include "server/server.h"

static struct ms_engine *engine;
static struct ms_server *server;

// Owns the segment, also when it fails.
static enum memscope_status open_page(const struct memscope_options *options,
                                      int segment)
{
    struct ms_engine_options for_engine = {.thread_start = ms_runtime_ignore};
    struct ms_server_options for_server = {
        .port = options != NULL ? options->port : 0,
        .port_fixed = options != NULL && options->port != 0,
        .bind = options != NULL ? options->bind : NULL,
        .embedded = true,
        .thread_start = ms_runtime_ignore,
    };
    uint32_t session;

    enum memscope_status status = ms_engine_create(&for_engine, &engine);
    if (status != MEMSCOPE_OK) {
        close(segment);
        return status;
    }
    status = ms_engine_adopt(engine, segment, getpid(), &session);
    if (status != MEMSCOPE_OK)
        goto fail;
    for_server.engine = engine;
    status = ms_server_create(&for_server, &server);
    if (status != MEMSCOPE_OK)
        goto fail;
    return MEMSCOPE_OK;

fail:
    ms_engine_destroy(engine);
    engine = NULL;
    return status;
}

enum memscope_status ms_embedded_start(const struct memscope_options *options,
                                       int segment, char url[MS_URL_BYTES])
{
    enum memscope_status status = open_page(options, segment);

    if (status == MEMSCOPE_OK)
        snprintf(url, MS_URL_BYTES, "%s", ms_server_url(server));
    return status;
}

void ms_embedded_stop(void)
{
    ms_server_stop(server);
    ms_engine_destroy(engine);
    server = NULL;
    engine = NULL;
}
