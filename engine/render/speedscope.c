// SPDX-License-Identifier: MIT
//
// speedscope: the JSON of speedscope.app, one profile for each weight.

#include <stdlib.h>

#include "flame/names.h"
#include "model/model.h"
#include "render/exports.h"

#define SCHEMA "https://www.speedscope.app/file-format-schema.json"

enum part { PART_FRAMES, PART_SAMPLES, PART_WEIGHTS, PART_END };

struct speedscope_stream {
    struct ms_export_stream base; // first
    struct ms_tree tree;          // its frames are speedscope's
    struct ms_names names;
    enum part part;
    enum ms_weight weight; // of the profile at hand
    size_t row, given;     // next row; rows of this part that were written
    uint32_t *path;        // nodes of one stack
    size_t path_room;
};

static void put_frame(struct ms_writer_buffer *w,
                      const struct ms_flame_frame *f)
{
    ms_put(w, "{\"name\":");
    ms_put_json_text(w, f->function);
    if (f->file[0] != '\0') {
        ms_put(w, ",\"file\":");
        ms_put_json_text(w, f->file);
    }
    ms_put(w, "}");
}

// The nodes of a stack, innermost first; how many.
static size_t read_path(struct speedscope_stream *s, uint32_t node)
{
    const struct ms_stack_node *nodes = s->base.source.stacks->nodes;
    size_t count = 0;

    for (; node != 0; node = nodes[node - 1].parent) {
        if (!ms_model_reserve((void **)&s->path, count, &s->path_room,
                              sizeof *s->path)) {
            s->base.base.piece.failed = true;
            return 0;
        }
        s->path[count++] = node;
    }
    return count;
}

static void put_sample(struct speedscope_stream *s, uint32_t node)
{
    struct ms_writer_buffer *w = &s->base.base.piece;
    const struct ms_stack_node *nodes = s->base.source.stacks->nodes;
    const char *before = "";

    ms_put(w, "[");
    for (size_t i = read_path(s, node); i > 0; i--) {
        uint32_t frame = nodes[s->path[i - 1] - 1].frame;
        for (uint32_t k = s->names.first[frame]; k > s->names.first[frame - 1];
             k--) {
            ms_put(w, before);
            ms_put_number(w, s->names.names[k - 1] - 1);
            before = ",";
        }
    }
    ms_put(w, "]");
}

static void open_profile(struct speedscope_stream *s)
{
    struct ms_writer_buffer *w = &s->base.base.piece;
    const struct ms_stacks *from = s->base.source.stacks;
    uint64_t total = 0;

    for (size_t i = 0; i < from->row_count; i++)
        total += ms_weight_of(&from->rows[i], s->weight);
    ms_put(w, s->weight == 0 ? "" : ",\n");
    ms_put(w, "{\"type\":\"sampled\",\"name\":\"");
    ms_put(w, ms_weight_name(s->weight));
    ms_put(w, "\",\"unit\":\"");
    ms_put(w, ms_weight_is_bytes(s->weight) ? "bytes" : "none");
    ms_put(w, "\",\"startValue\":0,\"endValue\":");
    ms_put_number(w, total);
    ms_put(w, ",\n\"samples\":[");
}

static void put_row(struct speedscope_stream *s, size_t i)
{
    struct ms_writer_buffer *w = &s->base.base.piece;

    if (s->part == PART_FRAMES) {
        ms_put(w, s->given++ == 0 ? "" : ",\n");
        put_frame(w, &s->tree.frames[i]);
        return;
    }
    const struct ms_stack_row *row = &s->base.source.stacks->rows[i];
    uint64_t weight = ms_weight_of(row, s->weight);
    if (weight == 0)
        return;
    ms_put(w, s->given++ == 0 ? "" : ",");
    if (s->part == PART_SAMPLES)
        put_sample(s, row->node);
    else
        ms_put_number(w, weight);
}

static void open_file(struct speedscope_stream *s)
{
    struct ms_writer_buffer *w = &s->base.base.piece;

    ms_put(w, "{\"$schema\":\"" SCHEMA
              "\",\"exporter\":\"memscope " MEMSCOPE_VERSION "\",\"name\":");
    ms_put_json_text(w, s->base.source.session.exe);
    ms_put(w, ",\"activeProfileIndex\":");
    ms_put_number(w, s->base.order.weight);
    ms_put(w, ",\n\"shared\":{\"frames\":[\n");
}

// What stands between a part and the next one.
static void end_part(struct speedscope_stream *s)
{
    struct ms_writer_buffer *w = &s->base.base.piece;

    s->row = s->given = 0;
    switch (s->part) {
    case PART_FRAMES:
        ms_put(w, "]},\n\"profiles\":[\n");
        open_profile(s);
        s->part = PART_SAMPLES;
        break;
    case PART_SAMPLES:
        ms_put(w, "],\n\"weights\":[");
        s->part = PART_WEIGHTS;
        break;
    default:
        ms_put(w, "]}");
        s->weight++;
        s->part = s->weight < MS_WEIGHTS ? PART_SAMPLES : PART_END;
        if (s->part == PART_SAMPLES)
            open_profile(s);
        else
            ms_put(w, "]}\n");
        break;
    }
}

static bool next_of_speedscope(struct ms_render_stream *base)
{
    struct speedscope_stream *s = (struct speedscope_stream *)base;
    struct ms_writer_buffer *w = &base->piece;

    if (s->part == PART_FRAMES && s->row == 0)
        open_file(s);
    while (s->part != PART_END && w->count < MS_PIECE_BYTES && !w->failed) {
        size_t count = s->part == PART_FRAMES
                           ? s->tree.frame_count
                           : s->base.source.stacks->row_count;
        if (s->row < count)
            put_row(s, s->row++);
        else
            end_part(s);
    }
    return s->part != PART_END;
}

static bool begin_speedscope(struct ms_render_stream *base)
{
    struct speedscope_stream *s = (struct speedscope_stream *)base;

    return ms_names_load(&s->names, &s->tree, &s->base.source, false);
}

static void close_speedscope(struct ms_render_stream *base)
{
    struct speedscope_stream *s = (struct speedscope_stream *)base;

    ms_tree_fini(&s->tree);
    ms_names_fini(&s->names);
    free(s->path);
}

const struct ms_exporter ms_export_speedscope = {
    .bytes = sizeof(struct speedscope_stream),
    .begin = begin_speedscope,
    .next = next_of_speedscope,
    .close = close_speedscope,
};
