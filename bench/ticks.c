// SPDX-License-Identifier: MIT
//
// ticks: what the collector's tick costs with SITES sites, by how many of them
// have changed since the last one and by how many threads; then what a
// snapshot of many live blocks costs, what a thread that goes on allocating
// notices of snapshots, how fast the blocks are walked over and written out,
// and what a block and a site cost in memory. CPU time of this thread, the
// median of some rounds. Prints one JSON object.
//
//   ticks [SITES]

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/render.h"
#include "fake_engine.h"

#define ROUNDS 9
#define FIRST_BLOCK UINT64_C(0x10000000)
#define SPACING 64u // of blocks

static struct ms_store store;
static struct ms_engine *engine;
static struct ms_session *session;
static struct ms_writer **writers;
static uint32_t *stacks;
static unsigned threads;

static double now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void need(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "ticks: %s\n", what);
    exit(1);
}

static bool nobody_is_gone(uint32_t tid)
{
    (void)tid;
    return false;
}

static void allocate(struct ms_writer *w, uint64_t block, uint32_t stack)
{
    ms_store_allocation(w, FIRST_BLOCK + block * SPACING, 16 + block % 48,
                        stack, false);
}

static void release(struct ms_writer *w, uint64_t block)
{
    uint64_t address = FIRST_BLOCK + block * SPACING;
    struct ms_taken taken = ms_store_take(w, address);

    ms_store_deallocation(w, address, &taken, false);
}

static void begin(unsigned count, uint32_t sites)
{
    static const uint64_t no_name[2];

    threads = count;
    need(ms_store_create(&store, MS_BACKEND_CORE) == 0, "no store");
    writers = calloc(count, sizeof *writers);
    stacks = calloc(sites, sizeof *stacks);
    need(writers != NULL && stacks != NULL, "no memory");
    for (unsigned t = 0; t < count; t++) {
        writers[t] =
            ms_store_writer_open(&store, 1000 + t, no_name, nobody_is_gone);
        need(writers[t] != NULL, "no writer");
    }
    engine = ms_fake_engine(dup(store.fd), &session);
    need(engine != NULL, "no engine");
    for (uint32_t i = 0; i < sites; i++) {
        stacks[i] = ms_store_stack(&store, 0x400000 + i * 16u, 0);
        allocate(writers[i % threads], i, stacks[i]);
    }
}

static void end(void)
{
    ms_fake_engine_destroy(engine);
    ms_store_destroy(&store);
    free(writers);
    free(stacks);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, by_value);
    return values[n / 2];
}

static double tick_ms(void)
{
    double from = now(CLOCK_THREAD_CPUTIME_ID);

    (void)ms_session_tick(session);
    return now(CLOCK_THREAD_CPUTIME_ID) - from;
}

// The median tick after `changed` of the sites have been used once.
static double tick_with(uint32_t sites, uint32_t changed, uint64_t events)
{
    double took[ROUNDS];

    for (int round = 0; round < ROUNDS; round++) {
        for (uint64_t e = 0; e < events; e++) {
            uint32_t i = (uint32_t)((e % changed + (uint32_t)round * 31) %
                                    changed * UINT64_C(2654435761) % sites);
            struct ms_writer *w = writers[i % threads];
            release(w, i);
            allocate(w, i, stacks[i]);
        }
        took[round] = tick_ms();
    }
    return median(took, ROUNDS);
}

static void measure_ticks(uint32_t sites)
{
    static const unsigned counts[] = {1, 100, 2000};

    printf("{\"sites\":%u,\"ticks\":[", sites);
    for (size_t c = 0; c < 3; c++) {
        begin(counts[c], sites);
        double first = tick_ms();
        double one = tick_with(sites, 1, 1);
        double some = tick_with(sites, 1000, 1000);
        // The same sites, ten times as many events.
        double busy = tick_with(sites, 1000, 10000);
        double all = tick_with(sites, sites, sites);
        printf("%s{\"threads\":%u,\"first_ms\":%.3f,\"changed_1_ms\":%.3f,"
               "\"changed_1000_ms\":%.3f,\"busy_1000_ms\":%.3f,"
               "\"changed_all_ms\":%.3f}",
               c != 0 ? "," : "", counts[c], first, one, some, busy, all);
        end();
    }
    printf("]");
}

