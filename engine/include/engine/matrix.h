// SPDX-License-Identifier: MIT
//
// matrix: who has freed whose blocks: allocating by freeing threads. Any
// thread; waits for a tick in progress at most.

#ifndef MS_ENGINE_MATRIX_H
#define MS_ENGINE_MATRIX_H

#include "engine/picture.h"

#define MS_MATRIX_MOST 64u // threads that stand by themselves

struct ms_matrix_cell {
    uint64_t blocks, bytes;
};

struct ms_matrix {
    uint32_t session;
    char epoch[17];
    uint64_t seq;
    size_t thread_total;
    // Those with the most frees across threads, theirs and of theirs.
    struct ms_thread_row *threads;
    size_t count;
    // (count + 1) rows of as many cells: row i was allocated by thread i,
    // column j freed by thread j; the last of each are all others together.
    // All cells add up to what was freed. What the program has unmapped counts
    // as freed by the thread that had mapped it.
    struct ms_matrix_cell *cells;
};

// ms_engine_matrix gives it for up to `most` threads (MS_MATRIX_MOST at most).
enum memscope_status
ms_engine_matrix(struct ms_engine *engine, uint32_t session, size_t most,
                 struct ms_matrix *out) MEMSCOPE_MUST_CHECK;
void ms_matrix_fini(struct ms_matrix *matrix);

#endif
