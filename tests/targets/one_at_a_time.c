// SPDX-License-Identifier: MIT
//
// one_at_a_time ROUNDS [DEPTH]: 2^DEPTH call stacks (14) by turns, each holding
// a block of 4096 bytes for as long as it takes to free it. There is never more
// than one.

#include "victim.h"

static void hold(void)
{
    void *p = malloc(4096);

    victim_check(p != NULL, "malloc gives memory");
    free(p);
}

static void one(unsigned path, unsigned depth);

static void zero(unsigned path, unsigned depth)
{
    if (depth == 0)
        hold();
    else
        (path & 1 ? one : zero)(path >> 1, depth - 1);
}

static void one(unsigned path, unsigned depth)
{
    if (depth == 0)
        hold();
    else
        (path & 1 ? one : zero)(path >> 1, depth - 1);
}

int main(int argc, char **argv)
{
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
    unsigned depth = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 14;

    for (unsigned long i = 0; i < rounds; i++)
        for (unsigned path = 0; path < 1u << depth; path++)
            zero(path, depth);
    return 0;
}
