// SPDX-License-Identifier: MIT
// See stacks.h for the contract.

#include "model/stacks.h"

#include <stdlib.h>

#include "platform/memory.h"

#define OF_NODE_BYTES ((size_t)MS_NODE_CAPACITY * sizeof(uint32_t))

enum memscope_status ms_stack_table_init(struct ms_stack_table *t)
{
    *t = (struct ms_stack_table){0};
    t->chunks = calloc(MS_STACK_CHUNKS, sizeof *t->chunks);
    t->of_node = ms_memory_map(OF_NODE_BYTES);
    if (t->chunks != NULL && t->of_node != NULL)
        return MEMSCOPE_OK;
    ms_stack_table_fini(t);
    return MEMSCOPE_ERROR_MEMORY;
}

void ms_stack_table_fini(struct ms_stack_table *t)
{
    for (size_t i = 0; t->chunks != NULL && i < MS_STACK_CHUNKS; i++)
        free(t->chunks[i]);
    free(t->chunks);
    if (t->of_node != NULL)
        ms_memory_unmap(t->of_node, OF_NODE_BYTES);
    *t = (struct ms_stack_table){0};
}

uint64_t ms_stack_table_bytes(const struct ms_stack_table *t)
{
    uint64_t chunks =
        (t->count + (uint64_t)MS_STACK_CHUNK - 1) / MS_STACK_CHUNK;

    return MS_STACK_CHUNKS * sizeof *t->chunks +
           chunks * MS_STACK_CHUNK * sizeof **t->chunks +
           t->entries * sizeof *t->of_node;
}

uint32_t ms_stack_table_add(struct ms_stack_table *t, uint32_t node,
                            uint32_t site)
{
    // Every stack has a node of its own: there is a chunk for each.
    struct ms_stack_sums **chunk = &t->chunks[t->count / MS_STACK_CHUNK];

    if (*chunk == NULL)
        *chunk = calloc(MS_STACK_CHUNK, sizeof **chunk);
    if (*chunk == NULL)
        return 0;
    struct ms_stack_sums *s = ms_stack_table_at(t, t->count++);
    s->node = node;
    s->site = site;
    ms_stack_table_name(t, node, t->count);
    return t->count;
}

void ms_stack_table_name(struct ms_stack_table *t, uint32_t node,
                         uint32_t stack)
{
    t->entries += t->of_node[node] == 0;
    t->of_node[node] = stack;
}

static void unlink_stack(struct ms_stack_table *t, struct ms_stack_sums *s)
{
    if (s->newer != 0)
        ms_stack_table_at(t, s->newer - 1)->older = s->older;
    else
        t->newest = s->older;
    if (s->older != 0)
        ms_stack_table_at(t, s->older - 1)->newer = s->newer;
    else
        t->oldest = s->newer;
}

void ms_stack_table_touch(struct ms_stack_table *t, uint32_t index,
                          uint64_t seq)
{
    struct ms_stack_sums *s = ms_stack_table_at(t, index);
    bool listed = s->changed_seq != 0;

    s->changed_seq = seq;
    if (t->newest == index + 1)
        return;
    if (listed)
        unlink_stack(t, s);
    s->newer = 0;
    s->older = t->newest;
    if (t->newest != 0)
        ms_stack_table_at(t, t->newest - 1)->newer = index + 1;
    else
        t->oldest = index + 1;
    t->newest = index + 1;
}
