// SPDX-License-Identifier: MIT
//
// pair KIND ROUNDS: one thread, ROUNDS times a malloc and the free of the same
// block; prints nanoseconds per pair. KIND says how the call comes about:
//
//   hot      from main's loop, a few frames deep, sizes 24 to 73
//   deep     64 frames further in; the outer ones never change
//   winding  16 frames further in, by one of 64 call paths, in no order
//
// Without a monitor's help, `hot` is what remains of a tool that only counts.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NOINLINE __attribute__((noinline))

static void *volatile sink; // volatile: a pair is not to be optimized away

static void hot_pair(long i)
{
    sink = malloc((size_t)(24 + i % 50));
    free(sink);
}

static void hot(long rounds)
{
    for (long i = 0; i < rounds; i++)
        hot_pair(i);
}

NOINLINE static long deeper(int depth, long rounds)
{
    if (depth > 0)
        return deeper(depth - 1, rounds) + 1; // not a tail call
    for (long i = 0; i < rounds; i++)
        hot_pair(i);
    return 0;
}

static void deep(long rounds)
{
    sink = (void *)(intptr_t)deeper(64, rounds);
}

NOINLINE static long winding(int depth, uint32_t way, long i)
{
    if (depth == 0) {
        hot_pair(i);
        return 1;
    }
    // One of two call sites, at every fourth frame that the way decides.
    if (depth % 3 == 0 && (way >> depth / 3 & 1) != 0)
        return winding(depth - 1, way, i) + 1;
    return winding(depth - 1, way, i) + 2;
}

static void wind(long rounds)
{
    uint32_t random = 1;
    long sum = 0;

    for (long i = 0; i < rounds; i++) {
        random = random * 1664525u + 1013904223u;
        sum += winding(18, random >> 24, i);
    }
    sink = (void *)(intptr_t)sum;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(long rounds);
    } kinds[] = {{"hot", hot}, {"deep", deep}, {"winding", wind}};
    long rounds = argc > 2 ? atol(argv[2]) : 0;

    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        if (rounds <= 0 || strcmp(argv[1], kinds[k].name) != 0)
            continue;
        kinds[k].run(rounds / 10);
        double begin = now();
        kinds[k].run(rounds);
        printf("%.3f\n", (now() - begin) / (double)rounds);
        return 0;
    }
    fprintf(stderr, "usage: pair hot|deep|winding ROUNDS\n");
    return 2;
}
