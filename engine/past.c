// SPDX-License-Identifier: MIT
// See past.h for the contract: frames come, grow old, and are merged.

#include "past.h"

#include <stdlib.h>
#include <string.h>

#include "session.h"

#define MS_PAST_AT_ONCE 256u // frames that go into the base

static const struct {
    uint64_t step_ns;  // of its frames; 0: every tick
    uint64_t age_ns;   // they are merged into the next level's when older
    uint64_t least_ns; // the budget takes none that are younger, at first
} plan[MS_PAST_LEVELS] = {
    {0, UINT64_C(600) * 1000000000, UINT64_C(60) * 1000000000},
    {UINT64_C(1000000000), UINT64_C(7200) * 1000000000,
     UINT64_C(600) * 1000000000},
    {UINT64_C(10000000000), UINT64_MAX, 0},
};

void ms_past_init(struct ms_past *p, uint64_t budget)
{
    *p = (struct ms_past){.budget = budget, .whole = true};
    pthread_mutex_init(&p->lock, NULL);
}

// {past lock}
static void drop_frame(struct ms_past *p, struct ms_past_frame *frame)
{
    if (frame == NULL)
        return;
    p->bytes -= sizeof *frame + frame->bytes;
    frame->next = p->unneeded;
    p->unneeded = frame;
}

static void drop_all(struct ms_past *p)
{
    drop_frame(p, p->base);
    p->base = NULL;
    for (unsigned i = 0; i < MS_PAST_LEVELS; i++) {
        struct ms_past_level *l = &p->levels[i];
        for (size_t n = 0; n < l->count; n++)
            drop_frame(p, l->frames[l->first + n]);
        l->first = l->count = 0;
    }
}

// {past lock}
void ms_past_free_unneeded(struct ms_past *p)
{
    while (p->readers == 0 && p->unneeded != NULL) {
        struct ms_past_frame *frame = p->unneeded;
        p->unneeded = frame->next;
        free(frame);
    }
}

void ms_past_fini(struct ms_past *p)
{
    drop_all(p);
    ms_past_free_unneeded(p);
    for (unsigned i = 0; i < MS_PAST_LEVELS; i++)
        free(p->levels[i].frames);
    ms_past_tables_fini(p->last);
    ms_past_tables_fini(p->sums);
    free(p->buffer.bytes);
    pthread_mutex_destroy(&p->lock);
}

// Puts a frame at the end of a level. {past lock}
static bool append(struct ms_past *p, unsigned level,
                   struct ms_past_frame *frame)
{
    struct ms_past_level *l = &p->levels[level];

    if (l->first + l->count == l->room) {
        if (l->first > l->room / 2) {
            memmove(l->frames, l->frames + l->first,
                    l->count * sizeof *l->frames);
        } else {
            size_t room = l->room == 0 ? 256 : l->room * 2;
            void *grown = realloc(l->frames, room * sizeof *l->frames);
            if (grown == NULL)
                return false;
            l->frames = grown;
            l->room = room;
            memmove(l->frames, l->frames + l->first,
                    l->count * sizeof *l->frames);
        }
        l->first = 0;
    }
    l->frames[l->first + l->count++] = frame;
    p->bytes += sizeof *frame + frame->bytes;
    return true;
}

static struct ms_past_frame *make_frame(const struct ms_past_buffer *data)
{
    struct ms_past_frame *frame =
        data->failed ? NULL : malloc(sizeof *frame + data->count);

    if (frame != NULL) {
        frame->bytes = data->count;
        memcpy(frame->data, data->bytes, data->count);
    }
    return frame;
}

// Replaces `count` frames by their sum. NULL: out of memory. {past lock}
static struct ms_past_frame *
merged(struct ms_past *p, struct ms_past_frame *const *frames, size_t count)
{
    struct ms_past_frame *frame =
        ms_past_merge(frames, count, p->sums, &p->buffer)
            ? make_frame(&p->buffer)
            : NULL;
    const struct ms_past_frame *last = frames[count - 1];

    if (frame == NULL)
        return NULL;
    frame->seq = last->seq;
    frame->uptime_ns = last->uptime_ns;
    frame->stats = last->stats;
    frame->lifetime_unit_ns = last->lifetime_unit_ns;
    return frame;
}

// Takes the oldest frames off a level. {past lock}
static void take_off(struct ms_past *p, struct ms_past_level *l, size_t n)
{
    for (size_t i = 0; i < n; i++)
        drop_frame(p, l->frames[l->first + i]);
    l->first += n;
    l->count -= n;
}

