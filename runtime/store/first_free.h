// SPDX-License-Identifier: MIT
//
// first_free: looks in the recorders for who has freed an address before. For
// frees of what is no live block only, of which few are looked at: it reads
// up to 128 KiB.

#ifndef MS_RUNTIME_STORE_FIRST_FREE_H
#define MS_RUNTIME_STORE_FIRST_FREE_H

#include "store/writer.h"

struct ms_first_free {
    uint32_t thread; // 1 + slot; 0: no recorder knows (any more)
    uint32_t time;   // birth units
    uint32_t row;    // of the block; 0: not known
    uint32_t stack;  // node, where frees have their stacks recorded; or 0
};

// ms_first_free_find looks through at most 16 recorders, the thread's own
// included. The writer's thread.
struct ms_first_free ms_first_free_find(struct ms_writer *w, uint64_t address);

#endif
