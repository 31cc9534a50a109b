// SPDX-License-Identifier: MIT
//
// moves MOVERS TAKERS MOVES SEED: movers reallocate their blocks, takers
// meanwhile allocate blocks of the same sizes, and are given the addresses that
// the movers are just leaving. Now and then a realloc fails. At the end all
// stand still, and every block is said: where it is, its size, its thread, and
// the function that made it.

#include "victim.h"

#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/syscall.h>

#define MOST_THREADS 32u
#define SLOTS 32u
#define LEAST 1100u // above what glibc keeps for a thread of its own
#define MOST 7900u

enum site { ALLOCATE, RESIZE, TAKE, TAKE_BY_REALLOC, SITES };
static const char *const site_names[SITES] = {"mover_allocate", "mover_resize",
                                              "taker_allocate", "taker_resize"};

struct block {
    size_t size;
    long tid; // of the thread that made it
    enum site site;
};

struct worker {
    _Alignas(128) pthread_t thread;
    uint64_t random;
    uint64_t moves; // 0: a taker
    long tid;
    struct victim_counts counts[SITES]; // [worker] what it did itself
    void
        *_Atomic leaving; // relaxed: only compared, while it is at that address
    uint64_t given;       // addresses that another was just leaving
    struct block *slots[SLOTS];
};

static struct worker workers[MOST_THREADS];
static unsigned count;
static _Atomic unsigned moving;
static pthread_barrier_t quiet, ended;

static uint64_t next_random(struct worker *w)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return w->random >> 16;
}

static size_t next_size(struct worker *w)
{
    return LEAST + next_random(w) % (MOST - LEAST);
}

// The other's release of the address and our getting it are ordered by the
// allocator; that he has not come back is seen by his not having said so.
static void look_who_left(struct worker *w, const void *block)
{
    for (unsigned i = 0; i < count; i++)
        if (&workers[i] != w &&
            atomic_load_explicit(&workers[i].leaving, memory_order_relaxed) ==
                block)
            w->given++;
}

static struct block *made(struct worker *w, void *memory, size_t size,
                          enum site site)
{
    struct block *block = memory;

    victim_check(block != NULL, "the allocator gives memory");
    look_who_left(w, memory);
    w->counts[site].alloc_count++;
    w->counts[site].alloc_bytes += size;
    *block = (struct block){.size = size, .tid = w->tid, .site = site};
    return block;
}

static void gone(struct worker *w, const struct block *block)
{
    w->counts[block->site].free_count++;
    w->counts[block->site].free_bytes += block->size;
}

static struct block *mover_allocate(struct worker *w)
{
    size_t size = next_size(w);
    return made(w, malloc(size), size, ALLOCATE);
}

static struct block *taker_allocate(struct worker *w)
{
    size_t size = next_size(w);
    return made(w, malloc(size), size, TAKE);
}

static struct block *mover_resize(struct worker *w, struct block *block)
{
    size_t size = next_size(w), old = block->size;
    struct block was = *block;

    atomic_store_explicit(&w->leaving, block, memory_order_relaxed);
    struct block *now = realloc(block, size);
    atomic_store_explicit(&w->leaving, NULL, memory_order_relaxed);
    victim_check(now != NULL && now->size == old && now->tid == was.tid &&
                     now->site == was.site,
                 "a block moves with what is in it");
    gone(w, &was);
    w->counts[RESIZE].realloc_count++;
    return made(w, now, size, RESIZE);
}

static struct block *taker_resize(struct worker *w, struct block *block)
{
    size_t size = next_size(w);
    struct block was = *block;
    struct block *now = realloc(block, size);

    victim_check(now != NULL, "realloc gives memory");
    gone(w, &was);
    w->counts[TAKE_BY_REALLOC].realloc_count++;
    return made(w, now, size, TAKE_BY_REALLOC);
}

static void mover_fails(struct block *block)
{
    static volatile size_t too_much = PTRDIFF_MAX - 8192;
    struct block was = *block;

    victim_check(realloc(block, too_much) == NULL, "so much is not to be had");
    victim_check(memcmp(block, &was, sizeof was) == 0, "nothing has changed");
}

