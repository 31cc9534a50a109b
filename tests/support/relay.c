// SPDX-License-Identifier: MIT
// See relay.h for the contract.

#include "relay.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "platform/atomics.h"

#define STEPS_MOST 8

static void (*const *all)(void);
static _Atomic unsigned begun, turn;

void ms_relay_wait_turn(unsigned wanted)
{
    while (ms_load_relaxed(&turn) != wanted)
        sched_yield();
}

void ms_relay_give_turn(unsigned next)
{
    ms_store_relaxed(&turn, next);
}

static void *run(void *arg)
{
    unsigned mine = (unsigned)(uintptr_t)arg;

    ms_add_relaxed(&begun, 1u);
    ms_relay_wait_turn(mine);
    all[mine]();
    ms_relay_give_turn(mine + 1);
    return NULL;
}

void ms_relay(void (*const steps[])(void), size_t count)
{
    pthread_t threads[STEPS_MOST];

    if (count > STEPS_MOST)
        abort();
    all = steps;
    ms_store_relaxed(&begun, 0);
    ms_store_relaxed(&turn, UINT32_MAX);
    for (size_t i = 0; i < count; i++)
        if (pthread_create(&threads[i], NULL, run, (void *)i) != 0)
            abort();
    while (ms_load_relaxed(&begun) != count)
        sched_yield();
    ms_relay_give_turn(0);
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

void ms_check_failed(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s does not hold\n", file, line, what);
    _exit(1);
}
