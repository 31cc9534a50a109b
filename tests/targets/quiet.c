// SPDX-License-Identifier: MIT
//
// quiet THREADS PAIRS [strict]: each thread warms up and then makes PAIRS
// pairs of malloc and free, some blocks resized, some another thread's; a line
// is written before and after. All that happens between the two needs no
// system call, bare. `strict`: the kernel kills a thread that makes one.

#include "victim.h"

#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define MOST_THREADS 8u
#define HELD 64u
#define HANDED 32u

struct worker {
    _Alignas(128) uint64_t random;
    void *held[HELD];
    _Atomic bool done;
    long tid;
};

static struct worker workers[MOST_THREADS];
static void *_Atomic handed[HANDED];
static _Atomic unsigned warm, over;
static unsigned threads;
static uint64_t pairs;
static bool strict;

static uint64_t next_random(struct worker *w)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return w->random >> 16;
}

static void *small_block(struct worker *w)
{
    return malloc(16 + next_random(w) % 100);
}

static void *large_block(struct worker *w)
{
    return calloc(1, 200 + next_random(w) % 600);
}

static void *resized_block(struct worker *w, void *block)
{
    return realloc(block, 16 + next_random(w) % 800);
}

static void one_pair(struct worker *w)
{
    uint64_t dice = next_random(w);
    void **held = &w->held[dice % HELD];

    switch (dice / HELD % 8) {
    case 0:
        *held = atomic_exchange(&handed[dice >> 20 & (HANDED - 1)], *held);
        break;
    case 1:
        *held = resized_block(w, *held);
        break;
    case 2:
    case 3:
        free(*held);
        *held = large_block(w);
        break;
    default:
        free(*held);
        *held = small_block(w);
    }
}

static void many_pairs(struct worker *w, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        one_pair(w);
}

// Everybody is there, without a system call.
static void meet(_Atomic unsigned *here)
{
    atomic_fetch_add(here, 1);
    while (atomic_load(here) < threads)
        __asm__ volatile("" ::: "memory");
}

static void *worker_main(void *argument)
{
    struct worker *w = argument;

    w->tid = syscall(SYS_gettid);
    many_pairs(w, 200000);
    meet(&warm);
    if (w == workers)
        victim_say("begin\n");
    if (strict && prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0)
        _exit(96);
    many_pairs(w, pairs);
    meet(&over);
    if (w == workers)
        victim_say("end\n");
    atomic_store(&w->done, true);
    syscall(SYS_exit, 0); // what else a thread's end does is not allowed
    return NULL;
}

// Waits as long as the thread lives: with `strict`, it may have been killed.
static bool has_ended(const struct worker *w)
{
    pid_t pid = getpid();

    while (!atomic_load(&w->done) &&
           (w->tid == 0 || syscall(SYS_tgkill, pid, w->tid, 0) == 0))
        usleep(1000);
    return atomic_load(&w->done);
}

int main(int argc, char **argv)
{
    pthread_t thread;

    victim_check(argc >= 3, "usage: quiet THREADS PAIRS [strict]");
    threads = (unsigned)strtoul(argv[1], NULL, 10);
    pairs = strtoul(argv[2], NULL, 10);
    strict = argc > 3;
    victim_check(threads >= 1 && threads <= MOST_THREADS, "1 to 8 threads");
    for (unsigned i = 0; i < threads; i++) {
        workers[i].random = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
        victim_check(pthread_create(&thread, NULL, worker_main, &workers[i]) ==
                         0,
                     "a thread starts");
    }
    for (unsigned i = 0; i < threads; i++)
        if (!has_ended(&workers[i])) {
            victim_say("killed\n");
            _exit(95);
        }
    return 0;
}
