// SPDX-License-Identifier: MIT
//
// usable: lives in all that malloc_usable_size says it has, and asks every
// function of the family.

#include "victim.h"

#include <malloc.h>

static struct victim_counts counts;

static void *usable_allocate(unsigned how, size_t size)
{
    void *block = NULL;

    switch (how) {
    case 0:
        return malloc(size);
    case 1:
        return calloc(1, size);
    case 2:
        return posix_memalign(&block, 64, size) == 0 ? block : NULL;
    case 3:
        return aligned_alloc(32, size);
    default:
        return realloc(NULL, size);
    }
}

static size_t fill(char *block, size_t asked)
{
    size_t usable = malloc_usable_size(block);

    victim_check(usable >= asked, "as much as was asked for");
    for (size_t i = 0; i < usable; i++)
        block[i] = (char)(i % 251);
    return usable;
}

int main(void)
{
    char *blocks[500];

    victim_check(malloc_usable_size(NULL) == 0, "nothing has no size");
    for (unsigned i = 0; i < 500; i++) {
        size_t size = 32 * (1 + i % 70);
        blocks[i] = usable_allocate(i % 5, size);
        victim_check(blocks[i] != NULL, "memory");
        counts.alloc_count++;
        counts.alloc_bytes += size;
        (void)fill(blocks[i], size);
    }
    for (unsigned i = 0; i < 500; i++) {
        size_t usable = malloc_usable_size(blocks[i]);
        for (size_t k = 0; k < usable; k++)
            victim_check(blocks[i][k] == (char)(k % 251), "what was written");
        if (i % 3 == 0)
            continue;
        free(blocks[i]);
        counts.free_count++;
        counts.free_bytes += 32 * (1 + i % 70);
    }
    victim_say("{\"functions\":[\"usable_allocate\"],");
    victim_say_counts(&counts);
    victim_say("}\n");
    return 23;
}
