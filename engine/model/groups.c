// SPDX-License-Identifier: MIT
// See groups.h for the contract.

#include "model/groups.h"

static void add(struct ms_group *to, const struct ms_group *gain)
{
    to->alloc_bytes += gain->alloc_bytes;
    to->alloc_count += gain->alloc_count;
    to->free_bytes += gain->free_bytes;
    to->free_count += gain->free_count;
}

static bool is_among(const uint32_t *list, size_t count, uint32_t value)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == value)
            return true;
    return false;
}

static void add_all(struct ms_group *groups, struct ms_reader *r,
                    uint32_t context, const struct ms_group *gain)
{
    uint32_t scopes[MS_CONTEXT_DEPTH + 1], value;
    size_t scope_count = 0;
    bool task = false, pool = false;

    // A pool is one link more than may be nested.
    for (size_t i = 0; i <= MS_CONTEXT_DEPTH && context != 0; i++) {
        enum ms_pseudo_kind kind;
        context = ms_reader_link(r, context, &kind, &value);
        if (context == UINT32_MAX) {
            r->damaged++;
            return;
        }
        if (kind == MS_PSEUDO_TASK && !task) {
            add(&groups[value], gain);
            task = true;
        } else if (kind == MS_PSEUDO_POOL && !pool) {
            add(&groups[MS_GROUPS_POOLS + value], gain);
            pool = true;
        } else if (kind == MS_PSEUDO_SCOPE &&
                   !is_among(scopes, scope_count, value)) {
            add(&groups[MS_GROUPS_SCOPES + value], gain);
            scopes[scope_count++] = value;
        }
    }
}

void ms_groups_allocated(struct ms_group *groups, struct ms_reader *r,
                         uint32_t context, uint64_t count, uint64_t bytes)
{
    struct ms_group gain = {.alloc_count = count, .alloc_bytes = bytes};

    add_all(groups, r, context, &gain);
}

void ms_groups_freed(struct ms_group *groups, struct ms_reader *r,
                     uint32_t context, uint64_t count, uint64_t bytes)
{
    struct ms_group gain = {.free_count = count, .free_bytes = bytes};

    add_all(groups, r, context, &gain);
}
