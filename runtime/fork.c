// SPDX-License-Identifier: MIT
// See fork.h for the contract.

#include "fork.h"

#include <pthread.h>

#include "capture/guard.h"
#include "capture/passing.h"
#include "platform/memory.h"
#include "unwind/unwinder.h"

// How many forks in the middle of an event are under way. A child forked
// meanwhile by another thread finds our memory kept as well.
static _Atomic uint32_t keeping;
MS_THREAD_LOCAL bool busy;          // this fork is one
MS_THREAD_LOCAL void *passing_page; // where a hook that it is in may look next

// What the event that was interrupted still needs in the child, where it ends
// in this memory and leads nowhere.
static void keep(bool yes)
{
    struct ms_writer *w = ms_guard_writer;
    struct ms_runtime_parts parts;

    if (!ms_runtime_parts(&parts))
        return;
    (void)ms_memory_keep(parts.memory, parts.bytes, yes);
    (void)ms_memory_keep(w, sizeof *w, yes);
    (void)ms_memory_keep(w->unwinder, sizeof *w->unwinder, yes);
    (void)ms_memory_keep(w->own.entries, ms_row_map_bytes(&w->own), yes);
    (void)ms_memory_keep(w->foreign.entries, ms_row_map_bytes(&w->foreign),
                         yes);
    // relaxed: it is only looked up where it is
    (void)ms_memory_keep(ms_load_relaxed(&parts.rules->table),
                         ms_rules_bytes(parts.rules), yes);
}

static void before(void)
{
    const struct ms_writer *w = ms_guard_writer;

    passing_page = ms_passing_page();
    busy = w != NULL && w->state == MS_WRITER_BUSY;
    if (!busy)
        return;
    ms_add_relaxed(&keeping, 1u); // relaxed: read after the fork, by a child
    keep(true);
}

static void in_parent(void)
{
    if (!busy)
        return;
    keep(false);
    ms_add_relaxed(&keeping, UINT32_MAX); // relaxed: as above
    busy = false;
}

static void in_child(void)
{
    struct ms_runtime_parts parts;

    // A page that says exact: the hook then finds out for itself.
    if (!busy && passing_page != NULL)
        (void)ms_memory_stand_in(passing_page, MS_PASSING_BYTES);
    if (ms_load_relaxed(&keeping) == 0)
        return;
    // Memory that nobody reads stands where the parent's segment was.
    if (busy && ms_runtime_parts(&parts)) {
        (void)ms_memory_stand_in(parts.store->base, parts.store->base_bytes);
        if (parts.store->index != NULL)
            (void)ms_memory_stand_in((void *)parts.store->index,
                                     parts.store->index_bytes);
    }
    busy = false;
    ms_store_relaxed(&keeping, 0);
    ms_guard_writer = NULL;
    ms_runtime_renew();
}

void ms_fork_prepare(void)
{
    (void)pthread_atfork(before, in_parent, in_child);
}
