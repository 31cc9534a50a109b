// SPDX-License-Identifier: MIT
//
// source: where a rendering takes its stacks from: a running or ended session
// as it is now or was at a moment, or a snapshot. Any thread.

#ifndef MS_ENGINE_SOURCE_H
#define MS_ENGINE_SOURCE_H

#include "engine/snapshot.h"
#include "engine/stacks.h"

enum ms_at_kind { MS_AT_NOW, MS_AT_SNAPSHOT, MS_AT_UPTIME };

struct ms_at {
    enum ms_at_kind kind;
    uint64_t value; // id of a snapshot; nanoseconds: see engine/moment.h
};

struct ms_source {
    struct ms_engine *engine;
    struct ms_session_info session;
    struct ms_stats stats;          // of the same cut as the stacks
    const struct ms_stacks *stacks; // one of the following
    struct ms_stacks copied;
    const struct ms_snapshot *snapshot; // held; NULL: none
    size_t unnamed;                     // frames whose names are still to come
};

// ms_source_open takes all stacks at `at`; of a session, their frames are
// looked up. NOT_FOUND: no such session or snapshot; STATE: no tick yet.
enum memscope_status ms_source_open(struct ms_engine *engine, uint32_t session,
                                    const struct ms_at *at,
                                    struct ms_source *out) MEMSCOPE_MUST_CHECK;
// ms_source_move puts it elsewhere; the old place is closed.
void ms_source_move(struct ms_source *to, struct ms_source *from);
void ms_source_close(struct ms_source *source);

// ms_source_frame gives a frame, by its number, with the name that is known by
// now.
struct ms_frame ms_source_frame(const struct ms_source *source,
                                uint32_t number);

// What a stack weighs.
enum ms_weight {
    MS_WEIGHT_LIVE_BYTES,
    MS_WEIGHT_LIVE_BLOCKS,
    MS_WEIGHT_ALLOC_BYTES,
    MS_WEIGHT_ALLOC_COUNT,
    MS_WEIGHTS
};
const char *ms_weight_name(enum ms_weight weight);
bool ms_weight_is_bytes(enum ms_weight weight);
// False: there is none of this name.
bool ms_weight_of_name(const char *name, enum ms_weight *out);
uint64_t ms_weight_of(const struct ms_stack_row *row, enum ms_weight weight);

#endif
