// SPDX-License-Identifier: MIT
//
// threads: several threads allocate, resize and free as fast as they can, own
// blocks and each other's (through a mailbox of pointers that they swap).
// Each counts for itself what it did. After --ops per thread, --seconds or
// SIGUSR1 all stand still, the counts are said, and they stay until stdin
// ends. `--seed` makes another mix.

#include "victim.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#define MOST_THREADS 64u
#define OWN_SLOTS 512u
#define MAILBOX_SLOTS 1024u
#define LARGEST 2000u

// A block says its own size, so that whoever frees it can count it.
struct block {
    size_t size;
};

struct worker {
    _Alignas(128) struct victim_counts counts; // [worker]
    pthread_t thread;
    uint64_t random; // [worker]
    uint64_t ops;    // constant; 0: until told to stop
    struct block *slots[OWN_SLOTS];
};

static struct worker workers[MOST_THREADS];
static struct block *_Atomic mailbox[MAILBOX_SLOTS];
static _Atomic bool stopping;
static pthread_barrier_t quiet, ended;

static uint64_t next_random(struct worker *w)
{
    // xorshift64: nobody's lock, no system call
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return w->random;
}

static size_t next_size(struct worker *w)
{
    return sizeof(struct block) + next_random(w) % LARGEST;
}

static struct block *storm_allocate(struct worker *w)
{
    size_t size = next_size(w);
    struct block *block = malloc(size);

    victim_check(block != NULL, "malloc gives memory");
    w->counts.alloc_count++;
    w->counts.alloc_bytes += size;
    block->size = size;
    return block;
}

static void storm_free(struct worker *w, struct block *block)
{
    if (block == NULL)
        return;
    w->counts.free_count++;
    w->counts.free_bytes += block->size;
    free(block);
}

// A realloc is a free of the old block and an allocation of the new one.
static struct block *storm_resize(struct worker *w, struct block *block)
{
    size_t size = next_size(w), old = block->size;
    struct block *now = realloc(block, size);

    victim_check(now != NULL, "realloc gives memory");
    w->counts.free_count++;
    w->counts.free_bytes += old;
    w->counts.alloc_count++;
    w->counts.alloc_bytes += size;
    w->counts.realloc_count++;
    now->size = size;
    return now;
}

static void one_operation(struct worker *w)
{
    uint64_t dice = next_random(w) >> 32;
    struct block **slot = &w->slots[dice % OWN_SLOTS];

    switch (dice / OWN_SLOTS % 8) {
    case 0: // a block goes to whoever finds it, another comes
        *slot =
            atomic_exchange(&mailbox[next_random(w) % MAILBOX_SLOTS], *slot);
        break;
    case 1:
    case 2:
        *slot = *slot != NULL ? storm_resize(w, *slot) : storm_allocate(w);
        break;
    default:
        storm_free(w, *slot);
        *slot = storm_allocate(w);
    }
}

static void *worker_main(void *argument)
{
    struct worker *w = argument;
    uint64_t done = 0;

    while (!atomic_load_explicit(&stopping, memory_order_relaxed) &&
           (w->ops == 0 || done < w->ops)) {
        one_operation(w);
        done++;
    }
    pthread_barrier_wait(&quiet);
    pthread_barrier_wait(&ended);
    for (unsigned i = 0; i < OWN_SLOTS; i++)
        storm_free(w, w->slots[i]);
    return NULL;
}

static void stop(int signal_number)
{
    (void)signal_number;
    stopping = true;
}

static void say_all(unsigned threads)
{
    struct victim_counts all = {0};

    victim_say("{\"functions\":[\"storm_allocate\",\"storm_resize\"],");
    victim_say("\"threads\":{");
    for (unsigned i = 0; i < threads; i++) {
        const struct victim_counts *c = &workers[i].counts;
        victim_say("%s\"storm-%u\":{\"alloc_count\":%llu,"
                   "\"alloc_bytes\":%llu}",
                   i ? "," : "", i, (unsigned long long)c->alloc_count,
                   (unsigned long long)c->alloc_bytes);
        all.alloc_count += c->alloc_count;
        all.alloc_bytes += c->alloc_bytes;
        all.free_count += c->free_count;
        all.free_bytes += c->free_bytes;
        all.realloc_count += c->realloc_count;
    }
    victim_say("},");
    victim_say_counts(&all);
    victim_say("}\n");
}

static unsigned long option(int argc, char **argv, const char *name,
                            unsigned long otherwise)
{
    for (int i = 1; i + 1 < argc; i += 2)
        if (strcmp(argv[i], name) == 0)
            return strtoul(argv[i + 1], NULL, 10);
    return otherwise;
}

int main(int argc, char **argv)
{
    unsigned threads = (unsigned)option(argc, argv, "--threads", 4);
    unsigned seconds = (unsigned)option(argc, argv, "--seconds", 0);
    uint64_t seed = option(argc, argv, "--seed", 1);
    uint64_t ops = option(argc, argv, "--ops", 0);

    victim_check(threads >= 1 && threads <= MOST_THREADS, "1 to 64 threads");
    signal(SIGUSR1, stop);
    signal(SIGALRM, stop);
    alarm(seconds);
    pthread_barrier_init(&quiet, NULL, threads + 1);
    pthread_barrier_init(&ended, NULL, threads + 1);
    for (unsigned i = 0; i < threads; i++) {
        struct worker *w = &workers[i];
        char name[16];
        w->random = (seed * 64 + i + 1) * UINT64_C(0x9e3779b97f4a7c15);
        w->ops = ops;
        victim_check(pthread_create(&w->thread, NULL, worker_main, w) == 0,
                     "a thread starts");
        snprintf(name, sizeof name, "storm-%u", i);
        pthread_setname_np(w->thread, name);
    }
    pthread_barrier_wait(&quiet);
    say_all(threads);
    victim_hold();
    pthread_barrier_wait(&ended);
    for (unsigned i = 0; i < threads; i++)
        pthread_join(workers[i].thread, NULL);
    for (unsigned i = 0; i < MAILBOX_SLOTS; i++)
        storm_free(&workers[0], mailbox[i]);
    return 0;
}