// Merges the oldest frames of a level, those of one step of the next one.
// {past lock}
static bool thin(struct ms_past *p, unsigned level)
{
    struct ms_past_level *l = &p->levels[level];
    struct ms_past_frame **oldest = l->frames + l->first;
    uint64_t step = plan[level + 1].step_ns;
    uint64_t bucket = oldest[0]->uptime_ns / step;
    size_t n = 1;

    while (n < l->count && oldest[n]->uptime_ns / step == bucket)
        n++;
    struct ms_past_frame *frame = merged(p, oldest, n);
    if (frame == NULL || !append(p, level + 1, frame)) {
        free(frame);
        return false;
    }
    take_off(p, l, n);
    return true;
}

// Merges the oldest frames of the last level into the base: many at a time,
// for the base is large and written anew. {past lock}
static bool thin_last(struct ms_past *p)
{
    struct ms_past_level *l = &p->levels[MS_PAST_LEVELS - 1];
    struct ms_past_frame *some[MS_PAST_AT_ONCE];
    size_t n = 0, old = p->base != NULL;
    uint64_t bytes = 0;

    if (old)
        some[0] = p->base;
    while (n < l->count && old + n < MS_PAST_AT_ONCE &&
           bytes <= p->budget / 16) {
        some[old + n] = l->frames[l->first + n];
        bytes += sizeof **some + some[old + n++]->bytes;
    }
    struct ms_past_frame *frame = merged(p, some, old + n);
    if (frame == NULL)
        return false;
    drop_frame(p, p->base);
    p->base = frame;
    p->bytes += sizeof *frame + frame->bytes;
    take_off(p, l, n);
    return true;
}

static uint64_t age_of_oldest(const struct ms_past_level *l, uint64_t now)
{
    return l->count != 0 ? now - l->frames[l->first]->uptime_ns : 0;
}

// The level that the budget takes from next; MS_PAST_LEVELS: none is left.
static unsigned level_to_thin(const struct ms_past *p, uint64_t now)
{
    for (unsigned i = 0; i + 1 < MS_PAST_LEVELS; i++)
        if (age_of_oldest(&p->levels[i], now) > plan[i].least_ns)
            return i;
    for (unsigned i = MS_PAST_LEVELS; i > 0; i--)
        if (p->levels[i - 1].count > (i == 1 ? 1u : 0u))
            return i - 1;
    return MS_PAST_LEVELS;
}

// {past lock}
static bool grow_old(struct ms_past *p, uint64_t now)
{
    for (unsigned i = 0; i + 1 < MS_PAST_LEVELS; i++)
        while (age_of_oldest(&p->levels[i], now) >
               plan[i].age_ns + plan[i + 1].step_ns)
            if (!thin(p, i))
                return false;
    // A little more than needed, since the base is written anew each time.
    if (p->bytes > p->budget)
        while (p->bytes > p->budget - p->budget / 16) {
            unsigned level = level_to_thin(p, now);
            if (level == MS_PAST_LEVELS)
                break;
            if (level + 1 < MS_PAST_LEVELS ? !thin(p, level) : !thin_last(p))
                return false;
        }
    return true;
}

static void put_change(struct ms_past *p, enum ms_past_series series,
                       uint32_t row, uint32_t *previous,
                       const uint64_t now[MS_PAST_FIELDS])
{
    uint64_t *last = ms_past_row(&p->last[series], row);
    uint64_t change[MS_PAST_FIELDS];

    if (last == NULL) {
        p->buffer.failed = true;
        return;
    }
    for (unsigned i = 0; i < MS_PAST_FIELDS; i++)
        change[i] = now[i] - last[i];
    memcpy(last, now, sizeof change);
    ms_past_put_row(&p->buffer, row, previous, change);
}

static void put_stack(struct ms_past *p, const struct ms_stack_table *t,
                      uint32_t index, uint32_t *previous)
{
    const struct ms_stack_sums *s = ms_stack_table_at(t, index);

    put_change(p, MS_PAST_STACKS, index, previous,
               (const uint64_t[MS_PAST_FIELDS]){
                   [MS_PAST_ALLOC_BYTES] = s->alloc_bytes,
                   [MS_PAST_ALLOC_COUNT] = s->alloc_count,
                   [MS_PAST_FREE_BYTES] = s->free_bytes,
                   [MS_PAST_FREE_COUNT] = s->free_count,
                   [MS_PAST_REALLOCS] = s->realloc_count,
                   [MS_PAST_TEMPORARIES] = s->temporary_count,
                   [MS_PAST_LIFETIMES] = s->lifetime_units,
                   [MS_PAST_MAPPED] = s->mapped_bytes,
               });
}

