// SPDX-License-Identifier: MIT
// See pairs.h for the contract.

#include "model/pairs.h"

#include <stdbool.h>
#include <stdlib.h>

static struct ms_pair *slot_of(const struct ms_pairs *p, uint32_t allocator,
                               uint32_t freer)
{
    uint64_t key = (uint64_t)allocator << 32 | freer;
    size_t i = (size_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> 40);

    for (;; i++) {
        struct ms_pair *at = &p->slots[i & (p->slot_count - 1)];
        if (at->freer == 0 ||
            (at->allocator == allocator && at->freer == freer))
            return at;
    }
}

static bool reserve(struct ms_pairs *p)
{
    struct ms_pairs grown = {.slot_count = p->slot_count * 2};

    if (p->slot_count > 2 * p->count)
        return true;
    if (grown.slot_count == 0)
        grown.slot_count = 64;
    grown.slots = calloc(grown.slot_count, sizeof *grown.slots);
    if (grown.slots == NULL)
        return false;
    for (size_t i = 0; i < p->slot_count; i++)
        if (p->slots[i].freer != 0)
            *slot_of(&grown, p->slots[i].allocator, p->slots[i].freer) =
                p->slots[i];
    grown.count = p->count;
    free(p->slots);
    *p = grown;
    return true;
}

void ms_pairs_add(struct ms_pairs *p, uint32_t allocator, uint32_t freer,
                  uint64_t blocks, uint64_t bytes)
{
    if (!reserve(p))
        return;
    struct ms_pair *at = slot_of(p, allocator + 1, freer + 1);
    if (at->freer == 0) {
        if (p->count == MS_PAIRS)
            return;
        *at = (struct ms_pair){.allocator = allocator + 1, .freer = freer + 1};
        p->count++;
    }
    at->blocks += blocks;
    at->bytes += bytes;
}

void ms_pairs_fini(struct ms_pairs *p)
{
    free(p->slots);
    *p = (struct ms_pairs){0};
}
