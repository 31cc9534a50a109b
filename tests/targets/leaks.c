// SPDX-License-Identifier: MIT
//
// leaks CASE [hold]: plants blocks whose fate is known and says how many of
// each kind there are, as a line of JSON. With "hold" it then waits; otherwise
// it ends by exit.

#include <pthread.h>
#include <sys/mman.h>

#include "victim.h"

struct node {
    struct node *next, *other;
    char payload[40];
};

struct truth {
    unsigned definite, indirect, possible, reachable;
};

static void *global[64];
static struct node *head;
static __thread void *volatile thread_local_block;
static volatile int leave;

// So that no old value is left where the stack was.
__attribute__((noinline)) static void clear_stack(void)
{
    volatile char room[16384];

    memset((char *)room, 0, sizeof room);
}

__attribute__((noinline)) static void *leak(size_t bytes)
{
    return malloc(bytes);
}

__attribute__((noinline)) static struct node *new_node(struct node *next)
{
    struct node *n = calloc(1, sizeof *n);

    n->next = next;
    return n;
}

// Not a pointer that any scan could know.
static uintptr_t hide(const void *p)
{
    return ~(uintptr_t)p;
}

__attribute__((noinline)) static struct truth plain(void)
{
    for (size_t i = 0; i < 50; i++)
        *(volatile char *)leak(24 + i) = 1; // many next to free chunks
    for (size_t i = 0; i < 64; i++)
        global[i] = malloc(100);
    return (struct truth){.definite = 50, .reachable = 64};
}

__attribute__((noinline)) static struct truth list(void)
{
    struct node *lost = NULL;

    for (size_t i = 0; i < 1000; i++)
        lost = new_node(lost);
    for (size_t i = 0; i < 500; i++)
        head = new_node(head);
    return (struct truth){.definite = 1, .indirect = 999, .reachable = 500};
}

__attribute__((noinline)) static struct truth rings(void)
{
    for (size_t i = 0; i < 10; i++) {
        struct node *last = new_node(NULL), *first = last;
        for (size_t n = 0; n < 9; n++)
            first = new_node(first);
        last->next = first;
        last->other = last; // and to itself
    }
    return (struct truth){.definite = 10, .indirect = 90};
}

__attribute__((noinline)) static struct truth tree_of(unsigned depth,
                                                      struct node **out)
{
    struct truth below = {0};

    *out = new_node(NULL);
    if (depth > 0) {
        tree_of(depth - 1, &(*out)->next);
        tree_of(depth - 1, &(*out)->other);
    }
    below.indirect = (2u << depth) - 2;
    return below;
}

__attribute__((noinline)) static struct truth tree(void)
{
    struct node *root = NULL;
    struct truth t = tree_of(8, &root);

    t.definite = 1;
    root = NULL;
    return t;
}

__attribute__((noinline)) static struct truth interior(void)
{
    for (size_t i = 0; i < 20; i++)
        global[i] = (char *)malloc(200) + 64;
    // Behind an inside, a beginning is no surer.
    for (size_t i = 20; i < 30; i++)
        global[i] = (char *)&new_node(new_node(NULL))->payload;
    return (struct truth){.possible = 40};
}

__attribute__((noinline)) static struct truth big(void)
{
    char *lost = leak((size_t)8 << 20);
    char **kept = calloc((size_t)4 << 20, sizeof *kept); // 32 MiB, sparse

    *(volatile char *)(lost + 4096) = 1;
    global[0] = kept;
    kept[3 << 20] = malloc(77);
    *(void *volatile *)lost = malloc(88);
    return (struct truth){.definite = 1, .indirect = 1, .reachable = 2};
}

// Memory of its own that it has mapped.
__attribute__((noinline)) static struct truth mapped(void)
{
    void **page = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    static uintptr_t hidden[10];

    victim_check(page != MAP_FAILED, "mapped");
    for (size_t i = 0; i < 100; i++)
        page[i * 64] = malloc(48);
    for (size_t i = 0; i < 10; i++)
        hidden[i] = hide(leak(48));
    victim_check(hidden[0] != 0, "hidden");
    return (struct truth){.definite = 10, .reachable = 100};
}

// A pointer that stands in freed memory is none.
__attribute__((noinline)) static struct truth freed(void)
{
    for (size_t i = 0; i < 30; i++) {
        void **holder = malloc(4000);
        holder[100] = leak(60);
        holder[200] = leak(61);
        global[i] = holder;
    }
    for (size_t i = 0; i < 30; i++) {
        free(global[i]);
        global[i] = NULL;
    }
    return (struct truth){.definite = 60};
}

static int ready[2];

static void *work(void *arg)
{
    char byte = 1;
    void *on_stack[8];

    for (size_t i = 0; i < 8; i++)
        on_stack[i] = malloc(300);
    thread_local_block = malloc(301);
    if (arg != NULL)
        on_stack[0] = leak(302), on_stack[0] = on_stack[1];
    victim_check(write(ready[1], &byte, 1) == 1, "ready");
    while (!leave)
        usleep(1000);
    for (size_t i = 0; i < 8; i++)
        victim_check(on_stack[i] != NULL, "kept");
    return NULL;
}

