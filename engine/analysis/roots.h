// SPDX-License-Identifier: MIT
//
// roots: where the pointers of a program begin, and how its memory is read.
//
// Roots are the registers of its threads, their stacks from the stack pointer
// up (with them thread-local storage), and all other writable memory that is
// no heap: data of modules, files, what the program has mapped itself. No
// roots: memory of the allocator (freed blocks still hold old pointers), dead
// parts of stacks, memscope's own. Only pages that hold something are read.

#ifndef MS_ENGINE_ANALYSIS_ROOTS_H
#define MS_ENGINE_ANALYSIS_ROOTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "analysis/reach.h"
#include "platform/memory_areas.h"
#include "session.h"

struct ms_scan_memory {
    struct ms_session *session;
    pid_t pid;
    const atomic_bool *stop;    // the engine ends
    void (*thread_start)(void); // of the engine's options, or NULL
    uint64_t deadline_ns;       // of CLOCK_MONOTONIC
    int pagemap;
    const char *failure; // why reading ended early; static, or NULL
    // What was seen:
    uint64_t root_bytes, block_bytes;
    uint32_t threads, blind_threads; // blind: registers are not known
    uint64_t longest_stop_ns, stop_ns;
};

// ms_scan_roots gives all roots to `reach`. False: see failure.
bool ms_scan_roots(struct ms_scan_memory *m, struct ms_reach *reach);

// ms_scan_read is the ms_reach_read of a ms_scan_memory.
ms_reach_read ms_scan_read;

#endif
