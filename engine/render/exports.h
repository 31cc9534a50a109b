// SPDX-License-Identifier: MIT
//
// exports: what the streams of all export formats have in common.

#ifndef MS_ENGINE_RENDER_EXPORTS_H
#define MS_ENGINE_RENDER_EXPORTS_H

#include "engine/export.h"
#include "render/stream.h"

struct ms_export_stream {
    struct ms_render_stream base; // first
    struct ms_source source;      // open
    struct ms_export_order order;
};

// A format: how large its stream is (it begins with the struct above), what is
// done first, and the stream's own functions. `close` frees what `begin` and
// `next` have made, also when they have failed.
struct ms_exporter {
    size_t bytes;
    bool (*begin)(struct ms_render_stream *s);
    bool (*next)(struct ms_render_stream *s);
    void (*close)(struct ms_render_stream *s);
};

extern const struct ms_exporter ms_export_pprof, ms_export_collapsed,
    ms_export_speedscope;

#endif
