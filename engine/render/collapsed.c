// SPDX-License-Identifier: MIT
//
// collapsed: one line for each stack: its functions, outermost first, and what
// it weighs. Stacks of the same functions are one line.

#include <stdlib.h>

#include "engine/flame.h"
#include "render/exports.h"

struct collapsed_stream {
    struct ms_export_stream base; // first
    struct ms_flame flame;
    size_t row;
    uint32_t *path; // frames, by depth
};

// A name without what separates names and lines.
static void put_name(struct ms_writer_buffer *w, const char *name)
{
    size_t from = w->count;

    ms_put_utf8(w, name);
    for (size_t i = from; i < w->count; i++)
        if (w->bytes[i] == ';')
            w->bytes[i] = ':';
        else if ((unsigned char)w->bytes[i] < ' ')
            w->bytes[i] = ' ';
}

static bool next_of_collapsed(struct ms_render_stream *base)
{
    struct collapsed_stream *s = (struct collapsed_stream *)base;
    struct ms_writer_buffer *w = &base->piece;
    const struct ms_flame *f = &s->flame;

    while (s->row < f->node_count && w->count < MS_PIECE_BYTES && !w->failed) {
        const struct ms_flame_node *n = &f->nodes[s->row++];
        s->path[n->depth] = n->frame;
        if (n->self[0] == 0)
            continue;
        for (uint32_t i = 0; i <= n->depth; i++) {
            if (i != 0)
                ms_put(w, ";");
            put_name(w, f->frames[s->path[i]].function);
        }
        ms_put(w, " ");
        ms_put_number(w, n->self[0]);
        ms_put(w, "\n");
    }
    return s->row < f->node_count;
}

static bool begin_collapsed(struct ms_render_stream *base)
{
    struct collapsed_stream *s = (struct collapsed_stream *)base;
    struct ms_flame_order order = {.weight = s->base.order.weight};
    uint32_t deepest = 0;

    if (ms_flame_of(&s->base.source, &order, &s->flame) != MEMSCOPE_OK)
        return false;
    for (size_t i = 0; i < s->flame.node_count; i++)
        if (s->flame.nodes[i].depth > deepest)
            deepest = s->flame.nodes[i].depth;
    s->path = calloc((size_t)deepest + 1, sizeof *s->path);
    return s->path != NULL;
}

static void close_collapsed(struct ms_render_stream *base)
{
    struct collapsed_stream *s = (struct collapsed_stream *)base;

    ms_flame_fini(&s->flame);
    free(s->path);
}

const struct ms_exporter ms_export_collapsed = {
    .bytes = sizeof(struct collapsed_stream),
    .begin = begin_collapsed,
    .next = next_of_collapsed,
    .close = close_collapsed,
};