static void one_move(struct worker *w)
{
    struct block **slot = &w->slots[next_random(w) % SLOTS];

    if (*slot == NULL)
        *slot = mover_allocate(w);
    else if (next_random(w) % 8 == 0)
        mover_fails(*slot);
    else
        *slot = mover_resize(w, *slot);
}

static void one_take(struct worker *w)
{
    struct block **slot = &w->slots[next_random(w) % SLOTS];

    if (*slot != NULL && next_random(w) % 8 == 0) {
        *slot = taker_resize(w, *slot);
        return;
    }
    if (*slot != NULL) {
        gone(w, *slot);
        free(*slot);
    }
    *slot = taker_allocate(w);
}

static void *worker_main(void *argument)
{
    struct worker *w = argument;

    w->tid = syscall(SYS_gettid);
    for (uint64_t i = 0; i < w->moves; i++)
        one_move(w);
    if (w->moves != 0)
        atomic_fetch_sub(&moving, 1);
    else
        while (atomic_load(&moving) > 0)
            one_take(w);
    pthread_barrier_wait(&quiet);
    pthread_barrier_wait(&ended);
    return NULL;
}

static void say_all(void)
{
    uint64_t given = 0;

    for (unsigned i = 0; i < count; i++) {
        struct worker *w = &workers[i];
        given += w->given;
        for (unsigned k = 0; k < SLOTS; k++)
            if (w->slots[k] != NULL)
                victim_say("{\"address\":\"0x%lx\",\"size\":%zu,\"tid\":%ld,"
                           "\"site\":\"%s\"}\n",
                           (unsigned long)(uintptr_t)w->slots[k],
                           w->slots[k]->size, w->slots[k]->tid,
                           site_names[w->slots[k]->site]);
    }
    for (unsigned s = 0; s < SITES; s++) {
        struct victim_counts all = {0};
        for (unsigned i = 0; i < count; i++) {
            const struct victim_counts *c = &workers[i].counts[s];
            all.alloc_count += c->alloc_count;
            all.alloc_bytes += c->alloc_bytes;
            all.free_count += c->free_count;
            all.free_bytes += c->free_bytes;
            all.realloc_count += c->realloc_count;
        }
        victim_say("{\"function\":\"%s\",", site_names[s]);
        victim_say_counts(&all);
        victim_say("}\n");
    }
    victim_say("{\"given\":%llu}\n", (unsigned long long)given);
}

// Below us may be an allocator that helps (below/arena.c).
static void race(int on)
{
    void (*arena_race)(int);
    void *found = dlsym(RTLD_DEFAULT, "arena_race");

    memcpy(&arena_race, &found, sizeof found);
    if (found != NULL)
        arena_race(on);
}

int main(int argc, char **argv)
{
    victim_check(argc == 5, "usage: moves MOVERS TAKERS MOVES SEED");
    unsigned movers = (unsigned)strtoul(argv[1], NULL, 10);
    uint64_t seed = strtoul(argv[4], NULL, 10);

    count = movers + (unsigned)strtoul(argv[2], NULL, 10);
    victim_check(movers >= 1 && count <= MOST_THREADS, "threads");
    mallopt(M_ARENA_MAX, 1); // one heap, so that addresses go round
    moving = movers;
    pthread_barrier_init(&quiet, NULL, count + 1);
    pthread_barrier_init(&ended, NULL, count + 1);
    race(1);
    for (unsigned i = 0; i < count; i++) {
        struct worker *w = &workers[i];
        w->random = (seed * 64 + i + 1) * UINT64_C(0x9e3779b97f4a7c15);
        w->moves = i < movers ? strtoul(argv[3], NULL, 10) : 0;
        victim_check(pthread_create(&w->thread, NULL, worker_main, w) == 0,
                     "a thread starts");
    }
    pthread_barrier_wait(&quiet);
    race(0);
    say_all();
    victim_hold();
    pthread_barrier_wait(&ended);
    for (unsigned i = 0; i < count; i++)
        pthread_join(workers[i].thread, NULL);
    return 0;
}
