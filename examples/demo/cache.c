// SPDX-License-Identifier: MIT
//
// cache: a cache that is filled once and then replaces its oldest entries at
// a steady rate. What lives stays the same; what is allocated rises.

#include "demo.h"

#include <stdlib.h>
#include <string.h>

#define ENTRIES 4096u
#define ENTRY_BYTES 4096u
#define REPLACED_PER_STEP 40u
#define STEPS 25u

static struct demo_counts counts;
const struct demo_purpose demo_cache = {"cache", "cache_store", &counts};

static void *entries[ENTRIES];

static void cache_evict(unsigned slot)
{
    free(demo_freed(&counts, entries[slot], ENTRY_BYTES));
    entries[slot] = NULL;
}

static void cache_store(unsigned slot)
{
    void *entry = malloc(ENTRY_BYTES);

    entries[slot] = demo_allocated(&counts, entry, ENTRY_BYTES);
    memset(entry, (int)slot, ENTRY_BYTES);
}

void *cache_main(void *unused)
{
    unsigned next = 0;

    for (unsigned slot = 0; slot < ENTRIES; slot++)
        cache_store(slot);
    for (unsigned step = 0; demo_step(step, STEPS, 100); step++) {
        for (unsigned i = 0; i < REPLACED_PER_STEP; i++) {
            cache_evict(next);
            cache_store(next);
            next = (next + 1) % ENTRIES;
        }
    }
    demo_finish();
    for (unsigned slot = 0; slot < ENTRIES; slot++)
        cache_evict(slot);
    return unused;
}
