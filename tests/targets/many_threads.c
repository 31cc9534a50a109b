// SPDX-License-Identifier: MIT
//
// many_threads [N]: N threads (1000) are alive at once; each holds 100 KiB.

#include "victim.h"

#include <pthread.h>

#define HELD_BYTES 102400u

static pthread_barrier_t all_hold, done;

static void *hold_block(void)
{
    char *block = malloc(HELD_BYTES);

    victim_check(block != NULL, "malloc gives memory");
    block[0] = block[HELD_BYTES - 1] = 'h';
    return block;
}

static void *holder_main(void *unused)
{
    void *block = hold_block();

    pthread_barrier_wait(&all_hold);
    pthread_barrier_wait(&done);
    free(block);
    return unused;
}

int main(int argc, char **argv)
{
    unsigned count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000;
    pthread_t *threads = calloc(count, sizeof *threads);
    pthread_attr_t small;

    victim_check(threads != NULL, "calloc gives memory");
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 256 * 1024);
    pthread_barrier_init(&all_hold, NULL, count + 1);
    pthread_barrier_init(&done, NULL, count + 1);
    for (unsigned i = 0; i < count; i++)
        victim_check(pthread_create(&threads[i], &small, holder_main, NULL) ==
                         0,
                     "a thread starts");
    pthread_barrier_wait(&all_hold);
    victim_say("{\"function\":\"hold_block\",\"threads\":%u,"
               "\"live_blocks\":%u,\"live_bytes\":%llu}\n",
               count, count, (unsigned long long)count * HELD_BYTES);
    victim_hold();
    pthread_barrier_wait(&done);
    for (unsigned i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    return 0;
}
