// SPDX-License-Identifier: MIT
//
// bombarded stay|jump|deeper THREADS OPS SIGNALS SEED: threads that allocate,
// resize and free under a storm of signals, whose handlers do the same: on the
// thread's own stack (SIGALRM of a timer, SIGUSR1) and on another (SIGUSR2),
// one inside another, until OPS are done by each and SIGNALS have come. `jump`:
// they also leave what they have interrupted, wherever it is; `deeper`: and go
// on further in on the stack, each time. To be run over below/arena.c, which
// bears that. What was done is counted by whoever did it, before it is done;
// with `jump`, some of it was not done.

#include "victim.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/time.h>

#define MOST_THREADS 16u
#define SLOTS 64u
#define ALTERNATE 65536u
#define MOST_COMEBACKS 2000u // then from the outermost frame again

struct worker {
    pthread_t thread;
    long tid;
    uint64_t ops;
    _Atomic uint64_t random; // relaxed: a handler may draw in between
    void *_Atomic slots[SLOTS];
    sigjmp_buf home;
    volatile sig_atomic_t may_jump;
    volatile unsigned comebacks;
    void *alternate;
};

// relaxed: counts
static _Atomic uint64_t allocs, frees, signals_seen, jumps;
static struct worker workers[MOST_THREADS];
static unsigned threads;
static uint64_t least_signals;
static bool jumping, deeper;
static _Atomic unsigned working;
static pthread_barrier_t ready, quiet, ended;
static _Thread_local struct worker *self
    __attribute__((tls_model("initial-exec")));

static uint64_t next_random(struct worker *w)
{
    uint64_t x = atomic_load_explicit(&w->random, memory_order_relaxed);

    x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    atomic_store_explicit(&w->random, x, memory_order_relaxed);
    return x >> 24;
}

static void count(_Atomic uint64_t *what)
{
    atomic_fetch_add_explicit(what, 1, memory_order_relaxed);
}

static void *bomb_allocate(struct worker *w)
{
    count(&allocs);
    return malloc(20 + next_random(w) % 900);
}

static void *bomb_resize(struct worker *w, void *block)
{
    count(&allocs);
    count(&frees);
    return realloc(block, 20 + next_random(w) % 900);
}

static void bomb_free(void *block)
{
    if (block == NULL)
        return;
    count(&frees);
    free(block);
}

// What lies in a slot belongs to whoever has taken it out.
static void one_operation(struct worker *w)
{
    uint64_t dice = next_random(w);
    void *_Atomic *slot = &w->slots[dice % SLOTS];
    void *block = atomic_exchange(slot, NULL);

    if (dice / SLOTS % 4 == 0 && block != NULL) {
        block = bomb_resize(w, block);
    } else {
        bomb_free(block);
        block = bomb_allocate(w);
    }
    victim_check(block != NULL, "the allocator gives memory");
    bomb_free(atomic_exchange(slot, block));
}

static void on_signal(int number)
{
    struct worker *w = self;
    int saved = errno;

    count(&signals_seen);
    if (w == NULL)
        return;
    for (unsigned i = 0; i < 3; i++)
        one_operation(w);
    if (jumping && w->may_jump && number != SIGUSR1 &&
        next_random(w) % 4 == 0) {
        count(&jumps);
        siglongjmp(w->home, 1);
    }
    errno = saved;
}

static void work(struct worker *w)
{
    while (w->ops > 0 || signals_seen < least_signals) {
        w->ops -= w->ops > 0;
        one_operation(w);
    }
}

// Whatever was interrupted so far lay further out than what follows.
static void work_further_in(struct worker *w, unsigned frames)
{
    if (frames == 0)
        work(w);
    else
        work_further_in(w, frames - 1);
}

