// SPDX-License-Identifier: MIT
//
// limits: the program's limit on its address space, in which our own mappings
// lie as well: 35 TB of live index, nearly all of it never touched. The limit
// is set higher by what is ours, and shown without it. Any thread; no lock, no
// allocation; async-signal-safe.

#ifndef MS_RUNTIME_LIMITS_H
#define MS_RUNTIME_LIMITS_H

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

// ms_limits_change is prlimit. Gives 0, or -1 and errno.
int ms_limits_change(pid_t pid, int resource, const struct rlimit *set,
                     struct rlimit *was);

// ms_limits_restore undoes, in a new image of a process, what an older one
// has added to its limit. Before the store is created.
void ms_limits_restore(void);

// Whether this process is captured: it has our mappings. See lifecycle.c.
bool ms_runtime_is_live(void);

#endif
