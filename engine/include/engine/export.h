// SPDX-License-Identifier: MIT
//
// export: stacks in the formats of other tools. What is streamed is
// made while it is read, in memory that depends on the number of frames, not of
// stacks. Any thread.

#ifndef MS_ENGINE_EXPORT_H
#define MS_ENGINE_EXPORT_H

#include "engine/render.h"
#include "engine/source.h"

enum ms_export_format {
    MS_EXPORT_PPROF,      // profile.proto, gzip
    MS_EXPORT_COLLAPSED,  // "outermost;...;innermost weight" lines
    MS_EXPORT_SPEEDSCOPE, // speedscope's own JSON
};

struct ms_export_order {
    enum ms_export_format format;
    enum ms_weight weight; // of collapsed stacks; of others what is shown first
    // pprof: what has happened since then. Taken over likewise.
    struct ms_source since;
    bool delta;
};

// ms_export_wait says whether names of the source are still to come; one that
// is rendered nevertheless has "module+0x..." instead.
bool ms_export_wait(struct ms_source *source);

// ms_render_export takes the source over, whatever it returns.
enum memscope_status
ms_render_export(struct ms_source *source, struct ms_export_order *order,
                 struct ms_render_stream **out) MEMSCOPE_MUST_CHECK;

#endif