// The first event of a thread comes before any signal.
static void *worker_main(void *argument)
{
    struct worker *w = argument;
    stack_t alternate = {.ss_sp = w->alternate, .ss_size = ALTERNATE};
    sigset_t all;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    bomb_free(bomb_allocate(w));
    w->tid = syscall(SYS_gettid);
    victim_check(sigaltstack(&alternate, NULL) == 0, "sigaltstack");
    pthread_barrier_wait(&ready);
    self = w;
    if (sigsetjmp(w->home, 1) != 0)
        w->comebacks++;
    w->may_jump = 1;
    pthread_sigmask(SIG_UNBLOCK, &all, NULL);
    if (deeper)
        work_further_in(w, w->comebacks % MOST_COMEBACKS * 20);
    else
        work(w);
    w->may_jump = 0;
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    atomic_fetch_sub(&working, 1);
    pthread_barrier_wait(&quiet);
    pthread_barrier_wait(&ended);
    return NULL;
}

static void throw_signals(uint64_t random)
{
    static const int kinds[] = {SIGUSR1, SIGUSR2};
    pid_t pid = getpid();

    while (atomic_load(&working) > 0) {
        random = random * UINT64_C(6364136223846793005) + 1;
        syscall(SYS_tgkill, pid, workers[(random >> 33) % threads].tid,
                kinds[random >> 60 & 1]);
        if ((random >> 40 & 15) == 0)
            usleep(20);
    }
}

static void arm(unsigned microseconds)
{
    struct itimerval every = {{0, microseconds}, {0, microseconds}};
    int numbers[] = {SIGALRM, SIGUSR1, SIGUSR2};

    for (unsigned i = 0; i < 3; i++) {
        struct sigaction action = {.sa_handler = on_signal,
                                   .sa_flags = SA_RESTART};
        if (numbers[i] == SIGUSR2)
            action.sa_flags |= SA_ONSTACK;
        victim_check(sigaction(numbers[i], &action, NULL) == 0, "sigaction");
    }
    setitimer(ITIMER_REAL, &every, NULL);
}

int main(int argc, char **argv)
{
    sigset_t all;

    victim_check(argc == 6,
                 "usage: bombarded stay|jump|deeper THREADS OPS SIGNALS SEED");
    deeper = strcmp(argv[1], "deeper") == 0;
    jumping = deeper || strcmp(argv[1], "jump") == 0;
    threads = (unsigned)strtoul(argv[2], NULL, 10);
    uint64_t seed = strtoul(argv[5], NULL, 10);
    least_signals = strtoul(argv[4], NULL, 10);
    victim_check(threads >= 1 && threads <= MOST_THREADS, "1 to 16 threads");
    pthread_barrier_init(&ready, NULL, threads + 1);
    pthread_barrier_init(&quiet, NULL, threads + 1);
    pthread_barrier_init(&ended, NULL, threads + 1);
    working = threads;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL); // signals are for the workers
    for (unsigned i = 0; i < threads; i++) {
        struct worker *w = &workers[i];
        w->random = (seed * 64 + i + 1) * UINT64_C(0x9e3779b97f4a7c15);
        w->ops = strtoul(argv[3], NULL, 10);
        w->alternate = malloc(ALTERNATE);
        victim_check(pthread_create(&w->thread, NULL, worker_main, w) == 0,
                     "a thread starts");
    }
    pthread_barrier_wait(&ready);
    victim_say("ready\n");
    victim_hold();
    arm(200);
    throw_signals(seed);
    pthread_barrier_wait(&quiet);
    victim_say("done\n");
    if (getenv("BOMBARDED_SAYS") != NULL)
        victim_say("{\"allocs\":%llu,\"frees\":%llu,\"signals\":%llu,"
                   "\"jumps\":%llu}\n",
                   (unsigned long long)allocs, (unsigned long long)frees,
                   (unsigned long long)signals_seen, (unsigned long long)jumps);
    victim_hold();
    pthread_barrier_wait(&ended);
    for (unsigned i = 0; i < threads; i++)
        pthread_join(workers[i].thread, NULL);
    return 23;
}
