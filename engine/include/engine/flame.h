// SPDX-License-Identifier: MIT
//
// flame: the tree of calls that a flame graph shows, in preorder, heaviest
// first. Calls of one function by one caller are one node, from wherever in it
// they come. Any thread.

#ifndef MS_ENGINE_FLAME_H
#define MS_ENGINE_FLAME_H

#include "engine/source.h"

struct ms_flame_order {
    uint32_t session;
    enum ms_weight weight;
    struct ms_at at;
    struct ms_at from; // compared with it, when `compare`
    bool compare;
    bool by_line;  // calls from different lines are different nodes
    bool inverted; // from the innermost frame to its callers
    double least;  // share of the total below which a node is left out
};

// Names belong to the engine or to the snapshot of the source.
struct ms_flame_frame {
    const char *function, *file, *module;
    uint32_t line; // 0: unknown, or not told apart
};

// [0]: at `at`; [1]: at `from`.
struct ms_flame_node {
    uint32_t frame; // index
    uint32_t depth; // 0: the outermost
    uint64_t self[2];
    uint64_t total[2];
    uint64_t count[2]; // blocks or allocations of the total
};

struct ms_flame {
    struct ms_flame_order order;
    struct ms_source at, from; // open
    struct ms_flame_frame *frames;
    size_t frame_count;
    struct ms_flame_node *nodes; // preorder
    size_t node_count;
    uint64_t total[2];
    uint64_t count[2];
    size_t hidden_nodes;      // left out
    uint64_t hidden_total[2]; // what they weigh
};

// ms_flame_make builds the tree. Errors are those of ms_source_open.
enum memscope_status ms_flame_make(struct ms_engine *engine,
                                   const struct ms_flame_order *order,
                                   struct ms_flame *out) MEMSCOPE_MUST_CHECK;
// ms_flame_of takes a source over, whatever it returns; at and from of the
// order are not read.
enum memscope_status ms_flame_of(struct ms_source *source,
                                 const struct ms_flame_order *order,
                                 struct ms_flame *out) MEMSCOPE_MUST_CHECK;
void ms_flame_fini(struct ms_flame *flame);

#endif
