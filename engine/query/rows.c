// SPDX-License-Identifier: MIT
// See query/query.h for the contract: live blocks and frames, row by row.

#include <stdlib.h>
#include <string.h>

#include "platform/atomics.h"
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

// The innermost task, scope and pool.
static void find_context(struct ms_reader *r, struct ms_block_row *row)
{
    uint32_t context = row->block.context, value;
    enum ms_pseudo_kind kind;

    row->task = row->scope = row->pool = 0;
    for (size_t i = 0; i <= MS_CONTEXT_DEPTH && context != 0; i++) {
        context = ms_reader_link(r, context, &kind, &value);
        if (context == UINT32_MAX)
            return;
        if (kind == MS_PSEUDO_TASK && row->task == 0)
            row->task = value;
        else if (kind == MS_PSEUDO_SCOPE && row->scope == 0)
            row->scope = value;
        else if (kind == MS_PSEUDO_POOL && row->pool == 0)
            row->pool = value;
    }
}

// What it was tagged with, if it was. The note of an earlier block at this
// address may be on its way out: then its size is another, mostly.
static void find_note(struct ms_reader *r, struct ms_block_row *row)
{
    struct ms_annotations *a = ms_reader_annotations(r);
    uint32_t window = ms_note_window(row->block.address);

    row->variable[0] = row->type[0] = '\0';
    if (a == NULL)
        return;
    // acquire: pairs with whoever has shown a note [P]
    uint64_t word = ms_load_acquire(&a->note_words[window / MS_NOTE_WINDOW]);
    for (uint32_t k = 0; k < MS_NOTE_WINDOW && (uint32_t)word != 0; k++) {
        struct ms_note *note = &a->notes[window + k];
        // relaxed: shown by [P]
        if ((word >> k & 1) == 0 ||
            ms_load_relaxed(&note->key) != row->block.address * 2 + 1)
            continue;
        // relaxed: a name is checked by who reads it
        ms_reader_string(r, ms_load_relaxed(&note->variable), row->variable);
        ms_reader_string(r, ms_load_relaxed(&note->type), row->type);
        return;
    }
}

const struct ms_block_row *ms_block_rows_next(struct ms_block_rows *rows)
{
    struct ms_session *s = rows->query->cut.session;
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
        find_context(&s->reader, row);
        find_note(&s->reader, row);
    }
    return row;
}

const struct ms_frame_row *ms_frame_rows_next(struct ms_frame_rows *rows)
{
    const struct ms_stacks *all = rows->stacks;

    while (rows->node == 0) {
        if (rows->stack == rows->end)
            return NULL;
        rows->node = all->rows[rows->stack++].node;
        rows->depth = 0;
    }
    const struct ms_stack_node *node = &all->nodes[rows->node - 1];
    const struct ms_frame *frame = &all->frames[node->frame - 1];
    const char *path =
        frame->module != 0 ? all->modules[frame->module - 1].path : "";
    const char *slash = strrchr(path, '/');
    rows->row = (struct ms_frame_row){
        .stack = all->rows[rows->stack - 1].id,
        .depth = rows->depth++,
        .address = frame->address,
        .function = frame->function,
        .file = frame->file,
        .module = slash != NULL ? slash + 1 : path,
        .line = frame->line,
    };
    rows->node = node->parent;
    return &rows->row;
}
