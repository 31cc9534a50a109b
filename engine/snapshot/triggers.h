// SPDX-License-Identifier: MIT
//
// triggers: see engine/keeping.h. The collector looks at them after each tick.

#ifndef MS_ENGINE_SNAPSHOT_TRIGGERS_H
#define MS_ENGINE_SNAPSHOT_TRIGGERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MS_TRIGGERS 8u
#define MS_TRIGGER_TEXT 40u
#define MS_AUTOMATIC_KEPT 16u
#define MS_TRIGGER_REST_NS UINT64_C(10000000000)

enum ms_trigger_kind {
    MS_TRIGGER_RSS,
    MS_TRIGGER_HEAP,
    MS_TRIGGER_GROWTH,
    MS_TRIGGER_CGROUP,
    MS_TRIGGER_PEAK,
    MS_TRIGGER_EXIT,
    MS_TRIGGER_KINDS
};

struct ms_trigger {
    enum ms_trigger_kind kind;
    double limit; // bytes, bytes per second, or per cent
    char text[MS_TRIGGER_TEXT];
};

struct ms_triggers {
    struct ms_trigger list[MS_TRIGGERS];
    size_t count;
};

// What a session remembers of each.
struct ms_trigger_state {
    bool met;          // it has been true, and not false since
    bool taken;        // at least once
    uint64_t last_ns;  // uptime of the last one
    uint64_t peak;     // live bytes then
    uint32_t snapshot; // id of the last one
};

struct ms_stats;

// ms_triggers_parse reads a text. False: it is none.
bool ms_triggers_parse(const char *text, struct ms_triggers *out);

// ms_trigger_due says whether a snapshot is to be taken now. `before` is about
// 10 s older than `now`, or NULL: there was nothing.
bool ms_trigger_due(const struct ms_trigger *t, struct ms_trigger_state *state,
                    const struct ms_stats *now, const struct ms_stats *before);

// "rss", "peak"...: the snapshot's cause.
const char *ms_trigger_cause(const struct ms_trigger *t);

#endif
