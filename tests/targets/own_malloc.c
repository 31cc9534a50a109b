// SPDX-License-Identifier: MIT
//
// own_malloc: a program that is its own allocator, as one that is linked with
// a static jemalloc is. Its functions come before any that are preloaded.

#include "victim.h"

static _Alignas(32) char arena[1 << 20];
static size_t used;

void *malloc(size_t size)
{
    size_t begin = (used + 32 + 31) & ~(size_t)31;

    if (size > sizeof arena - begin) {
        errno = ENOMEM;
        return NULL;
    }
    used = begin + size;
    memcpy(arena + begin - sizeof size, &size, sizeof size);
    return arena + begin;
}

void free(void *block)
{
    (void)block;
}

void *calloc(size_t count, size_t size)
{
    return malloc(count * size);
}

void *realloc(void *block, size_t size)
{
    void *new = malloc(size);
    size_t old = 0;

    if (block != NULL && new != NULL) {
        memcpy(&old, (char *)block - sizeof old, sizeof old);
        memcpy(new, block, old < size ? old : size);
    }
    return new;
}

int main(void)
{
    char *block = malloc(1000);

    victim_check(block > arena && block < arena + sizeof arena, "it is ours");
    block = realloc(strdup("own"), 100);
    victim_check(block > arena && block < arena + sizeof arena, "it is ours");
    victim_say("%s\n", block);
    return 22;
}
