// SPDX-License-Identifier: MIT
//
// pairs ROUNDS: one thread that allocates and frees in the ways that the
// instruction counts of `make bench` are about. It stops itself with SIGTRAP
// before and after the part that is counted, each part after a warm-up.

#include <signal.h>
#include <stdlib.h>

#define HELD 64
#define WARM_UP 2000

static void *volatile sink; // volatile: a pair is not to be optimized away

static void hot_pair(long i)
{
    sink = malloc((size_t)(24 + i % 50));
    free(sink);
}

static void *held[HELD];

static void replace_one(long i)
{
    free(held[i % HELD]);
    held[i % HELD] = malloc((size_t)(24 + i * 7 % 1000));
}

static void resize_one(long i)
{
    void *now = realloc(held[i % HELD], (size_t)(24 + i * 7 % 1000));

    if (now != NULL)
        held[i % HELD] = now;
}

static void part(void (*step)(long), long rounds)
{
    for (long i = 0; i < WARM_UP; i++)
        step(i);
    raise(SIGTRAP);
    for (long i = 0; i < rounds; i++)
        step(i);
    raise(SIGTRAP);
}

int main(int argc, char **argv)
{
    long rounds = argc > 1 ? atol(argv[1]) : 1000;

    part(hot_pair, rounds);
    part(replace_one, rounds);
    part(resize_one, rounds);
    return 0;
}
