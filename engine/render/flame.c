// SPDX-License-Identifier: MIT
// See engine/render.h for the contract: a flame graph, column by column.

#include <stdlib.h>

#include "engine/flame.h"
#include "render/stream.h"

struct flame_stream {
    struct ms_render_stream base; // first
    struct ms_flame flame;
    size_t part;
    size_t row; // next one of the part
};

struct column {
    const char *open;
    bool of_frames;     // else of nodes
    bool compared_only; // there only when two moments are compared
    void (*put)(struct ms_writer_buffer *w, const struct ms_flame *f, size_t i);
};

static void put_function(struct ms_writer_buffer *w, const struct ms_flame *f,
                         size_t i)
{
    ms_put_json_text(w, f->frames[i].function);
}

static void put_file(struct ms_writer_buffer *w, const struct ms_flame *f,
                     size_t i)
{
    ms_put_json_text(w, f->frames[i].file);
}

static void put_line(struct ms_writer_buffer *w, const struct ms_flame *f,
                     size_t i)
{
    ms_put_number(w, f->frames[i].line);
}

static void put_module(struct ms_writer_buffer *w, const struct ms_flame *f,
                       size_t i)
{
    ms_put_json_text(w, f->frames[i].module);
}

#define NODE_COLUMN(name, field)                                               \
    static void put_##name(struct ms_writer_buffer *w,                         \
                           const struct ms_flame *f, size_t i)                 \
    {                                                                          \
        ms_put_number(w, f->nodes[i].field);                                   \
    }
NODE_COLUMN(frame, frame)
NODE_COLUMN(depth, depth)
NODE_COLUMN(self, self[0])
NODE_COLUMN(total, total[0])
NODE_COLUMN(count, count[0])
NODE_COLUMN(from_self, self[1])
NODE_COLUMN(from_total, total[1])
NODE_COLUMN(from_count, count[1])

static const struct column columns[] = {
    {",\n\"frames\":{\"function\":[", true, false, put_function},
    {",\n\"file\":[", true, false, put_file},
    {",\n\"line\":[", true, false, put_line},
    {",\n\"module\":[", true, false, put_module},
    {"},\n\"nodes\":{\"frame\":[", false, false, put_frame},
    {",\n\"depth\":[", false, false, put_depth},
    {",\n\"self\":[", false, false, put_self},
    {",\n\"total\":[", false, false, put_total},
    {",\n\"count\":[", false, false, put_count},
    {",\n\"from_self\":[", false, true, put_from_self},
    {",\n\"from_total\":[", false, true, put_from_total},
    {",\n\"from_count\":[", false, true, put_from_count},
};
#define COLUMNS (sizeof columns / sizeof *columns)

static json_t *render_at(const struct ms_source *s, const struct ms_at *at)
{
    return json_pack(
        "{s:i,s:s,s:I,s:o}", "session", (int)s->stats.session, "epoch",
        s->stats.epoch, "seq", (json_int_t)s->stats.seq, "snapshot",
        at->kind == MS_AT_SNAPSHOT ? json_integer((json_int_t)at->value)
                                   : json_null());
}

static json_t *flame_head(const struct ms_flame *f)
{
    const struct ms_flame_order *order = &f->order;
    json_t *o = render_at(&f->at, &order->at);

    if (o == NULL)
        return NULL;
#define FIELD(name, value) json_object_set_new(o, name, value)
    FIELD("weight", json_string(ms_weight_name(order->weight)));
    FIELD("unit",
          json_string(ms_weight_is_bytes(order->weight) ? "bytes" : "count"));
    FIELD("by", json_string(order->by_line ? "line" : "function"));
    FIELD("inverted", json_boolean(order->inverted));
    FIELD("total", ms_render_u64(f->total[0]));
    FIELD("count", ms_render_u64(f->count[0]));
    FIELD("hidden_nodes", ms_render_u64(f->hidden_nodes));
    FIELD("hidden_total", ms_render_u64(f->hidden_total[0]));
    FIELD("unnamed", ms_render_u64(f->at.unnamed + f->from.unnamed));
    if (order->compare) {
        json_t *from = render_at(&f->from, &order->from);
        json_object_set_new(from, "total", ms_render_u64(f->total[1]));
        json_object_set_new(from, "count", ms_render_u64(f->count[1]));
        json_object_set_new(from, "hidden_total",
                            ms_render_u64(f->hidden_total[1]));
        FIELD("from", from);
    }
#undef FIELD
    return o;
}

static bool next_of_flame(struct ms_render_stream *base)
{
    struct flame_stream *s = (struct flame_stream *)base;
    struct ms_writer_buffer *w = &base->piece;

    if (s->part == 0) {
        ms_put_object(w, flame_head(&s->flame), true);
        s->part++;
    }
    for (; s->part <= COLUMNS; s->part++, s->row = 0) {
        const struct column *c = &columns[s->part - 1];
        size_t count =
            c->of_frames ? s->flame.frame_count : s->flame.node_count;
        if (c->compared_only && !s->flame.order.compare)
            continue;
        if (s->row == 0)
            ms_put(w, c->open);
        for (; s->row < count; s->row++) {
            // Never before the first one: the opening would come again.
            if (s->row != 0 && (w->count >= MS_PIECE_BYTES || w->failed))
                return true;
            if (s->row != 0)
                ms_put(w, ",");
            c->put(w, &s->flame, s->row);
        }
        ms_put(w, "]");
    }
    ms_put(w, "}}\n");
    return false;
}

static void close_flame(struct ms_render_stream *base)
{
    ms_flame_fini(&((struct flame_stream *)base)->flame);
}

enum memscope_status ms_render_flame(struct ms_engine *engine,
                                     const struct ms_flame_order *order,
                                     struct ms_render_stream **out)
{
    struct flame_stream *s = calloc(1, sizeof *s);

    *out = NULL;
    if (s == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    enum memscope_status status = ms_flame_make(engine, order, &s->flame);
    if (status != MEMSCOPE_OK) {
        free(s);
        return status;
    }
    s->base.next = next_of_flame;
    s->base.close = close_flame;
    *out = &s->base;
    return MEMSCOPE_OK;
}
