// SPDX-License-Identifier: MIT
//
// paths THREADS OPS SEED: allocates by many call paths and keeps a log of
// its own for each of them: what was allocated there, and what of that was
// freed, by whichever thread. A path is 6 turns, each by one of two functions,
// then some frames that are always the same, then a leaf that calls one
// function of the allocator. Often a path differs from the last one in the
// outermost turn alone. At the end all stand still and the logs are said.

#include "victim.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#define MOST_THREADS 64u
#define OWN_SLOTS 256u
#define MAILBOX_SLOTS 512u
#define TURNS 6u
#define PADS 4u
#define LEAVES 9u
#define PATHS ((1u << TURNS) * PADS * LEAVES)
#define LARGEST 3000u

// A block says where it comes from, so that whoever frees it can log it.
struct block {
    size_t size;
    uint32_t path;
};

struct worker {
    _Alignas(128) struct victim_counts counts; // [worker] what it did itself
    pthread_t thread;
    uint64_t random;
    uint64_t ops;
    long tid;
    uint32_t turns, pads, taking; // of its last path
    struct block *slots[OWN_SLOTS];
};

// One allocation on its way to its leaf.
struct job {
    struct worker *worker;
    struct block *old; // for the leaves that resize
    struct block *got;
    uint32_t path, turns, pads, leaf;
};

// relaxed: counts, read when all stand still
static struct {
    _Atomic uint64_t alloc_count, alloc_bytes, free_count, free_bytes,
        realloc_count;
} logs[PATHS];
static const unsigned pads_of[PADS] = {0, 3, 24, 90};
static struct worker workers[MOST_THREADS];
static struct block *_Atomic mailbox[MAILBOX_SLOTS];
static pthread_barrier_t quiet, ended;

static void add(_Atomic uint64_t *count, uint64_t n)
{
    atomic_fetch_add_explicit(count, n, memory_order_relaxed);
}

static uint64_t next_random(struct worker *w)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return w->random;
}

static void log_free(struct worker *w, size_t size, uint32_t path)
{
    w->counts.free_count++;
    w->counts.free_bytes += size;
    add(&logs[path].free_count, 1);
    add(&logs[path].free_bytes, size);
}

static void log_alloc(struct job *j, struct block *block, size_t size)
{
    victim_check(block != NULL, "the allocator gives memory");
    j->worker->counts.alloc_count++;
    j->worker->counts.alloc_bytes += size;
    add(&logs[j->path].alloc_count, 1);
    add(&logs[j->path].alloc_bytes, size);
    block->size = size;
    block->path = j->path;
    j->got = block;
}

static size_t size_for(struct job *j)
{
    return sizeof(struct block) + next_random(j->worker) % LARGEST;
}

static void take_malloc(struct job *j)
{
    size_t size = size_for(j);
    log_alloc(j, malloc(size), size);
}

static void take_calloc(struct job *j)
{
    size_t count = 1 + size_for(j) / 24;
    log_alloc(j, calloc(count, 24), count * 24);
}

static void take_aligned(struct job *j)
{
    size_t size = (size_for(j) + 63) & ~(size_t)63;
    log_alloc(j, aligned_alloc(64, size), size);
}

static void take_posix(struct job *j)
{
    size_t size = size_for(j);
    void *block = NULL;
    victim_check(posix_memalign(&block, 256, size) == 0, "posix_memalign");
    log_alloc(j, block, size);
}

static void take_from_null(struct job *j)
{
    size_t size = size_for(j);
    log_alloc(j, realloc(NULL, size), size);
}

// The leaves below want a block; it is logged as freed where it came from.
static void resized(struct job *j, struct block *block, size_t size,
                    size_t old_size, uint32_t old_path)
{
    log_free(j->worker, old_size, old_path);
    add(&logs[j->path].realloc_count, 1);
    j->worker->counts.realloc_count++;
    log_alloc(j, block, size);
}

static void take_realloc(struct job *j)
{
    size_t size = size_for(j), old_size = j->old->size;
    uint32_t old_path = j->old->path;
    resized(j, realloc(j->old, size), size, old_size, old_path);
}

static void take_reallocarray(struct job *j)
{
    size_t count = 1 + size_for(j) / 40, old_size = j->old->size;
    uint32_t old_path = j->old->path;
    resized(j, reallocarray(j->old, count, 40), count * 40, old_size, old_path);
}

// One that fails changes nothing.
static void take_too_much(struct job *j)
{
    static volatile size_t too_much = PTRDIFF_MAX - 4096;
    victim_check(realloc(j->old, too_much) == NULL, "so much is not to be had");
    j->got = j->old;
}

// To this libc it means free.
static void take_nothing(struct job *j)
{
    size_t old_size = j->old->size;
    uint32_t old_path = j->old->path;
    log_free(j->worker, old_size, old_path);
    victim_check(realloc(j->old, 0) == NULL, "realloc to 0 frees");
    j->got = NULL;
}

static void (*const leaves[LEAVES])(struct job *) = {
    take_malloc,  take_calloc,       take_aligned,  take_posix,  take_from_null,
    take_realloc, take_reallocarray, take_too_much, take_nothing};
static const char *const leaf_names[LEAVES] = {
    "take_malloc",       "take_calloc",    "take_aligned",
    "take_posix",        "take_from_null", "take_realloc",
    "take_reallocarray", "take_too_much",  "take_nothing"};
#define FIRST_RESIZING 5u

