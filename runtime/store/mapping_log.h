// SPDX-License-Identifier: MIT
//
// mapping_log: maps and unmaps on their way to the reader: a bounded queue, any
// thread in, the collector out. Not a fold like the blocks' events: two
// threads may give back two parts of one mapping at the same time, so its entry
// has no single owner; and a system call comes with each, so that a queue of
// this size lasts. Lock-free, signal-safe: what does not fit is counted.

#ifndef MS_RUNTIME_STORE_MAPPING_LOG_H
#define MS_RUNTIME_STORE_MAPPING_LOG_H

#include "runtime/store.h"

struct ms_mapping_note {
    enum ms_mapping_operation operation;
    enum ms_mapping_kind kind;
    uint64_t address; // whole pages
    uint64_t bytes;
    uint32_t protection; // PROT_* | MS_MAPPING_SHARED
    uint32_t stack;      // 0: unknown
    uint32_t thread;     // slot + 1; 0: unknown
};

void ms_mapping_log_add(struct ms_store *s, const struct ms_mapping_note *note);

#endif
