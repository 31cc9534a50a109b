// SPDX-License-Identifier: MIT
//
// annotations: what the program says of itself: tasks, scopes, pools, types,
// marks. Any thread; waits for a tick in progress at most. Results belong to
// the caller (free).

#ifndef MS_ENGINE_ANNOTATIONS_H
#define MS_ENGINE_ANNOTATIONS_H

#include "engine/engine.h"

#define MS_NAME_BYTES 120u

enum ms_group_kind { MS_GROUP_TASK, MS_GROUP_SCOPE, MS_GROUP_POOL };

struct ms_group_row {
    enum ms_group_kind kind;
    uint32_t id; // stable within the session
    char name[MS_NAME_BYTES];
    uint64_t live_bytes, live_blocks, alloc_bytes, alloc_count;
    uint64_t free_bytes, free_count;
    // Of tasks only:
    uint32_t parent; // id, 0: none
    bool shared;     // of all later tasks of this name
    uint64_t created, ended, entered, hops;
    uint64_t create_ns, end_ns; // uptimes; end 0: not yet
};

// ms_engine_groups gives tasks, scopes that have allocated, and pools.
enum memscope_status ms_engine_groups(struct ms_engine *engine,
                                      uint32_t session,
                                      struct ms_group_row **rows,
                                      size_t *count) MEMSCOPE_MUST_CHECK;

#define MS_TYPE_NAME_BYTES 512u
struct ms_type_row {
    char name[MS_TYPE_NAME_BYTES];
    const char *from; // static: "annotated", or as in measured_types.h
    uint64_t live_bytes, live_blocks;
    // UINT64_MAX: not known. Since the program began, from the tag on: a
    // realloc counts as a free and an allocation, and so does another tag.
    uint64_t alloc_bytes, alloc_count;
    uint64_t free_bytes, free_count;
};
// ms_engine_types sums the blocks that have been tagged with a type, and those
// with a variable, by name; as they are when it is asked.
enum memscope_status
ms_engine_types(struct ms_engine *engine, uint32_t session,
                struct ms_type_row **rows, size_t *count,
                struct ms_type_row **variables,
                size_t *variable_count) MEMSCOPE_MUST_CHECK;

struct ms_mark_row {
    uint64_t seq;     // 1, 2, ...
    const char *kind; // static
    char name[MS_NAME_BYTES];
    uint64_t time_ns; // uptime
    uint64_t address; // of a block, or 0
    uint32_t site;    // id, or 0
    uint32_t thread;  // id
};
// How often something was said, or what could not be recorded. Names are
// static; the lists end with one that is NULL.
struct ms_named_count {
    const char *name;
    uint64_t count;
};
struct ms_annotation_counts {
    struct ms_named_count said[16], moments[16], dropped[16];
};
// ms_engine_marks gives the last moments, oldest first.
enum memscope_status ms_engine_marks(struct ms_engine *engine, uint32_t session,
                                     struct ms_annotation_counts *counts,
                                     struct ms_mark_row **rows,
                                     size_t *count) MEMSCOPE_MUST_CHECK;

#endif
