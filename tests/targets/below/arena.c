// SPDX-License-Identifier: MIT
//
// arena: an allocator to be preloaded below memscope, that can do on purpose
// what others do by chance. Blocks of powers of two from lists without locks:
// it may be called in a signal handler, and be left by a jump out of one, at
// any point. A realloc always moves; while arena_race(1) holds, it gives the
// old block to another thread that asks for this size, and comes back only
// when that one has it.

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define EXPORT __attribute__((visibility("default")))
#define RESERVED (UINT64_C(64) << 30)
#define CLASSES 34u
#define PATIENCE_S 5
#define MOST_MISSES 8u

// Before each block. Places are in units of 64 bytes from the arena's begin.
struct header {
    uint32_t class;
    _Atomic uint32_t next; // in its list, while free
    uint32_t place;        // where it begins with this header, or one like it
    uint32_t pad[5];
};
_Static_assert(sizeof(struct header) == 32, "blocks are 32 bytes apart");

EXPORT void *malloc(size_t size);
EXPORT void free(void *p);
EXPORT void *calloc(size_t count, size_t size);
EXPORT void *realloc(void *p, size_t size);
EXPORT void *memalign(size_t alignment, size_t size);
EXPORT void *aligned_alloc(size_t alignment, size_t size);
EXPORT int posix_memalign(void **out, size_t alignment, size_t size);
EXPORT size_t malloc_usable_size(void *p);
EXPORT void arena_race(int on);
EXPORT unsigned arena_races(void);

static char *_Atomic arena;
static _Atomic uint64_t used = 1;              // places; 0 is none
static _Atomic uint64_t lists[CLASSES];        // a place; above it a turn
static struct header *_Atomic moving[CLASSES]; // what a realloc gives away
static _Atomic bool racing;
static _Atomic unsigned races, misses, settled;
static _Thread_local bool has_taken __attribute__((tls_model("initial-exec")));

static char *begin(void)
{
    char *at = atomic_load(&arena), *none = NULL;

    if (at != NULL)
        return at;
    at = mmap(NULL, RESERVED, PROT_READ | PROT_WRITE,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
        return NULL;
    if (atomic_compare_exchange_strong(&arena, &none, at))
        return at;
    munmap(at, RESERVED);
    return none;
}

static struct header *at_place(uint64_t place)
{
    return (struct header *)(void *)(begin() + place * 64);
}

static struct header *header_of(void *p)
{
    return (struct header *)p - 1;
}

// Whoever has been given a moving block has booked it when he comes again.
static void come_again(void)
{
    if (has_taken) {
        has_taken = false;
        atomic_fetch_add(&settled, 1);
    }
}

static struct header *take_moving(uint32_t class)
{
    struct header *h = atomic_load(&moving[class]);

    if (h == NULL || !atomic_compare_exchange_strong(&moving[class], &h, NULL))
        return NULL;
    has_taken = true;
    atomic_fetch_add(&races, 1);
    return h;
}

static struct header *take_free(uint32_t class)
{
    uint64_t head = atomic_load(&lists[class]), next;

    do {
        if ((uint32_t)head == 0)
            return NULL;
        // Stale when somebody was first: then the turn has changed.
        next = (head >> 32) + 1;
        next = next << 32 | atomic_load(&at_place((uint32_t)head)->next);
    } while (!atomic_compare_exchange_weak(&lists[class], &head, next));
    return at_place((uint32_t)head);
}

static struct header *take_new(uint32_t class)
{
    uint64_t places = UINT64_C(1) << class;
    uint64_t place = atomic_fetch_add(&used, places);

    if (begin() == NULL || (place + places) * 64 > RESERVED)
        return NULL;
    struct header *h = at_place(place);
    h->class = class;
    h->place = (uint32_t)place;
    return h;
}

static struct header *take(size_t size)
{
    uint32_t class = 0;

    if (size > RESERVED / 4) {
        errno = ENOMEM;
        return NULL;
    }
    while ((UINT64_C(64) << class) < size + sizeof(struct header))
        class ++;
    struct header *h = take_moving(class);
    if (h == NULL)
        h = take_free(class);
    if (h == NULL)
        h = take_new(class);
    if (h == NULL)
        errno = ENOMEM;
    return h;
}

static void give(struct header *h)
{
    uint64_t head = atomic_load(&lists[h->class]), now;

    do {
        atomic_store(&h->next, (uint32_t)head);
        now = ((head >> 32) + 1) << 32 | h->place;
    } while (!atomic_compare_exchange_weak(&lists[h->class], &head, now));
}

void *malloc(size_t size)
{
    come_again();
    struct header *h = take(size);
    return h != NULL ? h + 1 : NULL;
}

void free(void *p)
{
    come_again();
    if (p != NULL)
        give(at_place(header_of(p)->place));
}

void *calloc(size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    void *p = malloc(bytes);
    return p != NULL ? memset(p, 0, bytes) : NULL;
}

size_t malloc_usable_size(void *p)
{
    if (p == NULL)
        return 0;
    struct header *h = at_place(header_of(p)->place);
    size_t offset = (size_t)((char *)p - (char *)h);
    return (UINT64_C(64) << h->class) - offset;
}

static bool waited_too_long(const struct timespec *since)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec - since->tv_sec > PATIENCE_S;
}

// Gives a block away as free does, but not to a list: waits until somebody has
// taken it, and every other time until he has come again.
static void give_to_another(struct header *h)
{
    struct header *none = NULL, *mine = h;
    uint32_t class = h->class;
    unsigned before = atomic_load(&settled);
    struct timespec since;

    if (!atomic_compare_exchange_strong(&moving[class], &none, h)) {
        give(h);
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &since);
    while (atomic_load(&moving[class]) == h ||
           (before % 2 == 0 && atomic_load(&settled) == before)) {
        sched_yield();
        if (!waited_too_long(&since) && atomic_load(&racing))
            continue;
        if (atomic_compare_exchange_strong(&moving[class], &mine, NULL))
            give(h);
        if (atomic_fetch_add(&misses, 1) > MOST_MISSES)
            atomic_store(&racing, false);
        return;
    }
}

void *realloc(void *p, size_t size)
{
    come_again();
    if (p == NULL)
        return malloc(size);
    if (size == 0) {
        free(p);
        return NULL;
    }
    struct header *old = at_place(header_of(p)->place);
    struct header *now = take(size);
    if (now == NULL) {
        sched_yield(); // the block is in no account: let somebody look
        return NULL;
    }
    size_t bytes = malloc_usable_size(p);
    memcpy(now + 1, p, bytes < size ? bytes : size);
    if (atomic_load(&racing))
        give_to_another(old);
    else
        give(old);
    return now + 1;
}

void *memalign(size_t alignment, size_t size)
{
    if (alignment <= 32)
        return malloc(size);
    come_again();
    struct header *h = take(size + alignment + sizeof *h);
    if (h == NULL)
        return NULL;
    uintptr_t at = (uintptr_t)(h + 2) + alignment - 1;
    char *p = (char *)h + ((at & ~(alignment - 1)) - (uintptr_t)h);
    header_of(p)->place = h->place;
    return p;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *p = memalign(alignment, size);

    if (p != NULL)
        *out = p;
    return p != NULL ? 0 : ENOMEM;
}

void arena_race(int on)
{
    atomic_store(&racing, on != 0);
}

unsigned arena_races(void)
{
    return atomic_load(&races);
}
