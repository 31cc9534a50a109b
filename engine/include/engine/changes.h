// SPDX-License-Identifier: MIT
//
// changes: what has changed in a session since a tick: each row that has, whole
// and as it is now. Who has the rows of that tick and puts these in their
// place (by id) has the rows of now: all that a snapshot says of them. Any
// thread; waits for a tick in progress at most.

#ifndef MS_ENGINE_CHANGES_H
#define MS_ENGINE_CHANGES_H

#include "engine/stacks.h"

struct ms_changes {
    struct ms_stats stats; // of now
    struct ms_histograms histograms;
    bool whole; // these are all rows: what one had before is not of this life
    struct ms_thread_row *threads;
    struct ms_site_row *sites;
    size_t thread_count, site_count;
    // Stacks that have changed (row.node is not set), and the return addresses
    // of each, innermost first: those of stack i end at frame_ends[i].
    struct ms_stack_row *stacks;
    size_t stack_count;
    uint64_t *frames;
    size_t *frame_ends;
    // Modules that were loaded or unloaded since.
    struct ms_module_info *modules;
    size_t module_count;
};

// ms_engine_changes takes them at one cut. `epoch` is the one that `since` is
// of; another one than the session's, "" or since 0 gives all rows.
enum memscope_status
ms_engine_changes(struct ms_engine *engine, uint32_t session, const char *epoch,
                  uint64_t since, struct ms_changes *out) MEMSCOPE_MUST_CHECK;
void ms_changes_fini(struct ms_changes *changes);

#endif
