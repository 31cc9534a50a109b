// SPDX-License-Identifier: MIT
// See fetch.h for the contract. The library is loaded when it is wanted: it
// brings a web client along, which nobody else here needs.

#include "symbols/fetch.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "platform/thread.h"
#include "symbols/namer.h"

#define LIBRARY "libdebuginfod.so.1"
#define REQUESTS_MOST 4096u

// As elfutils/debuginfod.h declares them.
struct client;
typedef int progress(struct client *c, long a, long b);
static struct {
    struct client *(*begin)(void);
    int (*find)(struct client *c, const unsigned char *id, int bytes,
                char **path);
    void (*set_progress)(struct client *c, progress *p);
    void (*set_user_data)(struct client *c, void *data);
    void *(*get_user_data)(struct client *c);
    void (*end)(struct client *c);
} library;

struct request {
    uint32_t number, bytes;
    uint8_t id[MS_BUILD_ID_BYTES];
    char *path;
};

struct ms_fetch {
    pthread_t thread;
    void (*thread_start)(void);
    _Atomic bool stop;
    pthread_mutex_t lock;
    pthread_cond_t wake; // {lock}
    // {lock} from here on: [0, taken) are taken, [taken, done) are there
    struct request *requests;
    size_t count, done, taken;
};

static bool find_symbol(void *handle, const char *name, void *to)
{
    void *symbol = dlsym(handle, name);

    memcpy(to, &symbol, sizeof symbol);
    return symbol != NULL;
}

bool ms_fetch_usable(void)
{
    void *h = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL); // for good

    return h != NULL && find_symbol(h, "debuginfod_begin", &library.begin) &&
           find_symbol(h, "debuginfod_find_debuginfo", &library.find) &&
           find_symbol(h, "debuginfod_set_progressfn", &library.set_progress) &&
           find_symbol(h, "debuginfod_set_user_data", &library.set_user_data) &&
           find_symbol(h, "debuginfod_get_user_data", &library.get_user_data) &&
           find_symbol(h, "debuginfod_end", &library.end);
}

// Asked by the library now and then; not 0: give up.
static int shall_stop(struct client *c, long a, long b)
{
    const struct ms_fetch *f = library.get_user_data(c);

    (void)a;
    (void)b;
    return f != NULL && atomic_load(&f->stop);
}

static char *download(struct ms_fetch *f, const struct request *r)
{
    struct client *c = library.begin();
    char *path = NULL;

    if (c == NULL)
        return NULL;
    library.set_user_data(c, f);
    library.set_progress(c, shall_stop);
    int fd = library.find(c, r->id, (int)r->bytes, &path);
    library.end(c);
    if (fd >= 0)
        close(fd);
    return fd >= 0 ? path : NULL;
}

static void *serve(void *arg)
{
    struct ms_fetch *f = arg;

    if (f->thread_start != NULL)
        f->thread_start();
    pthread_mutex_lock(&f->lock);
    while (!atomic_load(&f->stop)) {
        if (f->done == f->count) {
            pthread_cond_wait(&f->wake, &f->lock);
            continue;
        }
        struct request r = f->requests[f->done];
        pthread_mutex_unlock(&f->lock);
        char *path = download(f, &r);
        pthread_mutex_lock(&f->lock);
        f->requests[f->done++].path = path;
    }
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

struct ms_fetch *ms_fetch_create(void (*thread_start)(void))
{
    struct ms_fetch *f = calloc(1, sizeof *f);

    if (f == NULL || !ms_fetch_usable()) {
        free(f);
        return NULL;
    }
    f->thread_start = thread_start;
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->wake, NULL);
    f->requests = calloc(REQUESTS_MOST, sizeof *f->requests);
    if (f->requests != NULL &&
        ms_thread_start(&f->thread, "ms-debuginfod", serve, f) == 0)
        return f;
    pthread_cond_destroy(&f->wake);
    pthread_mutex_destroy(&f->lock);
    free(f->requests);
    free(f);
    return NULL;
}

void ms_fetch_destroy(struct ms_fetch *f)
{
    if (f == NULL)
        return;
    pthread_mutex_lock(&f->lock);
    atomic_store(&f->stop, true);
    pthread_cond_signal(&f->wake);
    pthread_mutex_unlock(&f->lock);
    pthread_join(f->thread, NULL);
    for (size_t i = f->taken; i < f->done; i++)
        free(f->requests[i].path);
    pthread_cond_destroy(&f->wake);
    pthread_mutex_destroy(&f->lock);
    free(f->requests);
    free(f);
}

bool ms_fetch_ask(struct ms_fetch *f, uint32_t number, const uint8_t *build_id,
                  uint32_t bytes)
{
    pthread_mutex_lock(&f->lock);
    bool room = f->count < REQUESTS_MOST && bytes <= MS_BUILD_ID_BYTES;
    if (room) {
        struct request *r = &f->requests[f->count++];
        *r = (struct request){.number = number, .bytes = bytes};
        memcpy(r->id, build_id, bytes);
        pthread_cond_signal(&f->wake);
    }
    pthread_mutex_unlock(&f->lock);
    return room;
}

bool ms_fetch_take(struct ms_fetch *f, uint32_t *number, char **path)
{
    pthread_mutex_lock(&f->lock);
    bool there = f->taken < f->done;
    if (there) {
        *number = f->requests[f->taken].number;
        *path = f->requests[f->taken++].path;
    }
    pthread_mutex_unlock(&f->lock);
    return there;
}

size_t ms_fetch_pending(struct ms_fetch *f)
{
    pthread_mutex_lock(&f->lock);
    size_t n = f->count - f->taken;
    pthread_mutex_unlock(&f->lock);
    return n;
}
