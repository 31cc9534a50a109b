// SPDX-License-Identifier: MIT
//
// stacks: the heap by call stack. A stack is named by the node of its
// innermost frame, taken out of its context: what one stack allocates in two
// tasks is one stack's. The rows that changed last stand first in a list, so
// that who asks for what is new since a tick pays for that alone. Under the
// session's lock.
//
// A stack costs MS_STACK_BYTES, and another 4 for each context it is met in.

#ifndef MS_ENGINE_MODEL_STACKS_H
#define MS_ENGINE_MODEL_STACKS_H

#include <stdint.h>

#include <memscope.h>

#include "runtime/segment.h"
#include "symbols/symbols.h"

struct ms_stack_sums {
    uint32_t node;         // of the innermost frame; constant
    uint32_t site;         // index; constant
    uint32_t newer, older; // neighbours in the list of changes; 1 + index
    uint64_t changed_seq;
    uint64_t alloc_bytes, alloc_count, free_bytes, free_count;
    uint64_t realloc_count, temporary_count, lifetime_units;
    uint64_t mapped_bytes; // live, of its mappings
    uint32_t rows;         // see ms_row_seen.next_of_stack
    uint32_t next_of_site; // 1 + index of another stack of the site; 0: none
    const struct ms_symbol_type *type; // declared; NULL: none, or not yet known
};
#define MS_STACK_BYTES (sizeof(struct ms_stack_sums) + sizeof(uint32_t))

// Rows never move: they stand in chunks, made when they are needed.
#define MS_STACK_CHUNK 4096u
#define MS_STACK_CHUNKS (MS_NODE_CAPACITY / MS_STACK_CHUNK)

struct ms_stack_table {
    struct ms_stack_sums **chunks;
    uint32_t *of_node; // 1 + index, by node with or without context; sparse
    uint32_t count;
    uint32_t entries;        // of of_node
    uint32_t newest, oldest; // ends of the list; 1 + index, 0: none
};

enum memscope_status
ms_stack_table_init(struct ms_stack_table *t) MEMSCOPE_MUST_CHECK;
void ms_stack_table_fini(struct ms_stack_table *t);
uint64_t ms_stack_table_bytes(const struct ms_stack_table *t);

static inline struct ms_stack_sums *
ms_stack_table_at(const struct ms_stack_table *t, uint32_t index)
{
    return &t->chunks[index / MS_STACK_CHUNK][index % MS_STACK_CHUNK];
}

// ms_stack_table_add makes a stack; it is not on the list yet. Returns 1 +
// index; 0: out of memory.
uint32_t ms_stack_table_add(struct ms_stack_table *t, uint32_t node,
                            uint32_t site);

// ms_stack_table_name lets a node, in its context, stand for a stack (1 +
// index).
void ms_stack_table_name(struct ms_stack_table *t, uint32_t node,
                         uint32_t stack);

// ms_stack_table_touch notes a change and puts the stack first in the list.
void ms_stack_table_touch(struct ms_stack_table *t, uint32_t index,
                          uint64_t seq);

#endif
