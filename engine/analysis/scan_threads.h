// SPDX-License-Identifier: MIT
//
// scan_threads: the threads of a program for a leak scan: their registers,
// and which parts of their stacks are dead.

#ifndef MS_ENGINE_ANALYSIS_SCAN_THREADS_H
#define MS_ENGINE_ANALYSIS_SCAN_THREADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ms_span {
    uint64_t start, end;
};

struct ms_scan_threads {
    uint64_t *words; // of all registers
    size_t word_count;
    struct ms_span *dead; // no roots; in no order
    size_t dead_count;
    // Stack pointers of threads of our own, when the engine runs inside the
    // program: their stacks are no roots.
    uint64_t *own;
    size_t own_count;
    size_t room; // threads and slots that there is room for
};

struct ms_scan_memory;
// ms_scan_threads_look stops one thread after the other for a moment each, and
// counts in `m` how that went. False: no memory.
bool ms_scan_threads_look(struct ms_scan_memory *m,
                          struct ms_scan_threads *out);
void ms_scan_threads_fini(struct ms_scan_threads *t);

#endif
