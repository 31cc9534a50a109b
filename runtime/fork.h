// SPDX-License-Identifier: MIT
//
// fork: a child that is forked by a signal handler in the middle of an event,
// and that goes on with that event when the handler returns. Otherwise a child
// needs nothing of us: it finds our memory wiped and begins anew.

#ifndef MS_RUNTIME_FORK_H
#define MS_RUNTIME_FORK_H

#include <stdbool.h>

struct ms_store;
struct ms_rules;

// What lifecycle.c has of the runtime that is live; false: none is.
struct ms_runtime_parts {
    void *memory;
    unsigned long bytes;
    const struct ms_store *store;
    const struct ms_rules *rules;
};
bool ms_runtime_parts(struct ms_runtime_parts *out);

// ms_runtime_renew makes a forked child forget the runtime that it was forked
// with, though it still has it. The child's only thread.
void ms_runtime_renew(void);

// ms_fork_prepare has this process look after its forks. Once.
void ms_fork_prepare(void);

#endif
