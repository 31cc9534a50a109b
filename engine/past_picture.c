// SPDX-License-Identifier: MIT
// See engine/moment.h for the contract: frames are added up without a lock,
// then the rows get their names under the session's.

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/moment.h"
#include "engine_private.h"
#include "past_sums.h"

static void fill_histograms(const struct ms_past_sums *s,
                            const struct ms_past_frame *last,
                            struct ms_histograms *out)
{
    const struct ms_past_table *t = &s->now[MS_PAST_HISTOGRAMS];
    size_t row = 0;

    out->seq = last->seq;
    out->lifetime_unit_ns = last->lifetime_unit_ns;
    for (size_t i = 0; i < MS_HISTOGRAM_SIZES; i++, row++) {
        out->size_live_bytes[i] = ms_past_row_of(t, row)[0];
        out->size_live_blocks[i] = ms_past_row_of(t, row)[1];
    }
    for (size_t i = 0; i < MS_HISTOGRAM_LIFETIMES; i++, row++)
        out->lifetime_count[i] = ms_past_row_of(t, row)[0];
}

static double mean_lifetime(const uint64_t *row)
{
    double unit = (double)(UINT64_C(1) << MS_BIRTH_SHIFT);
    uint64_t count = row[MS_PAST_FREE_COUNT];

    return count != 0 ? (double)row[MS_PAST_LIFETIMES] * unit / (double)count
                      : NAN;
}

static bool is_empty(const uint64_t *row)
{
    uint64_t any = 0;

    for (unsigned i = 0; i < MS_PAST_FIELDS; i++)
        any |= row[i];
    return any == 0;
}

static void fill_stack(const struct ms_past_sums *sums, uint32_t index,
                       const struct ms_stack_sums *s, struct ms_stack_row *out)
{
    const uint64_t *now = ms_past_row_of(&sums->now[MS_PAST_STACKS], index);
    uint64_t row[MS_PAST_FIELDS];

    ms_past_change(sums, MS_PAST_STACKS, index, row);
    *out = (struct ms_stack_row){
        .declared_type = "", // of now
        .id = s->node,
        .site = s->site + 1,
        .live_bytes = now[MS_PAST_ALLOC_BYTES] - now[MS_PAST_FREE_BYTES],
        .live_blocks = now[MS_PAST_ALLOC_COUNT] - now[MS_PAST_FREE_COUNT],
        .alloc_bytes = row[MS_PAST_ALLOC_BYTES],
        .alloc_count = row[MS_PAST_ALLOC_COUNT],
        .free_bytes = row[MS_PAST_FREE_BYTES],
        .free_count = row[MS_PAST_FREE_COUNT],
        .realloc_count = row[MS_PAST_REALLOCS],
        .temporary_count = row[MS_PAST_TEMPORARIES],
        .mapped_bytes = now[MS_PAST_MAPPED],
        .mean_lifetime_ns = mean_lifetime(row),
    };
}

// A site's sums, now and before.
struct site_sums {
    uint64_t now[MS_PAST_FIELDS];
    uint64_t change[MS_PAST_FIELDS]; // of the range, or since the start
    uint64_t alloc_before, free_before, live_before;
};

static void add_to_site(const struct ms_past_sums *s, uint32_t index,
                        struct site_sums *site)
{
    const uint64_t *now = ms_past_row_of(&s->now[MS_PAST_STACKS], index);
    const uint64_t *begin = ms_past_row_of(&s->begin[MS_PAST_STACKS], index);
    const uint64_t *second = ms_past_row_of(&s->second[MS_PAST_STACKS], index);
    const uint64_t *minute = ms_past_row_of(&s->minute[MS_PAST_STACKS], index);

    if (s->range)
        second = minute = begin;
    for (unsigned f = 0; f < MS_PAST_FIELDS; f++) {
        site->now[f] += now[f];
        site->change[f] += now[f] - begin[f];
    }
    site->alloc_before += second[MS_PAST_ALLOC_COUNT];
    site->free_before += second[MS_PAST_FREE_COUNT];
    site->live_before +=
        minute[MS_PAST_ALLOC_BYTES] - minute[MS_PAST_FREE_BYTES];
}

static void fill_site(const struct ms_session *session, size_t index,
                      const struct site_sums *from, double seconds,
                      struct ms_site_row *out)
{
    const uint64_t *now = from->now, *row = from->change;

    ms_session_site_numbers(session, index, out); // for all that is constant
    out->live_bytes = now[MS_PAST_ALLOC_BYTES] - now[MS_PAST_FREE_BYTES];
    out->live_blocks = now[MS_PAST_ALLOC_COUNT] - now[MS_PAST_FREE_COUNT];
    out->alloc_bytes = row[MS_PAST_ALLOC_BYTES];
    out->alloc_count = row[MS_PAST_ALLOC_COUNT];
    out->free_bytes = row[MS_PAST_FREE_BYTES];
    out->free_count = row[MS_PAST_FREE_COUNT];
    out->realloc_count = row[MS_PAST_REALLOCS];
    out->temporary_count = row[MS_PAST_TEMPORARIES];
    out->mapped_bytes = now[MS_PAST_MAPPED];
    out->mean_lifetime_ns = mean_lifetime(row);
    out->alloc_count_rate = out->free_count_rate = NAN;
    if (seconds > 0) {
        out->alloc_count_rate =
            (double)(now[MS_PAST_ALLOC_COUNT] - from->alloc_before) / seconds;
        out->free_count_rate =
            (double)(now[MS_PAST_FREE_COUNT] - from->free_before) / seconds;
    }
    out->delta_bytes = (double)out->live_bytes - (double)from->live_before;
    for (unsigned i = 0; i < MS_TREND_POINTS; i++)
        out->trend[i] = NAN;
}

