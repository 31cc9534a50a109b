// SPDX-License-Identifier: MIT
// See engine/export.h for the contract.

#include "engine/export.h"

#include <stdlib.h>

#include "render/exports.h"

bool ms_export_wait(struct ms_source *s)
{
    struct ms_frame frame;

    if (s->unnamed == 0)
        return false;
    s->unnamed = 0;
    for (size_t i = 0; i < s->stacks->frame_count; i++) {
        frame = s->stacks->frames[i];
        s->unnamed += !ms_frame_name(s->engine, &frame);
    }
    return s->unnamed != 0;
}

static const struct ms_exporter *exporter_of(enum ms_export_format format)
{
    switch (format) {
    case MS_EXPORT_COLLAPSED:
        return &ms_export_collapsed;
    case MS_EXPORT_SPEEDSCOPE:
        return &ms_export_speedscope;
    default:
        return &ms_export_pprof;
    }
}

static void close_export(struct ms_render_stream *base)
{
    struct ms_export_stream *s = (struct ms_export_stream *)base;

    exporter_of(s->order.format)->close(base);
    ms_source_close(&s->source);
    if (s->order.delta)
        ms_source_close(&s->order.since);
}

enum memscope_status ms_render_export(struct ms_source *source,
                                      struct ms_export_order *order,
                                      struct ms_render_stream **out)
{
    const struct ms_exporter *exporter = exporter_of(order->format);
    struct ms_export_stream *s = calloc(1, exporter->bytes);

    *out = NULL;
    if (s == NULL) {
        ms_source_close(source);
        if (order->delta)
            ms_source_close(&order->since);
        return MEMSCOPE_ERROR_MEMORY;
    }
    s->order = *order;
    ms_source_move(&s->source, source);
    ms_source_move(&s->order.since, &order->since);
    s->base.next = exporter->next;
    s->base.close = close_export;
    if (!exporter->begin(&s->base)) {
        ms_render_close(&s->base);
        return MEMSCOPE_ERROR_MEMORY;
    }
    *out = &s->base;
    return MEMSCOPE_OK;
}
