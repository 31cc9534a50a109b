// SPDX-License-Identifier: MIT
//
// thread_ends key | storm N: threads that allocate when they have as good as
// ended, and very many threads, a few at a time.

#include "victim.h"

#include <pthread.h>
#include <stdatomic.h>

#define KEY_THREADS 50u
#define AT_ONCE 8u

static pthread_key_t key;
static _Atomic unsigned destroyed;

static void *last_allocate(void)
{
    return malloc(5003);
}

// Runs again as long as it leaves a value: four times at most.
static void key_destroy(void *held)
{
    free(held);
    atomic_fetch_add(&destroyed, 1);
    (void)pthread_setspecific(key, last_allocate());
}

static void *key_main(void *unused)
{
    (void)pthread_setspecific(key, last_allocate());
    return unused;
}

static void by_key(void)
{
    struct victim_counts c = {0};

    victim_check(pthread_key_create(&key, key_destroy) == 0, "a key");
    for (unsigned i = 0; i < KEY_THREADS; i++) {
        pthread_t thread;
        victim_check(pthread_create(&thread, NULL, key_main, NULL) == 0,
                     "a thread starts");
        pthread_join(thread, NULL);
    }
    c.free_count = destroyed;
    c.alloc_count = KEY_THREADS + destroyed;
    c.alloc_bytes = c.alloc_count * 5003;
    c.free_bytes = c.free_count * 5003;
    victim_say("{\"functions\":[\"last_allocate\"],");
    victim_say_counts(&c);
    victim_say("}\n");
}

static void *storm_allocate(unsigned n)
{
    return malloc(100 + n % 1000);
}

static void *storm_main(void *number)
{
    void *block = storm_allocate((unsigned)(uintptr_t)number);

    free(storm_allocate(7));
    return block;
}

static void storm(unsigned count)
{
    struct victim_counts c = {0};
    pthread_t threads[AT_ONCE];

    for (unsigned i = 0; i < count; i += AT_ONCE) {
        for (unsigned k = 0; k < AT_ONCE; k++)
            victim_check(pthread_create(&threads[k], NULL, storm_main,
                                        (void *)(uintptr_t)(i + k)) == 0,
                         "a thread starts");
        for (unsigned k = 0; k < AT_ONCE; k++) {
            void *block;
            pthread_join(threads[k], &block);
            c.alloc_count += 2;
            c.free_count++;
            c.alloc_bytes += 100 + (i + k) % 1000 + 107;
            c.free_bytes += 107;
            if (k % 2 != 0)
                continue;
            free(block);
            c.free_count++;
            c.free_bytes += 100 + (i + k) % 1000;
        }
    }
    victim_say("{\"functions\":[\"storm_allocate\"],\"threads\":%u,", count);
    victim_say_counts(&c);
    victim_say("}\n");
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "key") == 0)
        by_key();
    else if (argc > 2 && strcmp(argv[1], "storm") == 0)
        storm((unsigned)strtoul(argv[2], NULL, 10));
    else
        return 2;
    return 0;
}
