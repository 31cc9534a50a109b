// SPDX-License-Identifier: MIT
// See triggers.h for the contract.

#include "snapshot/triggers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/keeping.h"
#include "engine_private.h"

#define AGAIN 0.9      // of the limit: below it a trigger is armed again
#define PEAK_STEP 1.01 // so much more than the last peak is a new one
#define PEAK_REST_NS UINT64_C(1000000000)
#define GROWTH_NS UINT64_C(9000000000) // what growth is measured over, at least
#define GROWTH_TICKS 100u

static const struct {
    const char *name;
    const char *unit; // after the number; NULL: there is no number
} kinds[MS_TRIGGER_KINDS] = {
    [MS_TRIGGER_RSS] = {"rss", "KMG"},
    [MS_TRIGGER_HEAP] = {"heap", "KMG"},
    [MS_TRIGGER_GROWTH] = {"growth", "KMG"},
    [MS_TRIGGER_CGROUP] = {"cgroup", "%"},
    [MS_TRIGGER_PEAK] = {"peak", NULL},
    [MS_TRIGGER_EXIT] = {"exit", NULL},
};

const char *ms_trigger_cause(const struct ms_trigger *t)
{
    return kinds[t->kind].name;
}

// The number after '>', with its unit.
static bool parse_limit(struct ms_trigger *t, const char *text)
{
    static const double factors[] = {0x1p10, 0x1p20, 0x1p30};
    const char *units = kinds[t->kind].unit;
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    t->limit = strtod(text, &end);
    const char *unit = *end != '\0' ? strchr(units, *end) : NULL;
    if (t->kind == MS_TRIGGER_CGROUP) {
        if (unit == NULL || end[1] != '\0')
            return false;
        return t->limit > 0 && t->limit <= 100;
    }
    if (unit != NULL) {
        t->limit *= factors[unit - units];
        end++;
    }
    if (t->kind == MS_TRIGGER_GROWTH && strcmp(end, "/s") == 0)
        end += 2;
    return *end == '\0' && t->limit >= 1 && isfinite(t->limit);
}

static bool parse_one(struct ms_trigger *t, const char *text)
{
    for (int kind = 0; kind < MS_TRIGGER_KINDS; kind++) {
        size_t n = strlen(kinds[kind].name);
        if (strncmp(text, kinds[kind].name, n) != 0)
            continue;
        t->kind = (enum ms_trigger_kind)kind;
        snprintf(t->text, sizeof t->text, "%s", text);
        if (kinds[kind].unit == NULL)
            return text[n] == '\0';
        return text[n] == '>' && parse_limit(t, text + n + 1);
    }
    return false;
}

bool ms_triggers_parse(const char *text, struct ms_triggers *out)
{
    *out = (struct ms_triggers){.count = 0};
    while (*text != '\0') {
        char one[MS_TRIGGER_TEXT];
        size_t n = strcspn(text, ",");
        if (n == 0 || n >= sizeof one || out->count == MS_TRIGGERS)
            return false;
        memcpy(one, text, n);
        one[n] = '\0';
        if (!parse_one(&out->list[out->count], one))
            return false;
        out->count++;
        text += n;
        if (*text == ',' && *++text == '\0')
            return false;
    }
    return out->count != 0;
}

bool ms_triggers_check(const char *text)
{
    return ms_triggers_parse(text, &(struct ms_triggers){.count = 0});
}

// What is held against the limit; NaN: not known.
static double value_of(const struct ms_trigger *t, const struct ms_stats *now,
                       const struct ms_stats *before)
{
    switch (t->kind) {
    case MS_TRIGGER_RSS:
        return now->system.rss_bytes != UINT64_MAX
                   ? (double)now->system.rss_bytes
                   : NAN;
    case MS_TRIGGER_HEAP:
        return (double)now->heap.live_bytes;
    case MS_TRIGGER_CGROUP: // as the page shows it
        return now->system.memory_usage;
    case MS_TRIGGER_GROWTH:
        if (before == NULL || now->uptime_ns - before->uptime_ns < GROWTH_NS)
            return NAN;
        return ((double)now->heap.live_bytes -
                (double)before->heap.live_bytes) *
               1e9 / (double)(now->uptime_ns - before->uptime_ns);
    default:
        return NAN;
    }
}

static bool peak_due(const struct ms_trigger_state *state,
                     const struct ms_stats *now)
{
    double live = (double)now->heap.live_bytes;

    return now->heap.live_bytes != 0 &&
           live > PEAK_STEP * (double)state->peak &&
           (!state->taken || now->uptime_ns - state->last_ns >= PEAK_REST_NS ||
            now->ended);
}

bool ms_trigger_due(const struct ms_trigger *t, struct ms_trigger_state *state,
                    const struct ms_stats *now, const struct ms_stats *before)
{
    bool due;

    if (t->kind == MS_TRIGGER_EXIT) {
        due = now->ended && !state->taken;
    } else if (t->kind == MS_TRIGGER_PEAK) {
        due = peak_due(state, now);
    } else {
        double value = value_of(t, now, before);
        if (isnan(value))
            return false;
        if (value < AGAIN * t->limit)
            state->met = false;
        due = value > t->limit && !state->met &&
              (!state->taken ||
               now->uptime_ns - state->last_ns >= MS_TRIGGER_REST_NS);
        state->met |= due;
    }
    if (due) {
        state->taken = true;
        state->last_ns = now->uptime_ns;
        state->peak = now->heap.live_bytes;
    }
    return due;
}

// Which are due, as of the latest tick. {takes the session's lock}
static unsigned find_due(const struct ms_triggers *triggers,
                         struct ms_session *s, bool due[MS_TRIGGERS])
{
    unsigned count = 0;

    pthread_mutex_lock(&s->lock);
    const struct ms_stats *now = &s->stats[s->seq % MS_STATS_KEPT];
    uint64_t old = s->seq > GROWTH_TICKS ? s->seq - GROWTH_TICKS : 1;
    const struct ms_stats *before = &s->stats[old % MS_STATS_KEPT];
    for (size_t i = 0; s->seq != 0 && i < triggers->count; i++) {
        due[i] = ms_trigger_due(&triggers->list[i], &s->triggers[i], now,
                                before->seq == old ? before : NULL);
        count += due[i];
    }
    pthread_mutex_unlock(&s->lock);
    return count;
}

void ms_engine_check_triggers(struct ms_engine *e, struct ms_session *s)
{
    bool due[MS_TRIGGERS] = {false};

    if (e->triggers.count == 0 || find_due(&e->triggers, s, due) == 0)
        return;
    for (size_t i = 0; i < e->triggers.count; i++) {
        const struct ms_trigger *t = &e->triggers.list[i];
        const struct ms_snapshot *taken;
        if (!due[i] ||
            ms_snapshot_take_for(e, s->id, t->text, ms_trigger_cause(t),
                                 &taken) != MEMSCOPE_OK)
            continue;
        pthread_mutex_lock(&s->lock);
        uint32_t last = s->triggers[i].snapshot;
        s->triggers[i].snapshot = taken->id;
        pthread_mutex_unlock(&s->lock);
        ms_snapshot_release(e, taken);
        if (t->kind == MS_TRIGGER_PEAK && last != 0 &&
            ms_snapshot_delete(e, last) != MEMSCOPE_OK)
            continue; // somebody has deleted it
    }
}
