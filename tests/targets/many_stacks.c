// SPDX-License-Identifier: MIT
//
// many_stacks: as many stacks as asked for, each an allocation of 40 bytes: a
// path through two functions that call each other, by the bits of a number.

#include "victim.h"

static void *one(unsigned long path, unsigned depth);

static void *zero(unsigned long path, unsigned depth)
{
    void *p =
        depth == 0 ? malloc(40) : (path & 1 ? one : zero)(path >> 1, depth - 1);

    victim_check(p != NULL, "malloc gives memory");
    return p;
}

static void *one(unsigned long path, unsigned depth)
{
    void *p =
        depth == 0 ? malloc(40) : (path & 1 ? one : zero)(path >> 1, depth - 1);

    victim_check(p != NULL, "malloc gives memory");
    return p;
}

int main(int argc, char **argv)
{
    unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
    unsigned depth = 1;
    struct victim_counts counts = {0};

    while (1ul << depth < count)
        depth++;
    void **blocks = malloc(count * sizeof *blocks);
    victim_check(blocks != NULL, "malloc gives memory");
    for (unsigned long i = 0; i < count; i++)
        blocks[i] = zero(i, depth);
    for (unsigned long i = 0; i < count; i += 2)
        free(blocks[i]);
    counts.alloc_count = count;
    counts.alloc_bytes = count * 40;
    counts.free_count = (count + 1) / 2;
    counts.free_bytes = counts.free_count * 40;
    victim_say("{");
    victim_say_counts(&counts);
    victim_say("}\n");
    victim_hold();
    return 0;
}
