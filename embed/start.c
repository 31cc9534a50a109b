// SPDX-License-Identifier: MIT
//
// start: memscope_start and memscope_stop, as a program links them. See
// memscope.h for the contract. What serves the page is loaded when it is asked
// for: a program that never asks carries no web server.

#include <memscope.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "embedded.h"
#include "platform/atomics.h"
#include "runtime/runtime.h"

#define EMBEDDED_LIBRARY "libmemscope-embedded.so.0" // beside this one

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static __typeof__(&ms_embedded_start) embedded_start; // {lock}
static __typeof__(&ms_embedded_stop) embedded_stop;   // {lock}
static _Atomic pid_t serving;  // process that serves the page, or 0
static char url[MS_URL_BYTES]; // constant between start and stop

// dlsym gives an object pointer; C has no cast from that to a function.
static bool look_up(void *library, const char *name, void *function)
{
    void *found = dlsym(library, name);

    memcpy(function, &found, sizeof found);
    return found != NULL;
}

static bool load(void)
{
    if (embedded_start != NULL)
        return true;
    void *library = dlopen(EMBEDDED_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (library != NULL &&
        look_up(library, "ms_embedded_stop", &embedded_stop) &&
        look_up(library, "ms_embedded_start", &embedded_start))
        return true;
    fprintf(stderr, "memscope: no page: %s\n", dlerror());
    return false;
}

// The page is its parent's: a forked child has none of the threads.
static bool is_serving(void)
{
    // relaxed: whoever waits for a change of it holds the lock
    pid_t who = ms_load_relaxed(&serving);

    return who != 0 && who == getpid();
}

// Another thread of the parent may have held the lock at the fork.
static void forked(void)
{
    pthread_mutex_init(&lock, NULL);
}

static enum memscope_status open_page(const struct memscope_options *options)
{
    static bool at_exit;
    int segment, watched;
    enum memscope_status status = ms_runtime_segment(&segment, &watched);

    if (watched)
        return MEMSCOPE_OK; // `memscope run` shows it already
    if (status != MEMSCOPE_OK)
        return status;
    if (!load()) {
        close(segment);
        return MEMSCOPE_ERROR_SYSTEM;
    }
    status = embedded_start(options, segment, url);
    if (status != MEMSCOPE_OK)
        return status;
    ms_store_relaxed(&serving, getpid());
    if (!at_exit)
        at_exit = pthread_atfork(NULL, NULL, forked) == 0 &&
                  atexit(memscope_stop) == 0;
    return status;
}

enum memscope_status memscope_start(const struct memscope_options *options)
{
    enum memscope_status status = MEMSCOPE_OK;

    if (options != NULL && options->size != 0 &&
        options->size != sizeof *options)
        return MEMSCOPE_ERROR_ARGUMENT;
    if (options != NULL && options->backend != NULL)
        status = memscope_backend_use(options->backend);
    if (status != MEMSCOPE_OK)
        return status;
    ms_runtime_ignore();
    pthread_mutex_lock(&lock);
    if (!is_serving())
        status = open_page(options);
    pthread_mutex_unlock(&lock);
    ms_runtime_watch();
    return status;
}

void memscope_stop(void)
{
    ms_runtime_ignore();
    pthread_mutex_lock(&lock);
    if (is_serving()) {
        embedded_stop();
        ms_store_relaxed(&serving, 0);
    }
    pthread_mutex_unlock(&lock);
    ms_runtime_watch();
}

const char *memscope_url(void)
{
    return is_serving() ? url : "";
}
