// SPDX-License-Identifier: MIT
//
// open_writer: a writer of a store as a thread has it that lives for as long as
// the test, and has no name.

#ifndef MS_TESTS_OPEN_WRITER_H
#define MS_TESTS_OPEN_WRITER_H

#include "runtime/store.h"

static inline bool ms_nobody_is_gone(uint32_t tid)
{
    (void)tid;
    return false;
}

// NULL: the store has no place for one more.
static inline struct ms_writer *ms_open_writer(struct ms_store *store,
                                               uint32_t tid)
{
    static const uint64_t no_name[2];

    return ms_store_writer_open(store, tid, no_name, ms_nobody_is_gone);
}

#endif
