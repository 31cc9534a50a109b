// SPDX-License-Identifier: MIT
//
// pairs ROUNDS WINDOWS: one thread that allocates and frees in the ways that
// the instruction counts of `make bench` are about. It stops itself with
// SIGTRAP before and after each window that is counted; each way has WINDOWS
// of them, after a warm-up.

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>

#define HELD 64
#define WARM_UP 4000

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

// Some frames more between main and the pair, none of them a tail call.
__attribute__((noinline)) static long deeper(int depth, long i)
{
    if (depth == 0) {
        hot_pair(i);
        return 1;
    }
    return deeper(depth - 1, i) + 1;
}

static void deep_pair(long i)
{
    sink = (void *)(intptr_t)deeper(16, i);
}

// The way down differs from round to round: 2^8 call paths in all.
__attribute__((noinline)) static long winding(int depth, unsigned way, long i)
{
    if (depth == 0) {
        hot_pair(i);
        return 1;
    }
    if (way & 1)
        return winding(depth - 1, way >> 1, i) + 1;
    return winding(depth - 1, way >> 1, i) + 2;
}

static void winding_pair(long i)
{
    sink = (void *)(intptr_t)winding(8, (unsigned)(i * 2654435761u) >> 7, i);
}

// 2^16 call paths: more than are remembered.
static void wandering_pair(long i)
{
    sink = (void *)(intptr_t)winding(16, (unsigned)(i * 2654435761u) >> 7, i);
}

// The step has one place that it is called from: a stack that is counted is one
// that the warm-up has met.
static void part(void (*step)(long), long rounds, long windows)
{
    for (long i = 0; i < WARM_UP + rounds * windows; i++) {
        if (i >= WARM_UP && (i - WARM_UP) % rounds == 0) {
            if (i > WARM_UP)
                raise(SIGTRAP);
            raise(SIGTRAP);
        }
        step(i);
    }
    raise(SIGTRAP);
}

int main(int argc, char **argv)
{
    long rounds = argc > 1 ? atol(argv[1]) : 1000;
    long windows = argc > 2 ? atol(argv[2]) : 1;

    part(hot_pair, rounds, windows);
    part(replace_one, rounds, windows);
    part(resize_one, rounds, windows);
    part(deep_pair, rounds, windows);
    part(winding_pair, rounds, windows);
    part(wandering_pair, rounds, windows);
    return 0;
}
