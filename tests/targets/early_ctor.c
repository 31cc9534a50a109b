// SPDX-License-Identifier: MIT
//
// early_ctor: allocates before any library could have prepared itself: in
// .preinit_array and in the first constructor, and again in a destructor.

#include "victim.h"

static void *blocks[100];

static void early_preinit(void)
{
    for (unsigned i = 0; i < 23; i++)
        blocks[i] = malloc(1237);
}

__attribute__((section(".preinit_array"),
               used)) static void (*const preinit)(void) = early_preinit;

__attribute__((constructor(101))) static void early_construct(void)
{
    for (unsigned i = 23; i < 100; i++)
        blocks[i] = calloc(1, 1239);
}

__attribute__((destructor(101))) static void late_destroy(void)
{
    for (unsigned i = 0; i < 100; i++)
        free(blocks[i]);
    free(malloc(1241));
}

int main(void)
{
    victim_say("{\"sizes\":{\"1237\":23,\"1239\":77},"
               "\"functions\":{\"early_preinit\":23,"
               "\"early_construct\":77}}\n");
    victim_hold();
    return 0;
}