// Threads that live have their stacks and their own variables.
__attribute__((noinline)) static struct truth threads(void)
{
    pthread_t t;
    char byte;

    victim_check(pipe(ready) == 0, "pipe");
    for (size_t i = 0; i < 4; i++)
        victim_check(pthread_create(&t, NULL, work, NULL) == 0, "thread");
    for (size_t i = 0; i < 4; i++)
        victim_check(read(ready[0], &byte, 1) == 1, "ready");
    return (struct truth){.reachable = 36};
}

// One that nothing but a register knows, of a thread that waits.
static void *in_register(void *arg)
{
    uintptr_t hidden = hide(malloc(333));
    char byte = 1;

    (void)arg;
    clear_stack();
    victim_check(write(ready[1], &byte, 1) == 1, "ready");
#if defined(__x86_64__)
    __asm__ volatile("mov %0, %%r12\n\tnot %%r12\n"
                     "1:\tmov $34, %%eax\n\tsyscall\n\tjmp 1b" // pause
                     :
                     : "r"(hidden)
                     : "r12", "rax", "rcx", "r11", "memory");
#else
    void *volatile plain = (void *)hide((void *)hidden);
    while (plain != NULL)
        pause();
#endif
    return NULL;
}

__attribute__((noinline)) static struct truth registers(void)
{
    pthread_t t;
    char byte;

    victim_check(pipe(ready) == 0, "pipe");
    victim_check(pthread_create(&t, NULL, in_register, NULL) == 0, "thread");
    victim_check(read(ready[0], &byte, 1) == 1, "ready");
    return (struct truth){.reachable = 1};
}

static void *pass(void *arg)
{
    void *local[4];

    for (size_t i = 0; i < 4; i++)
        local[i] = leak(400);
    *(void *volatile *)arg = local[0];
    *(void *volatile *)arg = NULL;
    return NULL;
}

// What only threads knew that have ended.
__attribute__((noinline)) static struct truth ended(void)
{
    void *place;

    for (size_t i = 0; i < 5; i++) {
        pthread_t t;
        victim_check(pthread_create(&t, NULL, pass, &place) == 0, "thread");
        pthread_join(t, NULL);
    }
    return (struct truth){.definite = 20};
}

// Two rings of places; each thread takes a block from here and puts it there.
#define MOVING 2000
static void *volatile places[2][MOVING];

static void *move(void *arg)
{
    unsigned seed = (unsigned)(uintptr_t)arg;

    while (!leave) {
        for (int i = 0; i < 1000; i++) {
            seed = seed * 1103515245u + 12345u;
            size_t from = seed >> 8 & 1, at = (seed >> 9) % MOVING;
            void *p =
                __atomic_exchange_n(&places[from][at], NULL, __ATOMIC_RELAXED);
            if (p == NULL)
                continue;
            size_t to = at;
            while (!__sync_bool_compare_and_swap(&places[!from][to], NULL, p))
                to = (to + 1) % MOVING;
        }
    }
    return NULL;
}

// Pointers that are never where they were a moment ago.
__attribute__((noinline)) static struct truth moving(void)
{
    pthread_t t;

    for (size_t i = 0; i < MOVING; i++)
        places[i % 2][i] = malloc(50);
    for (size_t i = 0; i < 30; i++)
        *(volatile char *)leak(51) = 1;
    for (uintptr_t i = 0; i < 2; i++)
        victim_check(pthread_create(&t, NULL, move, (void *)(i + 1)) == 0,
                     "thread");
    return (struct truth){.definite = 30, .reachable = MOVING};
}

// As many as a large program has: lists of a hundred, every hundredth lost.
__attribute__((noinline)) static struct truth million(void)
{
    static struct node *heads[10000];

    for (size_t i = 0; i < 10000; i++) {
        for (size_t n = 0; n < 100; n++)
            heads[i] = new_node(heads[i]);
        if (i % 100 == 0)
            heads[i] = NULL;
    }
    return (struct truth){
        .definite = 100, .indirect = 9900, .reachable = 990000};
}

__attribute__((noinline)) static struct truth clean(void)
{
    for (size_t i = 0; i < 1000; i++) {
        void *p = malloc(i);
        global[i % 64] = p;
        free(p);
    }
    memset(global, 0, sizeof global);
    return (struct truth){0};
}

static const struct {
    const char *name;
    struct truth (*run)(void);
} cases[] = {
    {"plain", plain},   {"list", list},         {"rings", rings},
    {"tree", tree},     {"interior", interior}, {"big", big},
    {"mapped", mapped}, {"freed", freed},       {"threads", threads},
    {"ended", ended},   {"clean", clean},       {"registers", registers},
    {"moving", moving}, {"million", million},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof cases / sizeof *cases; i++) {
        if (strcmp(argv[1], cases[i].name) != 0)
            continue;
        struct truth t = cases[i].run();
        clear_stack();
        victim_say("{\"definite\":%u,\"indirect\":%u,\"possible\":%u,"
                   "\"reachable\":%u}\n",
                   t.definite, t.indirect, t.possible, t.reachable);
        if (argc > 2)
            victim_hold();
        return 0;
    }
    return 2;
}
