// SPDX-License-Identifier: MIT
//
// See embedded.h for the contract.

#include "embedded.h"

#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/engine.h"
#include "platform/descriptors.h"
#include "platform/thread.h"
#include "runtime/runtime.h"
#include "server/server.h"

struct start {
    const struct memscope_options *options;
    int segment;
    char *url;
    bool parted; // the host has descriptors of its own
    enum memscope_status status;
};

static struct ms_engine *engine; // [host]
static struct ms_server *server; // [host]
static pthread_t host_thread;
static sem_t started, stopping;

static void wait_for(sem_t *event)
{
    while (sem_wait(event) != 0) // EINTR: a signal of the program's
        ;
}

// Owns the segment, also when it fails.
static enum memscope_status open_page(const struct memscope_options *options,
                                      int segment)
{
    struct ms_engine_options for_engine = {.thread_start = ms_runtime_ignore};
    static const struct memscope_options none;
    const struct memscope_options *o = options != NULL ? options : &none;
    struct ms_server_options for_server = {
        .port = o->port,
        .port_fixed = o->port != 0,
        .bind = o->bind,
        .unix_path = o->unix_path,
        .unix_only = o->unix_path != NULL && o->port == 0 && o->bind == NULL,
        .token_file = o->token_file,
        .allow_hosts = o->allow_hosts,
        .read_only = o->read_only,
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
    ms_server_environment(&for_server);
    status = ms_server_create(&for_server, &server);
    if (status != MEMSCOPE_OK)
        goto fail;
    return MEMSCOPE_OK;

fail:
    ms_engine_destroy(engine);
    engine = NULL;
    return status;
}

// Starts everything that serves the page, and ends it: on a thread whose
// descriptors are not the program's, so that no forked child of the program
// keeps the port, and a program that closes all it has does not close ours.
static void *host(void *arg)
{
    struct start *start = arg;

    ms_runtime_ignore();
    start->parted = ms_descriptors_part(start->segment) == 0;
    start->status = open_page(start->options, start->segment);
    bool serves = start->status == MEMSCOPE_OK;
    if (serves)
        snprintf(start->url, MS_URL_BYTES, "%s", ms_server_entry(server));
    sem_post(&started);
    if (!serves)
        return NULL;
    wait_for(&stopping);
    ms_server_stop(server);
    ms_engine_destroy(engine);
    server = NULL;
    engine = NULL;
    return NULL;
}

enum memscope_status ms_embedded_start(const struct memscope_options *options,
                                       int segment, char url[MS_URL_BYTES])
{
    struct start start = {.options = options, .segment = segment, .url = url};

    sem_init(&started, 0, 0);
    sem_init(&stopping, 0, 0);
    if (ms_thread_start(&host_thread, "ms-host", host, &start) != 0) {
        close(segment);
        return MEMSCOPE_ERROR_SYSTEM;
    }
    wait_for(&started);
    if (start.parted)
        close(segment); // the host has its own
    if (start.status != MEMSCOPE_OK)
        pthread_join(host_thread, NULL);
    return start.status;
}

void ms_embedded_stop(void)
{
    sem_post(&stopping);
    pthread_join(host_thread, NULL);
}