static void put_stacks(struct ms_past *p, const struct ms_stack_table *t,
                       uint64_t seq)
{
    uint32_t previous = 0;

    if (p->whole) {
        for (uint32_t i = 0; i < t->count; i++)
            put_stack(p, t, i, &previous);
    } else {
        // Those of this tick stand first in the list of changes.
        for (uint32_t i = t->newest; i != 0;) {
            const struct ms_stack_sums *s = ms_stack_table_at(t, i - 1);
            if (s->changed_seq < seq)
                break;
            put_stack(p, t, i - 1, &previous);
            i = s->older;
        }
    }
    ms_past_put_end(&p->buffer);
}

static void put_threads(struct ms_past *p, const struct ms_model *m,
                        uint64_t seq)
{
    uint32_t previous = 0;

    for (uint32_t i = 0; i < m->thread_count; i++) {
        const struct ms_thread *t = &m->threads[i];
        if (t->changed_seq < seq && !p->whole)
            continue;
        put_change(p, MS_PAST_THREADS, i, &previous,
                   (const uint64_t[MS_PAST_FIELDS]){
                       [MS_PAST_ALLOC_BYTES] = t->alloc_bytes,
                       [MS_PAST_ALLOC_COUNT] = t->alloc_count,
                       [MS_PAST_FREE_BYTES] = t->free_bytes,
                       [MS_PAST_FREE_COUNT] = t->free_count,
                       [MS_PAST_REALLOCS] = t->cross_frees,
                       [MS_PAST_TEMPORARIES] =
                           (t->known ? 1u : 0u) | (t->ended ? 2u : 0u),
                   });
    }
    ms_past_put_end(&p->buffer);
}

static void put_histograms(struct ms_past *p, const struct ms_histograms *h)
{
    uint32_t previous = 0, row = 0;

    for (unsigned i = 0; i < MS_HISTOGRAM_SIZES; i++, row++)
        put_change(p, MS_PAST_HISTOGRAMS, row, &previous,
                   (const uint64_t[MS_PAST_FIELDS]){h->size_live_bytes[i],
                                                    h->size_live_blocks[i]});
    for (unsigned i = 0; i < MS_HISTOGRAM_LIFETIMES; i++, row++)
        put_change(p, MS_PAST_HISTOGRAMS, row, &previous,
                   (const uint64_t[MS_PAST_FIELDS]){h->lifetime_count[i]});
    ms_past_put_end(&p->buffer);
}

static void begin_anew(struct ms_past *p)
{
    drop_all(p);
    p->whole = true;
    p->buffer.failed = false;
    for (unsigned i = 0; i < MS_PAST_SERIES; i++) {
        free(p->last[i].rows);
        p->last[i] = (struct ms_past_table){0};
        free(p->sums[i].rows); // a merge that failed has left something in it
        p->sums[i] = (struct ms_past_table){0};
    }
}

void ms_past_add(struct ms_past *p, const struct ms_session *s,
                 const struct ms_stats *stats)
{
    p->buffer.count = 0;
    put_stacks(p, &s->model.stacks, stats->seq);
    put_threads(p, &s->model, stats->seq);
    put_histograms(p, &s->histograms);
    struct ms_past_frame *frame = make_frame(&p->buffer);
    if (frame != NULL) {
        frame->seq = stats->seq;
        frame->uptime_ns = stats->uptime_ns;
        frame->stats = *stats;
        frame->lifetime_unit_ns = s->histograms.lifetime_unit_ns;
    }
    pthread_mutex_lock(&p->lock);
    if (frame != NULL && append(p, 0, frame)) {
        p->whole = false;
        if (!grow_old(p, stats->uptime_ns))
            begin_anew(p);
    } else {
        free(frame);
        begin_anew(p);
    }
    ms_past_free_unneeded(p);
    pthread_mutex_unlock(&p->lock);
}

uint64_t ms_past_bytes(struct ms_past *p)
{
    uint64_t bytes = p->buffer.room;

    for (unsigned i = 0; i < MS_PAST_SERIES; i++)
        bytes += ((uint64_t)p->last[i].room + p->sums[i].room) *
                 sizeof *p->last[i].rows;
    pthread_mutex_lock(&p->lock);
    bytes += p->bytes;
    pthread_mutex_unlock(&p->lock);
    return bytes;
}
