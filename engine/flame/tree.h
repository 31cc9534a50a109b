// SPDX-License-Identifier: MIT
//
// tree: calls merged by what they are called, while a flame graph is made.
// Nodes and frames have numbers from 1; node 1 is the root, a parent has a
// smaller number than its children. Pure.

#ifndef MS_ENGINE_FLAME_TREE_H
#define MS_ENGINE_FLAME_TREE_H

#include "engine/flame.h"

struct ms_tree_node {
    uint32_t parent; // 0: the root's
    uint32_t frame;  // number; 0: the root's
    uint64_t self[2], total[2], count[2];
};

// A set of numbers, found by the hash of what they stand for.
struct ms_number_set {
    uint32_t *slots; // open addressing, at most half full
    size_t room;     // a power of two
};

struct ms_tree {
    struct ms_tree_node *nodes;
    struct ms_flame_frame *frames;
    size_t node_count, node_room, frame_count, frame_room;
    struct ms_number_set by_call; // nodes, by parent and frame
    struct ms_number_set by_name; // frames
};

bool ms_tree_init(struct ms_tree *t);
void ms_tree_fini(struct ms_tree *t);

// ms_tree_frame finds or makes a frame; 0: out of memory.
uint32_t ms_tree_frame(struct ms_tree *t, const struct ms_flame_frame *frame);

// ms_tree_child finds or makes a node; 0: out of memory.
uint32_t ms_tree_child(struct ms_tree *t, uint32_t parent, uint32_t frame);

// ms_tree_sum makes the totals out of what each node has itself: until then
// `count` is its own as well.
void ms_tree_sum(struct ms_tree *t);

#endif
