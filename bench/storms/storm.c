// SPDX-License-Identifier: MIT
//
// storm KIND THREADS SECONDS: threads that do nothing but allocate and free,
// for a time; prints how many allocations they made, the seconds that took and
// the CPU seconds. KIND says who frees:
//
//   pairs     each thread its own block, at once
//   handover  each thread replaces random blocks of its heap, and now and then
//             swaps heaps with another: most frees are of others' blocks
//   mailbox   each thread fills batches for the others and empties theirs
//   waves     threads are born, build, leave half to the next wave, and die

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define MOST_THREADS 256
#define HEAP_BLOCKS 1000
#define HANDOVER_EVERY 2000
#define BATCH_BLOCKS 120
#define WAVE_BLOCKS 5000

struct worker {
    pthread_t thread;
    uint64_t random;
    uint64_t count; // allocations made
    int number;
};

static struct worker workers[MOST_THREADS];
static int threads;
static atomic_bool stop; // relaxed: a thread may see it a little later

// One place per thread where something lies for whoever comes. Exchanged
// acq_rel: the next owner reads what the last one wrote.
static void **_Atomic places[MOST_THREADS];

static uint32_t next_random(struct worker *w)
{
    w->random = w->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(w->random >> 33);
}

static bool stopped(void)
{
    return atomic_load_explicit(&stop, memory_order_relaxed);
}

static void *new_block(struct worker *w, uint32_t least, uint32_t most)
{
    char *p = malloc(least + next_random(w) % (most - least));

    if (p == NULL)
        abort();
    p[0] = (char)w->number; // a block is used, as blocks are
    w->count++;
    return p;
}

static void **exchange(struct worker *w, void **mine)
{
    return atomic_exchange_explicit(&places[next_random(w) % (uint32_t)threads],
                                    mine, memory_order_acq_rel);
}

static void *pairs(void *arg)
{
    struct worker *w = arg;

    while (!stopped())
        for (int i = 0; i < 1000; i++)
            free(new_block(w, 8, 256));
    return NULL;
}

static void **new_heap(struct worker *w)
{
    void **heap = malloc(HEAP_BLOCKS * sizeof *heap);

    for (int i = 0; heap != NULL && i < HEAP_BLOCKS; i++)
        heap[i] = new_block(w, 8, 512);
    return heap;
}

static void free_heap(void **heap, int blocks)
{
    for (int i = 0; heap != NULL && i < blocks; i++)
        free(heap[i]);
    free(heap);
}

static void *handover(void *arg)
{
    struct worker *w = arg;
    void **heap = new_heap(w);

    while (!stopped()) {
        for (int i = 0; i < HANDOVER_EVERY; i++) {
            uint32_t at = next_random(w) % HEAP_BLOCKS;
            free(heap[at]);
            heap[at] = new_block(w, 8, 512);
        }
        heap = exchange(w, heap);
        if (heap == NULL)
            heap = new_heap(w);
    }
    free_heap(heap, HEAP_BLOCKS);
    return NULL;
}

static void *mailbox(void *arg)
{
    struct worker *w = arg;

    while (!stopped()) {
        void **batch = malloc(BATCH_BLOCKS * sizeof *batch);
        if (batch == NULL)
            abort();
        w->count++;
        for (int i = 0; i < BATCH_BLOCKS; i++)
            batch[i] = new_block(w, 16, 144);
        free_heap(exchange(w, batch), BATCH_BLOCKS);
    }
    return NULL;
}

static void *wave(void *arg)
{
    struct worker *w = arg;
    void **left = calloc(WAVE_BLOCKS, sizeof *left);

    if (left == NULL)
        abort();
    w->count++;
    for (int i = 0; i < WAVE_BLOCKS; i++) {
        void *block = new_block(w, 8, i % 50 == 0 ? 4096 : 256);
        if (i % 2 == 0)
            free(block);
        else
            left[i] = block;
    }
    free_heap(exchange(w, left), WAVE_BLOCKS);
    return NULL;
}

static void start_and_join(void *(*run)(void *arg), double seconds)
{
    for (int i = 0; i < threads; i++)
        if (pthread_create(&workers[i].thread, NULL, run, &workers[i]) != 0)
            abort();
    if (seconds > 0) {
        struct timespec time = {.tv_sec = (time_t)seconds};
        time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
        nanosleep(&time, NULL);
        atomic_store_explicit(&stop, true, memory_order_relaxed);
    }
    for (int i = 0; i < threads; i++)
        pthread_join(workers[i].thread, NULL);
}

static double now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t run_kind(const char *kind, double seconds)
{
    static const struct {
        const char *name;
        void *(*run)(void *arg);
    } kinds[] = {
        {"pairs", pairs}, {"handover", handover}, {"mailbox", mailbox}};
    double end = now(CLOCK_MONOTONIC) + seconds;
    uint64_t count = 0;

    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (strcmp(kind, kinds[k].name) == 0)
            start_and_join(kinds[k].run, seconds);
    while (strcmp(kind, "waves") == 0 && now(CLOCK_MONOTONIC) < end)
        start_and_join(wave, 0);
    for (int i = 0; i < threads; i++)
        count += workers[i].count;
    return count;
}

int main(int argc, char **argv)
{
    threads = argc > 3 ? atoi(argv[2]) : 0;
    if (threads < 1 || threads > MOST_THREADS) {
        fprintf(stderr,
                "usage: storm pairs|handover|mailbox|waves THREADS SECONDS\n");
        return 2;
    }
    for (int i = 0; i < threads; i++)
        workers[i] = (struct worker){.random = (uint64_t)i + 1, .number = i};
    double begin = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    uint64_t count = run_kind(argv[1], atof(argv[3]));
    printf("%llu %.6f %.6f\n", (unsigned long long)count,
           now(CLOCK_MONOTONIC) - begin, now(CLOCK_PROCESS_CPUTIME_ID) - cpu);
    return count == 0;
}
