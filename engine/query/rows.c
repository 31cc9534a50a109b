// SPDX-License-Identifier: MIT
// See query/query.h for the contract: live blocks and frames, row by row.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/query.h"

#define BLOCKS_AT_ONCE 256u

struct ms_block_rows {
    struct ms_sql *query;
    struct ms_block_walk *walk;
    bool labels;
    uint64_t now_ns; // uptime
    size_t at, count;
    struct ms_block blocks[BLOCKS_AT_ONCE];
    struct ms_block_row row;
};

struct ms_block_rows *ms_block_rows_create(struct ms_sql *q, uint64_t low,
                                           uint64_t high, bool labels)
{
    struct ms_block_rows *rows = calloc(1, sizeof *rows);

    if (rows == NULL)
        return NULL;
    rows->query = q;
    rows->labels = labels;
    rows->now_ns = q->cut.stats.uptime_ns;
    if (ms_block_walk_create(q->cut.engine, q->cut.stats.session,
                             &rows->walk) != MEMSCOPE_OK) {
        free(rows);
        return NULL;
    }
    if (low != 0 || high != UINT64_MAX)
        ms_block_walk_between(rows->walk, low, high);
    return rows;
}

void ms_block_rows_destroy(struct ms_block_rows *rows)
{
    if (rows == NULL)
        return;
    ms_block_walk_destroy(rows->walk);
    free(rows);
}

const struct ms_block_row *ms_block_rows_next(struct ms_block_rows *rows)
{
    struct ms_block_row *row = &rows->row;

    if (rows->at == rows->count) {
        if (ms_sql_expired(rows->query))
            return NULL;
        rows->count =
            ms_block_walk_next(rows->walk, rows->blocks, BLOCKS_AT_ONCE);
        rows->at = 0;
        if (rows->count == 0)
            return NULL;
    }
    row->block = rows->blocks[rows->at++];
    row->age_ns = rows->now_ns > row->block.birth_ns
                      ? rows->now_ns - row->block.birth_ns
                      : 0;
    if (rows->labels) {
        ms_block_walk_name(rows->walk, row->block.said.variable, row->variable);
        ms_block_walk_name(rows->walk, row->block.said.type, row->type);
        ms_block_walk_name(rows->walk, row->block.said.scope, row->scope);
        row->type_from = row->block.said.type != 0 ? "annotated" : NULL;
    }
    if (rows->labels && row->type_from == NULL &&
        row->block.declared[0] != '\0') {
        snprintf(row->type, sizeof row->type, "%s", row->block.declared);
        row->type_from = "dwarf";
    }
    return row;
}

// Goes on to the next node, of the same stack or the next one. False: the end.
static bool next_node(struct ms_frame_rows *rows)
{
    const struct ms_stacks *all = rows->stacks;

    while (rows->node == 0) {
        if (rows->stack == rows->end)
            return false;
        rows->node = all->rows[rows->stack++].node;
        rows->depth = 0;
    }
    const struct ms_stack_node *node = &all->nodes[rows->node - 1];
    rows->frame = &all->frames[node->frame - 1];
    rows->node = node->parent;
    rows->call_count = ms_frame_calls(rows->engine, rows->frame, rows->calls);
    rows->call = 0;
    return true;
}

const struct ms_frame_row *ms_frame_rows_next(struct ms_frame_rows *rows)
{
    if (rows->call == rows->call_count && !next_node(rows))
        return NULL;
    const struct ms_call *call = &rows->calls[rows->call++];
    const struct ms_stacks *all = rows->stacks;
    const struct ms_frame *frame = rows->frame;
    const char *path =
        frame->module != 0 ? all->modules[frame->module - 1].path : "";
    const char *slash = strrchr(path, '/');
    rows->row = (struct ms_frame_row){
        .stack = all->rows[rows->stack - 1].id,
        .depth = rows->depth++,
        .address = frame->address,
        .function = call->function,
        .file = call->file,
        .module = slash != NULL ? slash + 1 : path,
        .line = call->line,
        .inlined = rows->call < rows->call_count,
    };
    return &rows->row;
}
