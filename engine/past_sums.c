// SPDX-License-Identifier: MIT
// See past_sums.h for the contract, past.h for that of ms_past_open.

#include "past_sums.h"

#include <stdlib.h>
#include <string.h>

#define SECOND_NS UINT64_C(1000000000)
#define SLACK_NS UINT64_C(50000000) // ticks do not come to the nanosecond

static bool at_or_before(const struct ms_past_frame *f,
                         const struct ms_when *when)
{
    return when->seq != 0 ? f->seq <= when->seq
                          : f->uptime_ns <= when->uptime_ns;
}

enum memscope_status ms_past_open(struct ms_past *p, const struct ms_when *when,
                                  struct ms_past_view *out)
{
    size_t all = 1;
    const struct ms_past_frame *base = NULL; // before its end nothing can begin

    *out = (struct ms_past_view){0};
    pthread_mutex_lock(&p->lock);
    for (unsigned i = 0; i < MS_PAST_LEVELS; i++)
        all += p->levels[i].count;
    out->frames = malloc(all * sizeof *out->frames);
    if (out->frames == NULL) {
        pthread_mutex_unlock(&p->lock);
        return MEMSCOPE_ERROR_MEMORY;
    }
    if (p->base != NULL && at_or_before(p->base, when)) {
        out->frames[out->count++] = p->base;
        base = p->base;
    }
    bool beyond = p->base != NULL && out->count == 0; // older than all
    for (unsigned i = MS_PAST_LEVELS; i > 0 && !beyond; i--) {
        const struct ms_past_level *l = &p->levels[i - 1];
        for (size_t n = 0; n < l->count; n++) {
            struct ms_past_frame *f = l->frames[l->first + n];
            if (!at_or_before(f, when))
                break;
            out->frames[out->count++] = f;
        }
    }
    out->based = base != NULL;
    bool found = out->count != 0 && !(when->range && base != NULL &&
                                      base->uptime_ns > when->from_ns);
    p->readers += found;
    pthread_mutex_unlock(&p->lock);
    if (!found) {
        free(out->frames);
        *out = (struct ms_past_view){0};
        return MEMSCOPE_ERROR_NOT_FOUND;
    }
    if (out->count > 1)
        out->step_ns = out->frames[out->count - 1]->uptime_ns -
                       out->frames[out->count - 2]->uptime_ns;
    return MEMSCOPE_OK;
}

uint64_t ms_past_begin_ns(const struct ms_past_view *v,
                          const struct ms_when *when)
{
    uint64_t begin = 0;

    for (size_t i = 0; when->range && i < v->count &&
                       v->frames[i]->uptime_ns <= when->from_ns;
         i++)
        begin = v->frames[i]->uptime_ns;
    return begin;
}

void ms_past_close(struct ms_past *p, struct ms_past_view *view)
{
    pthread_mutex_lock(&p->lock);
    p->readers--;
    ms_past_free_unneeded(p);
    pthread_mutex_unlock(&p->lock);
    free(view->frames);
    *view = (struct ms_past_view){0};
}

static bool copy_tables(const struct ms_past_table from[MS_PAST_SERIES],
                        struct ms_past_table to[MS_PAST_SERIES])
{
    for (unsigned i = 0; i < MS_PAST_SERIES; i++) {
        if (from[i].room == 0)
            continue;
        to[i].rows = malloc(from[i].room * sizeof *to[i].rows);
        if (to[i].rows == NULL)
            return false;
        to[i].room = from[i].room;
        memcpy(to[i].rows, from[i].rows, from[i].room * sizeof *to[i].rows);
    }
    return true;
}

void ms_past_sums_fini(struct ms_past_sums *s)
{
    ms_past_tables_fini(s->now);
    ms_past_tables_fini(s->second);
    ms_past_tables_fini(s->minute);
    ms_past_tables_fini(s->begin);
}

static bool ends_before(const struct ms_past_view *v, size_t i, uint64_t ns)
{
    return v->frames[i]->uptime_ns + ns <=
           v->frames[v->count - 1]->uptime_ns + SLACK_NS;
}

// The sums of the frames up to each of three moments are copied on the way.
static bool add_frame(const struct ms_past_view *v, size_t i,
                      struct ms_past_sums *s)
{
    size_t last = v->count - 1;
    const struct ms_past_frame *f = v->frames[i];

    if (ends_before(v, i, 60 * SECOND_NS) &&
        !ends_before(v, i + 1, 60 * SECOND_NS) &&
        !copy_tables(s->now, s->minute))
        return false;
    // Where frames are farther apart, it is the one before.
    if (s->range || (i + 1 == last ? s->seconds != 0
                                   : !ends_before(v, i, SECOND_NS) ||
                                         ends_before(v, i + 1, SECOND_NS)))
        return true;
    s->seconds = (double)(v->frames[last]->uptime_ns - f->uptime_ns) / 1e9;
    return copy_tables(s->now, s->second);
}

bool ms_past_add_up(const struct ms_past_view *v, const struct ms_when *when,
                    struct ms_past_sums *s)
{
    size_t last = v->count - 1;

    *s = (struct ms_past_sums){.range = when->range};
    if (s->range) // without a frame before it, it begins at the start
        s->seconds = (double)v->frames[last]->uptime_ns / 1e9;
    for (size_t i = 0; i <= last; i++) {
        if (!ms_past_sum(v->frames[i], s->now))
            return false;
        if (s->range && v->frames[i]->uptime_ns <= when->from_ns &&
            (i == last || v->frames[i + 1]->uptime_ns > when->from_ns)) {
            s->seconds =
                (double)(v->frames[last]->uptime_ns - v->frames[i]->uptime_ns) /
                1e9;
            if (!copy_tables(s->now, s->begin))
                return false;
        }
        if (i != last && !add_frame(v, i, s))
            return false;
    }
    return true;
}

const uint64_t *ms_past_row_of(const struct ms_past_table *t, size_t row)
{
    static const uint64_t none[MS_PAST_FIELDS];

    return row < t->room ? t->rows[row] : none;
}

void ms_past_change(const struct ms_past_sums *s, enum ms_past_series series,
                    size_t row, uint64_t change[MS_PAST_FIELDS])
{
    const uint64_t *now = ms_past_row_of(&s->now[series], row);
    const uint64_t *begin = ms_past_row_of(&s->begin[series], row);

    for (unsigned f = 0; f < MS_PAST_FIELDS; f++)
        change[f] = now[f] - begin[f];
}
