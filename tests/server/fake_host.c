// SPDX-License-Identifier: MIT
//
// fake_host: the server on real sockets beside an engine that reads a made-up
// process: what the tests of this folder talk to. It runs under the
// sanitizers, where nothing can be preloaded. Its arguments are the most
// viewers and options of the server, as NAME=VALUE. It prints its port and the
// page's address, then obeys one command per line of stdin, each answered by a
// line "ok ...":
//
//   open           a new process image begins (the first, or by exec)
//   other          another process begins
//   otherend       and has ended
//   sites N        N more stacks, each with one live block
//   blocks N       N more live blocks, on few stacks
//   busy MS        events go on, as they do in a program, MS apart; 0: none
//   end STATUS     the process has ended with this wait status
//   cpu            nanoseconds that this process has used
//   steps          that the busy process has made so far
//   quit           the server is stopped, everything freed

#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <pthread.h>

#include "engine/engine.h"
#include "platform/process_stats.h"
#include "platform/thread.h"
#include "runtime/store.h"
#include "server/server.h"

#define FIRST_ADDRESS UINT64_C(0x10000000)
#define SPACING 64u
#define BUSY_STACKS 500u // that move, of all there are

static struct ms_store store;
static struct ms_writer *writer;
static struct ms_engine *engine;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; // of all below
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static bool is_open, stopping;
static unsigned busy_ms;
static uint64_t blocks, stacks, steps;
static uint32_t own_blocks; // of the busy thread: one per stack, in turn

static bool nobody_is_gone(uint32_t tid)
{
    (void)tid;
    return false;
}

static uint32_t stack(uint64_t number)
{
    return ms_store_stack(&store, 0x400000 + number * 16, 0);
}

static uint64_t place(uint64_t number)
{
    return FIRST_ADDRESS + number * SPACING;
}

static void allocate(uint64_t on_stack, uint64_t size)
{
    ms_store_allocation(writer, place(blocks++), size, stack(on_stack), false);
}

// One round of a program's life: some stacks grow, some blocks go.
static void step(void)
{
    uint64_t some = stacks < BUSY_STACKS ? stacks : BUSY_STACKS;

    for (uint32_t i = 0; some != 0 && i < 20; i++, steps++) {
        uint64_t n = steps * 7919 % some;
        uint64_t at = place((UINT64_C(1) << 24) + own_blocks % 1024);
        if (own_blocks >= 1024) {
            struct ms_taken taken = ms_store_take(writer, at);
            ms_store_deallocation(writer, at, &taken, false);
        }
        ms_store_allocation(writer, at, 16 + steps % 97, stack(n), false);
        own_blocks++;
    }
}

