// SPDX-License-Identifier: MIT
//
// nodes: the nodes of the stack table that a thread has met last, and the
// modules that their addresses lay in, so that it need not ask what all threads
// share. A node never changes; a module may be unloaded.
//
// The owner thread only; nothing is allocated. All zero is an empty one.

#ifndef MS_RUNTIME_UNWIND_NODES_H
#define MS_RUNTIME_UNWIND_NODES_H

#include <stdint.h>

#include "platform/compiler.h"
#include "runtime/store.h"

#define MS_NODES_BITS 10u
#define MS_NODES_MODULES 8u

struct ms_known_node {
    uint64_t address; // 0: none
    uint32_t parent, node;
};

struct ms_known_module {
    uint64_t start, bytes;
    uint32_t module;
};

struct ms_nodes {
    struct ms_known_module modules[MS_NODES_MODULES];
    uint32_t next_module; // to be replaced
    struct ms_known_node known[1u << MS_NODES_BITS];
};

// ms_nodes_meet asks the store, and remembers what it says.
uint32_t ms_nodes_meet(struct ms_nodes *nodes, struct ms_store *store,
                       uint64_t address, uint32_t parent,
                       struct ms_known_node *known);

// ms_nodes_forget_modules is for when one was unloaded.
void ms_nodes_forget_modules(struct ms_nodes *nodes);

// ms_nodes_node is ms_store_stack.
MS_ALWAYS_INLINE uint32_t ms_nodes_node(struct ms_nodes *nodes,
                                        struct ms_store *store,
                                        uint64_t address, uint32_t parent)
{
    uint64_t hash = (address ^ (uint64_t)parent << 40 ^ parent) *
                    UINT64_C(0x9E3779B97F4A7C15);
    struct ms_known_node *k = &nodes->known[hash >> (64 - MS_NODES_BITS)];

    if (ms_likely(k->address == address && k->parent == parent))
        return k->node;
    return ms_nodes_meet(nodes, store, address, parent, k);
}

#endif
