// SPDX-License-Identifier: MIT
//
// embedded: memscope_start and memscope_stop: the engine and the server as
// threads of the watched program itself. See memscope.h for the contract.
// Whatever runs in here is marked as ours, so that it appears in no number.

#include <memscope.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/engine.h"
#include "runtime/runtime.h"
#include "server/server.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct ms_engine *engine; // {lock}
static struct ms_server *server; // {lock}
static char url[128];            // constant between start and stop

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
    snprintf(url, sizeof url, "%s", ms_server_url(server));
    return MEMSCOPE_OK;

fail:
    ms_engine_destroy(engine);
    engine = NULL;
    return status;
}

enum memscope_status memscope_start(const struct memscope_options *options)
{
    static bool at_exit;
    enum memscope_status status = MEMSCOPE_OK;
    int segment, watched;

    if (options != NULL && options->size != 0 &&
        options->size != sizeof *options)
        return MEMSCOPE_ERROR_ARGUMENT;
    ms_runtime_ignore();
    pthread_mutex_lock(&lock);
    if (server == NULL) {
        status = ms_runtime_segment(&segment, &watched);
        if (status == MEMSCOPE_OK)
            status = open_page(options, segment);
        else if (watched)
            status = MEMSCOPE_OK; // `memscope run` shows it already
        if (status == MEMSCOPE_OK && !watched && !at_exit)
            at_exit = atexit(memscope_stop) == 0;
    }
    pthread_mutex_unlock(&lock);
    ms_runtime_watch();
    return status;
}

void memscope_stop(void)
{
    ms_runtime_ignore();
    pthread_mutex_lock(&lock);
    if (server != NULL) {
        ms_server_stop(server);
        ms_engine_destroy(engine);
        server = NULL;
        engine = NULL;
        url[0] = '\0';
    }
    pthread_mutex_unlock(&lock);
    ms_runtime_watch();
}

const char *memscope_url(void)
{
    return url;
}
