// SPDX-License-Identifier: MIT
//
// groups: sums over the rows of one task, scope or pool. A row counts for the
// innermost task of its context, for each of its scopes once, and for its
// innermost pool: tasks and pools add up, scopes contain one another.

#ifndef MS_ENGINE_MODEL_GROUPS_H
#define MS_ENGINE_MODEL_GROUPS_H

#include "reader.h"

struct ms_group {
    uint64_t alloc_bytes, alloc_count, free_bytes, free_count;
};

// By number of the task, then of the scope's name, then of the pool.
#define MS_GROUPS_SCOPES ((size_t)MS_TASK_CAPACITY)
#define MS_GROUPS_POOLS (MS_GROUPS_SCOPES + MS_STRING_CAPACITY)
#define MS_GROUPS (MS_GROUPS_POOLS + MS_POOL_CAPACITY)

// ms_groups_allocated and ms_groups_freed book a gain of a row in a context (0:
// none).
void ms_groups_allocated(struct ms_group *groups, struct ms_reader *r,
                         uint32_t context, uint64_t count, uint64_t bytes);
void ms_groups_freed(struct ms_group *groups, struct ms_reader *r,
                     uint32_t context, uint64_t count, uint64_t bytes);

#endif
