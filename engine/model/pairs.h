// SPDX-License-Identifier: MIT
//
// pairs: which thread frees what which other one has allocated: a hash of
// sums, by both. At most MS_PAIRS; what is between others is in the threads'
// own sums alone, so that all still adds up. Under the session's lock.

#ifndef MS_ENGINE_MODEL_PAIRS_H
#define MS_ENGINE_MODEL_PAIRS_H

#include <stddef.h>
#include <stdint.h>

#define MS_PAIRS 65536u

struct ms_pair {
    uint32_t allocator, freer; // 1 + slot; 0: free
    uint64_t blocks, bytes;
};

struct ms_pairs {
    struct ms_pair *slots;
    size_t slot_count; // a power of two, more than twice as many as pairs
    size_t count;
};

// ms_pairs_add books frees, of threads by their slots.
void ms_pairs_add(struct ms_pairs *p, uint32_t allocator, uint32_t freer,
                  uint64_t blocks, uint64_t bytes);
void ms_pairs_fini(struct ms_pairs *p);

#endif