static void *be_busy(void *arg)
{
    struct timespec due;

    (void)arg;
    pthread_mutex_lock(&lock);
    while (!stopping) {
        if (busy_ms == 0 || !is_open) {
            pthread_cond_wait(&wake, &lock);
            continue;
        }
        step();
        clock_gettime(CLOCK_REALTIME, &due);
        due.tv_nsec += (long)busy_ms * 1000000;
        due.tv_sec += due.tv_nsec / 1000000000;
        due.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&wake, &lock, &due);
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void close_image(void)
{
    if (is_open)
        ms_store_destroy(&store);
    is_open = false;
    blocks = stacks = steps = own_blocks = 0;
}

static void open_image(void)
{
    uint64_t name[2] = {0x6e69616d, 0}; // "main"
    uint32_t session;

    close_image();
    if (ms_store_create(&store, MS_BACKEND_CORE) != 0)
        abort();
    is_open = true;
    snprintf(store.header->command, sizeof store.header->command, "fake");
    writer =
        ms_store_writer_open(&store, (uint32_t)getpid(), name, nobody_is_gone);
    if (writer == NULL || ms_engine_adopt(engine, dup(store.fd), getpid(),
                                          &session) != MEMSCOPE_OK)
        abort();
}

// A process that only exists: its segment is the engine's from here on.
static void open_other(void)
{
    struct ms_store other;
    uint32_t session;

    if (ms_store_create(&other, MS_BACKEND_CORE) != 0 ||
        ms_engine_adopt(engine, dup(other.fd), getppid(), &session) !=
            MEMSCOPE_OK)
        abort();
    ms_store_destroy(&other);
}

static void obey(const char *what, uint64_t n)
{
    uint64_t answer = 0;

    pthread_mutex_lock(&lock);
    if (strcmp(what, "open") == 0)
        open_image();
    else if (strcmp(what, "other") == 0)
        open_other();
    else if (strcmp(what, "otherend") == 0)
        ms_engine_process_ended(engine, getppid(), 0);
    else if (strcmp(what, "sites") == 0)
        for (uint64_t i = 0; i < n; i++, stacks++)
            allocate(stacks, 1 + stacks % 5000);
    else if (strcmp(what, "blocks") == 0)
        for (uint64_t i = 0; i < n; i++)
            allocate(i % 16, 32);
    else if (strcmp(what, "busy") == 0)
        busy_ms = (unsigned)n;
    else if (strcmp(what, "end") == 0)
        ms_engine_process_ended(engine, getpid(), (int)n);
    else if (strcmp(what, "cpu") == 0)
        answer = ms_process_own_cpu_ns();
    else if (strcmp(what, "steps") == 0)
        answer = steps;
    else
        abort();
    pthread_cond_signal(&wake);
    pthread_mutex_unlock(&lock);
    printf("ok %" PRIu64 "\n", answer);
    fflush(stdout);
}

static void take_option(struct ms_server_options *o, const char *argument)
{
    static const struct {
        const char *name;
        size_t offset;
    } texts[] = {
        {"bind=", offsetof(struct ms_server_options, bind)},
        {"unix=", offsetof(struct ms_server_options, unix_path)},
        {"token-file=", offsetof(struct ms_server_options, token_file)},
        {"allow-hosts=", offsetof(struct ms_server_options, allow_hosts)},
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t n = strlen(texts[i].name);
        const char *value = argument + n;
        if (strncmp(argument, texts[i].name, n) == 0)
            memcpy((char *)o + texts[i].offset, &value, sizeof value);
    }
    o->read_only |= strcmp(argument, "read-only=1") == 0;
    o->unix_only |= strcmp(argument, "unix-only=1") == 0;
    if (strchr(argument, '=') == NULL)
        o->max_clients = (uint32_t)strtoul(argument, NULL, 10);
}

int main(int argc, char **argv)
{
    struct ms_engine_options for_engine = {.tick_ms = 0};
    struct ms_server_options for_server = {.port_fixed = true};
    struct ms_server *server;
    pthread_t busy;
    char line[64], what[16];

    signal(SIGPIPE, SIG_IGN);
    for (int i = 1; i < argc; i++)
        take_option(&for_server, argv[i]);
    if (ms_engine_create(&for_engine, &engine) != MEMSCOPE_OK)
        return 1;
    ms_engine_set_primary(engine, getpid());
    for_server.engine = engine;
    if (ms_server_create(&for_server, &server) != MEMSCOPE_OK ||
        ms_thread_start(&busy, "busy", be_busy, NULL) != 0)
        return 1;
    printf("%u %s\n", ms_server_port(server), ms_server_entry(server));
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        uint64_t n = 0;
        if (sscanf(line, "%15s %" SCNu64, what, &n) < 1 ||
            strcmp(what, "quit") == 0)
            break;
        obey(what, n);
    }
    pthread_mutex_lock(&lock);
    stopping = true;
    pthread_cond_signal(&wake);
    pthread_mutex_unlock(&lock);
    pthread_join(busy, NULL);
    ms_server_stop(server);
    ms_engine_destroy(engine);
    close_image();
    printf("stopped\n");
    return 0;
}
