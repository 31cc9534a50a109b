// SPDX-License-Identifier: MIT
// See engine/source.h for the contract.

#include "engine/source.h"

#include <stdlib.h>
#include <string.h>

#include "engine/moment.h"
#include "snapshot/saved.h"

static enum memscope_status open_session(struct ms_source *s, uint32_t session)
{
    enum memscope_status status =
        ms_engine_stacks(s->engine, session, &s->stats, &s->copied);

    if (status != MEMSCOPE_OK)
        return status;
    s->unnamed = ms_stacks_name(s->engine, &s->copied);
    s->stacks = &s->copied;
    status = ms_engine_session(s->engine, s->stats.session, &s->session);
    s->session.seq = s->stats.seq; // of the cut, not of this instant
    if (status != MEMSCOPE_OK)
        ms_stacks_fini(&s->copied);
    return status;
}

static int by_id(const void *a, const void *b)
{
    const struct ms_stack_row *x = a, *y = b;

    return (x->id > y->id) - (x->id < y->id);
}

// The stacks of now, with the sums of then; those that came later are left out.
static void go_back(struct ms_stacks *stacks, struct ms_past_picture *past)
{
    size_t kept = 0;

    qsort(past->stacks, past->stack_count, sizeof *past->stacks, by_id);
    for (size_t i = 0; i < stacks->row_count; i++) {
        struct ms_stack_row *row =
            bsearch(&stacks->rows[i], past->stacks, past->stack_count,
                    sizeof *past->stacks, by_id);
        if (row == NULL)
            continue;
        row->node = stacks->rows[i].node;
        stacks->rows[kept++] = *row;
    }
    stacks->row_count = kept;
}

static enum memscope_status open_past(struct ms_source *s, uint32_t session,
                                      uint64_t uptime_ns)
{
    struct ms_when when = {.uptime_ns = uptime_ns};
    struct ms_past_picture past;
    enum memscope_status status = open_session(s, session);

    if (status != MEMSCOPE_OK)
        return status;
    status = ms_engine_past(s->engine, s->session.id, &when, &past);
    if (status != MEMSCOPE_OK) {
        ms_stacks_fini(&s->copied);
        return status;
    }
    go_back(&s->copied, &past);
    s->stats = past.stats;
    s->session.seq = past.stats.seq;
    ms_past_picture_fini(&past);
    return MEMSCOPE_OK;
}

// Takes over a snapshot that is held, or NULL.
static enum memscope_status take_snapshot(struct ms_source *s,
                                          const struct ms_snapshot *held)
{
    s->snapshot = held;
    if (held == NULL)
        return MEMSCOPE_ERROR_NOT_FOUND;
    s->stacks = &held->stacks;
    s->stats = held->stats;
    s->session = held->session;
    s->unnamed = ms_snapshot_unnamed(held);
    return MEMSCOPE_OK;
}

static enum memscope_status open_now(struct ms_source *s, uint32_t session)
{
    const struct ms_snapshot *saved = ms_saved_acquire(s->engine, &session);

    if (saved == NULL)
        return open_session(s, session);
    enum memscope_status status = take_snapshot(s, saved);
    s->stats = ms_saved_stats_of(saved, session);
    s->session.id = session;
    return status;
}

enum memscope_status ms_source_open(struct ms_engine *engine, uint32_t session,
                                    const struct ms_at *at,
                                    struct ms_source *out)
{
    *out = (struct ms_source){.engine = engine};
    switch (at->kind) {
    case MS_AT_SNAPSHOT:
        return take_snapshot(
            out, at->value <= UINT32_MAX
                     ? ms_snapshot_acquire(engine, (uint32_t)at->value)
                     : NULL);
    case MS_AT_UPTIME:
        return open_past(out, session, at->value);
    case MS_AT_NOW:
        break;
    }
    return open_now(out, session);
}

void ms_source_move(struct ms_source *to, struct ms_source *from)
{
    *to = *from;
    if (to->stacks == &from->copied)
        to->stacks = &to->copied;
    *from = (struct ms_source){0};
}

void ms_source_close(struct ms_source *s)
{
    if (s->snapshot != NULL)
        ms_snapshot_release(s->engine, s->snapshot);
    ms_stacks_fini(&s->copied);
    *s = (struct ms_source){0};
}

struct ms_frame ms_source_frame(const struct ms_source *s, uint32_t number)
{
    struct ms_frame frame = s->stacks->frames[number - 1];

    (void)ms_frame_name(s->engine, &frame);
    return frame;
}

static const char *const weight_names[MS_WEIGHTS] = {
    [MS_WEIGHT_LIVE_BYTES] = "live_bytes",
    [MS_WEIGHT_LIVE_BLOCKS] = "live_blocks",
    [MS_WEIGHT_ALLOC_BYTES] = "alloc_bytes",
    [MS_WEIGHT_ALLOC_COUNT] = "alloc_count",
};

const char *ms_weight_name(enum ms_weight weight)
{
    return weight_names[weight];
}

bool ms_weight_is_bytes(enum ms_weight weight)
{
    return weight == MS_WEIGHT_LIVE_BYTES || weight == MS_WEIGHT_ALLOC_BYTES;
}

bool ms_weight_of_name(const char *name, enum ms_weight *out)
{
    for (int i = 0; i < MS_WEIGHTS; i++)
        if (strcmp(weight_names[i], name) == 0) {
            *out = (enum ms_weight)i;
            return true;
        }
    return false;
}

uint64_t ms_weight_of(const struct ms_stack_row *row, enum ms_weight weight)
{
    switch (weight) {
    case MS_WEIGHT_LIVE_BLOCKS:
        return row->live_blocks;
    case MS_WEIGHT_ALLOC_BYTES:
        return row->alloc_bytes;
    case MS_WEIGHT_ALLOC_COUNT:
        return row->alloc_count;
    default:
        return row->live_bytes;
    }
}
