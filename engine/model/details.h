// SPDX-License-Identifier: MIT
//
// details: what a row adds beside its sums: lifetimes and chains of realloc,
// and the way from a site, a stack or a thread to its rows. Under the session's
// lock.
//
// It costs a row that was ever freed or reallocated MS_DETAIL_BYTES, a site and
// a thread each one struct ms_lifetimes.

#ifndef MS_ENGINE_MODEL_DETAILS_H
#define MS_ENGINE_MODEL_DETAILS_H

#include <stdint.h>

#include "reader.h"

struct ms_model;

struct ms_lifetimes {
    uint64_t count[MS_LIFETIME_BUCKETS]; // freed blocks, as in the segment
};

// What realloc did, as far as the store says: see ms_row_detail.
struct ms_chains {
    uint64_t grown_bytes, chains;
    uint32_t longest;
};

// What has been taken over from a row's detail.
struct ms_detail_seen {
    uint32_t lifetimes[MS_LIFETIME_BUCKETS];
    uint64_t grown_bytes;
    uint32_t chains;
    uint32_t ahead; // frees of which the lifetime was seen first
};
#define MS_DETAIL_BYTES sizeof(struct ms_detail_seen)

// ms_details_read_lifetimes and ms_details_read_chains add what a row has
// gained to each of the sums; the former returns how many blocks that is.
uint64_t ms_details_read_lifetimes(struct ms_detail_seen *seen,
                                   struct ms_row_detail *row,
                                   struct ms_lifetimes *const sums[],
                                   size_t sum_count);

// ms_details_first says how many of the frees that a row has gained are those
// of the first bucket, when all others have gained so many.
uint64_t ms_details_first(struct ms_detail_seen *seen, uint64_t frees,
                          uint64_t others);

void ms_details_read_chains(struct ms_detail_seen *seen,
                            struct ms_row_detail *row, struct ms_chains *sum);

// One row, as the model has taken it over. A foreign row has frees only: of the
// blocks that `allocator` has allocated, by `freer`.
struct ms_row_view {
    uint32_t stack, site; // indices
    uint32_t allocator, freer;
    uint32_t size_class;
    uint64_t alloc_bytes, alloc_count, free_bytes, free_count;
    uint64_t realloc_count;
};

// ms_model_row_view reads a row that was met. Sums over all rows of a stack, a
// site or a thread are its sums. False: it was not.
bool ms_model_row_view(const struct ms_model *m, struct ms_reader *r,
                       uint32_t row, struct ms_row_view *out);

#endif
