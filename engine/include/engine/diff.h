// SPDX-License-Identifier: MIT
//
// diff: what has become of a heap between two snapshots, of one program or of
// two runs of it. Rows are matched by what they are, not by their ids: a site
// by its module's build-id and its address in the file, or by function, file
// and line; a thread by its name, and where several have it, by their order.
// What matches none stands against zeros. Pure; any thread.

#ifndef MS_ENGINE_DIFF_H
#define MS_ENGINE_DIFF_H

#include "engine/snapshot.h"

// The numbers that are compared, in both pictures; b - a is the difference.
struct ms_diff_numbers {
    uint64_t live_bytes, live_blocks;
    uint64_t alloc_bytes, alloc_count;
    uint64_t free_bytes, free_count;
};

struct ms_diff_site {
    const struct ms_site_row *row; // of b, or if it is not there, of a
    uint32_t ids[2];               // 0: not there
    struct ms_diff_numbers numbers[2];
};

struct ms_diff_thread {
    const struct ms_thread_row *row;
    uint32_t ids[2];
    struct ms_diff_numbers numbers[2];
};

struct ms_diff {
    const struct ms_snapshot *snapshots[2]; // must be held as long
    // By how much the live bytes have changed, whichever way; most first.
    struct ms_diff_site *sites;
    struct ms_diff_thread *threads;
    size_t site_count, thread_count;
};

// ms_diff_make compares; ms_diff_fini frees what is in it.
enum memscope_status ms_diff_make(const struct ms_snapshot *a,
                                  const struct ms_snapshot *b,
                                  struct ms_diff *out) MEMSCOPE_MUST_CHECK;
void ms_diff_fini(struct ms_diff *diff);

// The difference of one number; it saturates.
int64_t ms_diff_of(uint64_t before, uint64_t after);

#endif
