// SPDX-License-Identifier: MIT
// See engine/render.h for the contract: what has changed since a tick.

#include <stdlib.h>

#include "render/fields.h"
#include "render/stacks.h"
#include "render/stream.h"

struct changes_stream {
    struct ms_render_stream base; // first
    struct ms_changes changes;
    uint64_t since;
    unsigned part; // 0: the head
    size_t row;    // next one of the part
};

static void put_thread(struct ms_writer_buffer *w, const struct ms_changes *c,
                       size_t i)
{
    ms_put_fields(w, &ms_thread_fields, &c->threads[i]);
}

static void put_site(struct ms_writer_buffer *w, const struct ms_changes *c,
                     size_t i)
{
    ms_put_fields(w, &ms_site_fields, &c->sites[i]);
}

static void put_module(struct ms_writer_buffer *w, const struct ms_changes *c,
                       size_t i)
{
    ms_put_fields(w, &ms_module_fields, &c->modules[i]);
}

static void put_stack(struct ms_writer_buffer *w, const struct ms_changes *c,
                      size_t i)
{
    const struct ms_stack_row *row = &c->stacks[i];
    size_t at = i == 0 ? 0 : c->frame_ends[i - 1];

    ms_put_stack_sums(w, row, row->site);
    ms_put(w, ",\"frames\":[");
    for (size_t f = at; f < c->frame_ends[i]; f++) {
        ms_put(w, f == at ? "\"" : ",\"");
        ms_put_hex(w, c->frames[f]);
        ms_put(w, "\"");
    }
    ms_put(w, "]}");
}

static const struct part {
    const char *open;
    size_t count_offset; // in struct ms_changes
    void (*put)(struct ms_writer_buffer *w, const struct ms_changes *c,
                size_t i);
} parts[] = {
    {",\n\"threads\":[\n", offsetof(struct ms_changes, thread_count),
     put_thread},
    {"],\n\"sites\":[\n", offsetof(struct ms_changes, site_count), put_site},
    {"],\n\"modules\":[\n", offsetof(struct ms_changes, module_count),
     put_module},
    {"],\n\"stacks\":[\n", offsetof(struct ms_changes, stack_count), put_stack},
};
#define PARTS (sizeof parts / sizeof *parts)

static size_t count_of(const struct ms_changes *c, const struct part *p)
{
    return *(const size_t *)(const void *)((const char *)c + p->count_offset);
}

static bool next_of_changes(struct ms_render_stream *base)
{
    struct changes_stream *s = (struct changes_stream *)base;
    const struct ms_changes *c = &s->changes;
    struct ms_writer_buffer *w = &base->piece;

    if (s->part == 0) {
        ms_put_object(w,
                      json_pack("{s:b,s:I,s:o,s:o}", "whole", c->whole, "since",
                                (json_int_t)(c->whole ? 0 : s->since), "stats",
                                ms_render_stats(&c->stats), "histograms",
                                ms_render_histograms(&c->histograms)),
                      true);
        s->part++;
    }
    for (; s->part <= PARTS; s->part++, s->row = 0) {
        const struct part *p = &parts[s->part - 1];
        size_t count = count_of(c, p);
        if (s->row == 0)
            ms_put(w, p->open);
        for (; s->row < count; s->row++) {
            // A piece never ends before the first row: its opening would come
            // again.
            if (s->row != 0 && (w->count >= MS_PIECE_BYTES || w->failed))
                return true;
            if (s->row != 0)
                ms_put(w, ",\n");
            p->put(w, c, s->row);
        }
    }
    ms_put(w, "]}\n");
    return false;
}

static void close_changes(struct ms_render_stream *base)
{
    ms_changes_fini(&((struct changes_stream *)base)->changes);
}

enum memscope_status ms_render_changes(struct ms_engine *engine,
                                       uint32_t session, const char *epoch,
                                       uint64_t since,
                                       struct ms_render_stream **out)
{
    struct changes_stream *s = calloc(1, sizeof *s);

    *out = NULL;
    if (s == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    enum memscope_status status =
        ms_engine_changes(engine, session, epoch, since, &s->changes);
    if (status != MEMSCOPE_OK) {
        free(s);
        return status;
    }
    s->since = since;
    s->base.next = next_of_changes;
    s->base.close = close_changes;
    *out = &s->base;
    return MEMSCOPE_OK;
}
