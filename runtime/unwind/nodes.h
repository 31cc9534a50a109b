// SPDX-License-Identifier: MIT
//
// nodes: the stack table as one thread asks it. A new node wants to know its
// module: the thread keeps those that it has met last, so that it need not ask
// what all threads share. A node never changes; a module may be unloaded.
//
// The owner thread only; nothing is allocated. All zero is an empty one.

#ifndef MS_RUNTIME_UNWIND_NODES_H
#define MS_RUNTIME_UNWIND_NODES_H

#include <stdint.h>

#include "platform/compiler.h"
#include "runtime/store.h"

#define MS_NODES_MODULES 8u

struct ms_known_module {
    uint64_t start, bytes;
    uint32_t module;
};

struct ms_nodes {
    struct ms_known_module modules[MS_NODES_MODULES];
    uint32_t next_module; // to be replaced
};

// ms_nodes_meet is ms_store_stack.
uint32_t ms_nodes_meet(struct ms_nodes *nodes, struct ms_store *store,
                       uint64_t address, uint32_t parent);

// ms_nodes_forget_modules is for when one was unloaded.
void ms_nodes_forget_modules(struct ms_nodes *nodes);

// ms_nodes_node is ms_store_stack.
MS_ALWAYS_INLINE uint32_t ms_nodes_node(struct ms_nodes *nodes,
                                        struct ms_store *store,
                                        uint64_t address, uint32_t parent)
{
    uint32_t node = ms_store_known_stack(store, address, parent);

    return ms_likely(node != 0) ? node
                                : ms_nodes_meet(nodes, store, address, parent);
}

#endif