static bool fill_sites(const struct ms_session *s,
                       const struct ms_past_sums *sums,
                       struct ms_past_picture *out)
{
    const struct ms_stack_table *t = &s->model.stacks;
    size_t sites = s->model.site_count;
    struct site_sums *site = calloc(sites + 1, sizeof *site);

    out->sites = malloc((sites + 1) * sizeof *out->sites);
    out->stacks = malloc((t->count + (size_t)1) * sizeof *out->stacks);
    if (site == NULL || out->sites == NULL || out->stacks == NULL) {
        free(site);
        return false;
    }
    for (uint32_t i = 0; i < t->count; i++) {
        const struct ms_stack_sums *stack = ms_stack_table_at(t, i);
        if (is_empty(ms_past_row_of(&sums->now[MS_PAST_STACKS], i)))
            continue; // it came later
        fill_stack(sums, i, stack, &out->stacks[out->stack_count++]);
        add_to_site(sums, i, &site[stack->site]);
    }
    for (size_t i = 0; i < sites; i++)
        if (!is_empty(site[i].now))
            fill_site(s, i, &site[i], sums->seconds,
                      &out->sites[out->site_count++]);
    free(site);
    return true;
}

static void fill_thread(const struct ms_session *session, uint32_t slot,
                        const struct ms_past_sums *s, bool all_ended,
                        struct ms_thread_row *out)
{
    const uint64_t *now = ms_past_row_of(&s->now[MS_PAST_THREADS], slot);
    const uint64_t *before = ms_past_row_of(
        &(s->range ? s->begin : s->second)[MS_PAST_THREADS], slot);
    uint64_t row[MS_PAST_FIELDS];

    ms_past_change(s, MS_PAST_THREADS, slot, row);
    ms_session_thread_row(session, slot, out); // for all that is constant
    out->ended = (now[MS_PAST_TEMPORARIES] & 2) != 0 || all_ended;
    out->state = out->ended ? 'X' : '?';
    out->cpu = out->alloc_bytes_rate = out->alloc_count_rate = NAN;
    out->live_bytes = now[MS_PAST_ALLOC_BYTES] - now[MS_PAST_FREE_BYTES];
    out->live_blocks = now[MS_PAST_ALLOC_COUNT] - now[MS_PAST_FREE_COUNT];
    out->alloc_bytes = row[MS_PAST_ALLOC_BYTES];
    out->alloc_count = row[MS_PAST_ALLOC_COUNT];
    out->free_bytes = row[MS_PAST_FREE_BYTES];
    out->free_count = row[MS_PAST_FREE_COUNT];
    out->cross_frees = row[MS_PAST_REALLOCS];
    if (s->seconds > 0) {
        out->alloc_bytes_rate =
            (double)(now[MS_PAST_ALLOC_BYTES] - before[MS_PAST_ALLOC_BYTES]) /
            s->seconds;
        out->alloc_count_rate =
            (double)(now[MS_PAST_ALLOC_COUNT] - before[MS_PAST_ALLOC_COUNT]) /
            s->seconds;
    }
    for (unsigned i = 0; i < MS_TREND_POINTS; i++)
        out->trend[i] = NAN;
}

static bool fill_threads(const struct ms_session *s,
                         const struct ms_past_sums *sums,
                         struct ms_past_picture *out)
{
    out->threads = malloc((s->model.thread_count + 1) * sizeof *out->threads);
    if (out->threads == NULL)
        return false;
    for (uint32_t i = 0; i < s->model.thread_count; i++)
        if ((ms_past_row_of(&sums->now[MS_PAST_THREADS],
                            i)[MS_PAST_TEMPORARIES] &
             1) != 0)
            fill_thread(s, i, sums, out->stats.ended,
                        &out->threads[out->thread_count++]);
    return true;
}

enum memscope_status ms_engine_past(struct ms_engine *e, uint32_t session,
                                    const struct ms_when *when,
                                    struct ms_past_picture *out)
{
    struct ms_session *s = ms_engine_hold(e, session);
    struct ms_past_view view;
    struct ms_past_sums sums = {0};
    bool done = false;

    *out = (struct ms_past_picture){0};
    if (s == NULL)
        return MEMSCOPE_ERROR_NOT_FOUND;
    enum memscope_status status = ms_past_open(&s->past, when, &view);
    if (status != MEMSCOPE_OK)
        goto gone;
    out->stats = view.frames[view.count - 1]->stats;
    out->step_ns = view.step_ns;
    out->from_ns = ms_past_begin_ns(&view, when);
    if (ms_past_add_up(&view, when, &sums)) {
        fill_histograms(&sums, view.frames[view.count - 1], &out->histograms);
        pthread_mutex_lock(&s->lock);
        s->names_wanted = true;
        done = fill_sites(s, &sums, out) && fill_threads(s, &sums, out);
        pthread_mutex_unlock(&s->lock);
    }
    ms_past_close(&s->past, &view);
    if (!done) {
        ms_past_picture_fini(out);
        status = MEMSCOPE_ERROR_MEMORY;
    }
gone:
    ms_past_sums_fini(&sums);
    ms_engine_let_go(e, s);
    return status;
}

void ms_past_picture_fini(struct ms_past_picture *picture)
{
    free(picture->sites);
    free(picture->threads);
    free(picture->stacks);
    picture->sites = NULL;
    picture->threads = NULL;
    picture->stacks = NULL;
}