static double snapshot_ms(void)
{
    const struct ms_snapshot *s;
    double from = now(CLOCK_THREAD_CPUTIME_ID);

    need(ms_snapshot_take(engine, 0, "bench", &s) == MEMSCOPE_OK, "snapshot");
    double took = now(CLOCK_THREAD_CPUTIME_ID) - from;
    uint32_t id = s->id;
    ms_snapshot_release(engine, s);
    need(ms_snapshot_delete(engine, id) == MEMSCOPE_OK, "snapshot");
    return took;
}

static atomic_bool going;
static _Atomic uint64_t pairs;

// A program that goes on: pairs of its own, beside the blocks that live.
static void *go_on(void *arg)
{
    struct ms_writer *w = arg;
    uint64_t block = UINT64_C(1) << 32;

    while (atomic_load_explicit(&going, memory_order_relaxed)) {
        for (int i = 0; i < 1000; i++) {
            allocate(w, block + (uint64_t)i, stacks[i]);
            release(w, block + (uint64_t)i);
        }
        atomic_fetch_add_explicit(&pairs, 1000, memory_order_relaxed);
    }
    return NULL;
}

static double pairs_per_ms(bool with_snapshots)
{
    double from = now(CLOCK_MONOTONIC), to = from + 500;
    uint64_t before = atomic_load(&pairs);

    // One a tenth of a second, as fast as anybody could ask for.
    while (now(CLOCK_MONOTONIC) < to) {
        if (with_snapshots)
            (void)snapshot_ms();
        usleep(100000);
    }
    return (double)(atomic_load(&pairs) - before) /
           (now(CLOCK_MONOTONIC) - from);
}

// What snapshots leave of the throughput of a thread that allocates.
static double share_left(struct ms_writer *w)
{
    double shares[ROUNDS];
    pthread_t thread;

    atomic_store(&going, true);
    need(pthread_create(&thread, NULL, go_on, w) == 0, "no thread");
    for (int i = 0; i < ROUNDS; i++) {
        double without = pairs_per_ms(false);
        shares[i] = pairs_per_ms(true) / without;
    }
    atomic_store(&going, false);
    pthread_join(thread, NULL);
    return median(shares, ROUNDS);
}

static void measure_blocks(uint64_t blocks, uint32_t sites, bool first)
{
    static char text[65536];
    struct ms_render_stream *stream;
    double took[ROUNDS];
    size_t bytes = 0, n;

    begin(1, sites);
    (void)tick_ms();
    uint64_t before =
        session->stats[session->seq % MS_STATS_KEPT].capture.store_bytes;
    for (uint64_t i = sites; i < blocks; i++)
        allocate(writers[0], i, stacks[i % sites]);
    (void)tick_ms();
    uint64_t after =
        session->stats[session->seq % MS_STATS_KEPT].capture.store_bytes;
    for (int i = 0; i < ROUNDS; i++)
        took[i] = snapshot_ms();
    double from = now(CLOCK_THREAD_CPUTIME_ID);
    need(ms_render_blocks(engine, 0, &stream) == MEMSCOPE_OK, "blocks");
    while ((n = ms_render_read(stream, text, sizeof text)) != 0) {
        need(n != SIZE_MAX, "no memory");
        bytes += n;
    }
    ms_render_close(stream);
    double out = now(CLOCK_THREAD_CPUTIME_ID) - from;
    printf("%s{\"blocks\":%llu,\"snapshot_ms\":%.2f,\"share_left\":%.3f,"
           "\"blocks_out_mb_per_s\":%.0f,\"bytes_per_block\":%.1f,"
           "\"model_bytes_per_site\":%.0f}",
           first ? "" : ",", (unsigned long long)blocks, median(took, ROUNDS),
           share_left(writers[0]), (double)bytes / 1e3 / out,
           (double)(after - before) / (double)(blocks - sites),
           (double)ms_model_bytes(&session->model) / sites);
    end();
}

int main(int argc, char **argv)
{
    uint32_t sites = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 100000;

    need(sites >= 2000 && sites <= 1000000, "from 2000 to 1000000 sites");
    measure_ticks(sites);
    printf(",\"blocks\":[");
    measure_blocks(10 * (uint64_t)sites, sites, true);
    measure_blocks(100 * (uint64_t)sites, sites, false);
    puts("]}");
    return 0;
}