static void pad(struct job *j)
{
    if (--j->pads == 0)
        leaves[j->leaf](j);
    else
        pad(j);
}

static void (*const turns[TURNS][2])(struct job *);

static void turn(struct job *j, unsigned done)
{
    if (done < TURNS)
        turns[done][j->turns >> done & 1](j);
    else if (j->pads == 0)
        leaves[j->leaf](j);
    else
        pad(j);
}

// Frames of one size: all of a path but its return addresses is the same.
#define TURN(n)                                                                \
    static void turn_##n##_0(struct job *j)                                    \
    {                                                                          \
        turn(j, (n) + 1);                                                      \
    }                                                                          \
    static void turn_##n##_1(struct job *j)                                    \
    {                                                                          \
        turn(j, (n) + 1);                                                      \
    }
// clang-format off
TURN(0) TURN(1) TURN(2) TURN(3) TURN(4) TURN(5)
// clang-format on
#define BOTH(n)                                                                \
    {                                                                          \
        turn_##n##_0, turn_##n##_1                                             \
    }
    static void (*const turns[TURNS][2])(struct job *) = {
        BOTH(0), BOTH(1), BOTH(2), BOTH(3), BOTH(4), BOTH(5)};

// The path of the last allocation, most often: or it with another outermost
// turn, or any.
static void choose(struct worker *w)
{
    uint64_t dice = next_random(w) >> 16;

    if (dice % 8 == 0) {
        w->turns = (uint32_t)(dice >> 8) & ((1u << TURNS) - 1);
        w->pads = (uint32_t)(dice >> 16) % PADS;
        w->taking = (uint32_t)(dice >> 24) % FIRST_RESIZING;
    } else if (dice % 8 < 4) {
        w->turns ^= 1;
    }
}

// Allocates by some path; `old` is resized or given back as that path does.
static struct block *take(struct worker *w, struct block *old)
{
    uint32_t resizing = FIRST_RESIZING + (uint32_t)(next_random(w) >> 32) %
                                             (LEAVES - FIRST_RESIZING);

    choose(w);
    uint32_t leaf = old == NULL ? w->taking : resizing;
    struct job j = {
        .worker = w,
        .old = old,
        .path = (w->turns * PADS + w->pads) * LEAVES + leaf,
        .turns = w->turns,
        .pads = pads_of[w->pads],
        .leaf = leaf,
    };
    turn(&j, 0);
    return j.got;
}

static void give_back(struct worker *w, struct block *block)
{
    if (block == NULL)
        return;
    log_free(w, block->size, block->path);
    free(block);
}

static void one_operation(struct worker *w)
{
    uint64_t dice = next_random(w) >> 32;
    struct block **slot = &w->slots[dice % OWN_SLOTS];

    switch (dice / OWN_SLOTS % 8) {
    case 0:
    case 1: // a block goes to whoever finds it, another comes
        *slot =
            atomic_exchange(&mailbox[next_random(w) % MAILBOX_SLOTS], *slot);
        break;
    case 2:
    case 3:
    case 4:
        *slot = take(w, *slot);
        break;
    default:
        give_back(w, *slot);
        *slot = take(w, NULL);
    }
}

static void *worker_main(void *argument)
{
    struct worker *w = argument;

    w->tid = syscall(SYS_gettid);
    for (uint64_t i = 0; i < w->ops; i++)
        one_operation(w);
    pthread_barrier_wait(&quiet);
    pthread_barrier_wait(&ended);
    return NULL;
}

static void say_all(unsigned threads)
{
    for (unsigned i = 0; i < threads; i++) {
        victim_say("{\"tid\":%ld,", workers[i].tid);
        victim_say_counts(&workers[i].counts);
        victim_say("}\n");
    }
    for (uint32_t p = 0; p < PATHS; p++) {
        struct victim_counts c = {logs[p].alloc_count, logs[p].alloc_bytes,
                                  logs[p].free_count, logs[p].free_bytes,
                                  logs[p].realloc_count};
        if (c.alloc_count == 0)
            continue;
        victim_say("{\"turns\":%u,\"pads\":%u,\"leaf\":\"%s\",",
                   p / LEAVES / PADS, pads_of[p / LEAVES % PADS],
                   leaf_names[p % LEAVES]);
        victim_say_counts(&c);
        victim_say("}\n");
    }
    victim_say("{\"end\":true}\n");
}

int main(int argc, char **argv)
{
    victim_check(argc == 4, "usage: paths THREADS OPS SEED");
    unsigned threads = (unsigned)strtoul(argv[1], NULL, 10);
    uint64_t ops = strtoul(argv[2], NULL, 10);
    uint64_t seed = strtoul(argv[3], NULL, 10);

    victim_check(threads >= 1 && threads <= MOST_THREADS, "1 to 64 threads");
    pthread_barrier_init(&quiet, NULL, threads + 1);
    pthread_barrier_init(&ended, NULL, threads + 1);
    for (unsigned i = 0; i < threads; i++) {
        struct worker *w = &workers[i];
        w->random = (seed * 64 + i + 1) * UINT64_C(0x9e3779b97f4a7c15);
        w->ops = ops;
        victim_check(pthread_create(&w->thread, NULL, worker_main, w) == 0,
                     "a thread starts");
    }
    pthread_barrier_wait(&quiet);
    say_all(threads);
    victim_hold();
    pthread_barrier_wait(&ended);
    for (unsigned i = 0; i < threads; i++)
        pthread_join(workers[i].thread, NULL);
    return 0;
}
