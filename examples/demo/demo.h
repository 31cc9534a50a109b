// SPDX-License-Identifier: MIT
//
// demo: what the purposes of the demo program share: how long to go on, and
// exact counts of what each has allocated. A purpose is one thread (the queue
// two) that uses memory in one typical way. The program knows nothing of
// memscope.

#ifndef DEMO_H
#define DEMO_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What one purpose has allocated and freed so far; any thread may read it.
struct demo_counts {
    _Atomic uint64_t alloc_count;
    _Atomic uint64_t alloc_bytes;
    _Atomic uint64_t free_count;
    _Atomic uint64_t free_bytes;
};

// A purpose and the function that calls malloc for it.
struct demo_purpose {
    const char *name;
    const char *function;
    struct demo_counts *counts;
};

extern const struct demo_purpose demo_cache, demo_leaker, demo_burst,
    demo_queue, demo_tree;

// The threads' main functions.
void *cache_main(void *unused);
void *leaker_main(void *unused);
void *burst_main(void *unused);
void *producer_main(void *unused);
void *consumer_main(void *unused);
void *tree_main(void *unused);

// demo_step says whether to take another step. In steps mode: while `done` is
// below `steps`. Else: after waiting for `wait_ms`, until the program stops.
bool demo_step(unsigned done, unsigned steps, unsigned wait_ms);

// demo_stepped is true in steps mode, where a purpose ends with memory held.
bool demo_stepped(void);

// demo_finish is called by each thread when it has taken its steps: it waits
// until the program stops; what comes after it cleans up.
void demo_finish(void);

// demo_stop lets every thread end; any thread, not in a signal handler.
void demo_stop(void);

// demo_init chooses the mode; before any thread. demo_wait_finished waits
// until `threads` threads are in demo_finish.
void demo_init(bool steps);
void demo_wait_finished(unsigned threads);

// demo_allocated and demo_freed count one block; both return its pointer, so
// that they read as part of the call.
void *demo_allocated(struct demo_counts *counts, void *block, size_t bytes);
void *demo_freed(struct demo_counts *counts, void *block, size_t bytes);

#endif
