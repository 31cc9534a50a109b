// SPDX-License-Identifier: MIT
//
// whole_family: every allocation function of libc, and the corners of realloc
// and calloc. Each block that stays has a size of its own; what must hold for
// any allocator is checked here, what memscope says of it by the test.

#include "victim.h"

#include <malloc.h>

static void *kept[32];
static size_t sizes[32];
static unsigned keeping;
static struct victim_counts counts;
static volatile size_t huge = SIZE_MAX / 2; // volatile: not for warnings

static void took(size_t size)
{
    counts.alloc_count++;
    counts.alloc_bytes += size;
}

static void gave(size_t size)
{
    counts.free_count++;
    counts.free_bytes += size;
}

static void keep(void *block, size_t size)
{
    victim_check(block != NULL, "a block is given");
    victim_check(malloc_usable_size(block) >= size, "usable >= requested");
    memset(block, 0x5a, size);
    kept[keeping] = block;
    sizes[keeping++] = size;
}

static void *take(void *block, size_t size)
{
    took(size);
    keep(block, size);
    return block;
}

static void aligned_to(const void *block, size_t alignment)
{
    victim_check((uintptr_t)block % alignment == 0, "alignment");
}

static void family_plain(void)
{
    take(malloc(101), 101);
    const unsigned char *zeroed = calloc(3, 67);
    for (unsigned i = 0; i < 201; i++)
        victim_check(zeroed[i] == 0, "calloc gives zeroes");
    take((void *)(uintptr_t)zeroed, 201);
    errno = 0;
    victim_check(calloc(huge, 3) == NULL && errno == ENOMEM,
                 "calloc refuses what overflows");
    victim_check(malloc(huge + huge) == NULL, "malloc refuses too much");
    void *freed = malloc(151);
    took(151);
    gave(151);
    free(freed);
    errno = 77;
    free(NULL);
    victim_check(errno == 77, "free keeps errno");
}

static void family_aligned(void)
{
    void *block = NULL;

    victim_check(posix_memalign(&block, 64, 601) == 0, "posix_memalign");
    aligned_to(take(block, 601), 64);
    victim_check(posix_memalign(&block, 3, 602) == EINVAL,
                 "posix_memalign refuses odd alignments");
    aligned_to(take(aligned_alloc(128, 768), 768), 128);
    aligned_to(take(memalign(256, 801), 801), 256);
    aligned_to(take(valloc(901), 901), (size_t)getpagesize());
    aligned_to(take(pvalloc(1001), 1001), (size_t)getpagesize());
    aligned_to(take(memalign(65536, 1101), 1101), 65536);
}

static void took_again(size_t old, size_t size)
{
    gave(old);
    took(size);
    counts.realloc_count++;
}

static void family_resized(void)
{
    char *block = realloc(NULL, 301); // as malloc
    took(301);
    memset(block, 7, 301);
    block = realloc(block, 150001); // moves
    took_again(301, 150001);
    victim_check(block[0] == 7 && block[300] == 7, "realloc keeps contents");
    block = realloc(block, 401); // shrinks
    took_again(150001, 401);
    errno = 0;
    victim_check(realloc(block, huge + huge) == NULL && errno == ENOMEM,
                 "realloc refuses too much");
    victim_check(block[300] == 7, "a failed realloc keeps the block");
    keep(block, 401);

    // volatile: the compiler takes a reallocated pointer for a freed one
    void *volatile array = reallocarray(NULL, 5, 101);
    took(505);
    victim_check(reallocarray(array, huge, 3) == NULL,
                 "reallocarray refuses what overflows");
    keep(array, 505);

    // In glibc a size of 0 frees; NULL is no failure then.
    block = malloc(161);
    took(161);
    block = realloc(block, 0);
    gave(161);
    victim_check(block == NULL, "realloc to 0 frees");
}

// Blocks that a call inside libc asks for are the program's as well.
static void family_borrowed(void)
{
    char text[1201];

    memset(text, 'x', 1200);
    text[1200] = '\0';
    take(strdup(text), 1201);
    take(strndup(text, 1250 - 100), 1151);
}

int main(void)
{
    family_plain();
    family_aligned();
    family_resized();
    family_borrowed();
    void *empty = malloc(0);
    victim_check(empty != NULL, "glibc gives a block for malloc(0)");
    took(0);

    victim_say("{\"sizes\":[0");
    for (unsigned i = 0; i < keeping; i++)
        victim_say(",%zu", sizes[i]);
    victim_say("],");
    victim_say_counts(&counts);
    victim_say("}\n");
    victim_hold();
    free(empty);
    for (unsigned i = 0; i < keeping; i++)
        free(kept[i]);
    return 0;
}
