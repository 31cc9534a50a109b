// SPDX-License-Identifier: MIT
//
// sizes: a known number of blocks of each of many odd sizes, from the smallest
// to what libc maps; some of them freed again. One thread.

#include "victim.h"

struct kind {
    size_t size;
    unsigned taken, freed;
};

static const struct kind kinds[] = {
    {1, 11, 3},     {23, 13, 0},    {31, 7, 7},       {32, 17, 5},
    {33, 19, 4},    {62, 23, 1},    {63, 29, 2},      {64, 31, 30},
    {65, 37, 6},    {127, 41, 8},   {1234, 100, 40},  {4095, 43, 9},
    {4096, 47, 10}, {4097, 53, 12}, {100001, 59, 14}, {131073, 5, 2},
    {1048577, 3, 1}};
#define KINDS (sizeof kinds / sizeof *kinds)

static struct victim_counts counts;
static void *blocks[KINDS][100];

static void sizes_take(const struct kind *kind, void **slot)
{
    *slot = malloc(kind->size);
    victim_check(*slot != NULL, "malloc gives memory");
    counts.alloc_count++;
    counts.alloc_bytes += kind->size;
}

static void sizes_give_back(const struct kind *kind, void **slot)
{
    counts.free_count++;
    counts.free_bytes += kind->size;
    free(*slot);
}

int main(void)
{
    for (size_t k = 0; k < KINDS; k++) {
        for (unsigned i = 0; i < kinds[k].taken; i++)
            sizes_take(&kinds[k], &blocks[k][i]);
        for (unsigned i = 0; i < kinds[k].freed; i++)
            sizes_give_back(&kinds[k], &blocks[k][i]);
    }
    victim_say("{\"function\":\"sizes_take\",");
    victim_say_counts(&counts);
    victim_say(",\"sizes\":{");
    for (size_t k = 0; k < KINDS; k++)
        victim_say("%s\"%zu\":%u", k ? "," : "", kinds[k].size,
                   kinds[k].taken - kinds[k].freed);
    victim_say("}}\n");
    victim_hold();
    return 0;
}
