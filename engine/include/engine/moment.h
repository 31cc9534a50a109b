// SPDX-License-Identifier: MIT
//
// moment: a picture of a session as it was at a moment of its past: the one
// that was published then, from the log of changes (docs/decisions/0010). Any
// thread; the collector waits only while rows get their names.

#ifndef MS_ENGINE_MOMENT_H
#define MS_ENGINE_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/stacks.h"

// A moment: the last tick that is kept and not later than this. With `range`
// what has happened from the moment `from_ns` (likewise) to then.
struct ms_when {
    uint64_t seq; // 0: by uptime
    uint64_t uptime_ns;
    bool range;
    uint64_t from_ns;
};

struct ms_past_picture {
    struct ms_stats stats; // of the tick that was found
    uint64_t step_ns;      // since the tick before it that is kept; 0: none is
    uint64_t from_ns;      // uptime of the tick at which the range begins
    struct ms_histograms histograms;
    // In order of id. Rates are over the second before, delta_bytes over the
    // minute; cpu and trend are not known. Names are today's. With a range,
    // live_bytes, live_blocks, mapped_bytes are of its end and all else of what
    // has happened in it, delta_bytes and rates too.
    struct ms_site_row *sites;
    struct ms_thread_row *threads;
    struct ms_stack_row *stacks;
    size_t site_count, thread_count, stack_count;
};

// ms_engine_past gives the picture of a moment. NOT_FOUND: no such session, or
// nothing is kept that is so old, or begins so early. ms_past_picture_fini
// frees what is in it.
enum memscope_status
ms_engine_past(struct ms_engine *engine, uint32_t session,
               const struct ms_when *when,
               struct ms_past_picture *out) MEMSCOPE_MUST_CHECK;
void ms_past_picture_fini(struct ms_past_picture *picture);

#endif
