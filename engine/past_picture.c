// SPDX-License-Identifier: MIT
// See engine/moment.h for the contract: frames are added up without a lock,
// then the rows get their names under the session's.

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/moment.h"
#include "engine_private.h"
#include "past.h"

#define SECOND_NS UINT64_C(1000000000)
#define SLACK_NS UINT64_C(50000000) // ticks do not come to the nanosecond

static bool at_or_before(const struct ms_past_frame *f, uint64_t seq,
                         uint64_t uptime_ns)
{
    return seq != 0 ? f->seq <= seq : f->uptime_ns <= uptime_ns;
}

enum memscope_status ms_past_open(struct ms_past *p, uint64_t seq,
                                  uint64_t uptime_ns, struct ms_past_view *out)
{
    size_t all = 1;

    *out = (struct ms_past_view){0};
    pthread_mutex_lock(&p->lock);
    for (unsigned i = 0; i < MS_PAST_LEVELS; i++)
        all += p->levels[i].count;
    out->frames = malloc(all * sizeof *out->frames);
    if (out->frames == NULL) {
        pthread_mutex_unlock(&p->lock);
        return MEMSCOPE_ERROR_MEMORY;
    }
    if (p->base != NULL && at_or_before(p->base, seq, uptime_ns))
        out->frames[out->count++] = p->base;
    bool beyond = p->base != NULL && out->count == 0; // older than all
    for (unsigned i = MS_PAST_LEVELS; i > 0 && !beyond; i--) {
        const struct ms_past_level *l = &p->levels[i - 1];
        for (size_t n = 0; n < l->count; n++) {
            struct ms_past_frame *f = l->frames[l->first + n];
            if (!at_or_before(f, seq, uptime_ns))
                break;
            out->frames[out->count++] = f;
        }
    }
    bool found = out->count != 0;
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

void ms_past_close(struct ms_past *p, struct ms_past_view *view)
{
    pthread_mutex_lock(&p->lock);
    p->readers--;
    ms_past_free_unneeded(p);
    pthread_mutex_unlock(&p->lock);
    free(view->frames);
    *view = (struct ms_past_view){0};
}

// The sums at a moment, and before it.
struct sums {
    struct ms_past_table now[MS_PAST_SERIES];
    struct ms_past_table second[MS_PAST_SERIES]; // a second before
    struct ms_past_table minute[MS_PAST_SERIES];
    double seconds; // since `second`; 0: there was nothing
};

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

static void sums_fini(struct sums *s)
{
    ms_past_tables_fini(s->now);
    ms_past_tables_fini(s->second);
    ms_past_tables_fini(s->minute);
}

static bool ends_before(const struct ms_past_view *v, size_t i, uint64_t ns)
{
    return v->frames[i]->uptime_ns + ns <=
           v->frames[v->count - 1]->uptime_ns + SLACK_NS;
}

static bool add_up(const struct ms_past_view *v, struct sums *s)
{
    size_t last = v->count - 1;

    for (size_t i = 0; i <= last; i++) {
        if (!ms_past_sum(v->frames[i], s->now))
            return false;
        if (i == last)
            break;
        if (ends_before(v, i, 60 * SECOND_NS) &&
            !ends_before(v, i + 1, 60 * SECOND_NS) &&
            !copy_tables(s->now, s->minute))
            return false;
        // Where frames are farther apart, it is the one before.
        if (i + 1 == last ? s->seconds == 0
                          : ends_before(v, i, SECOND_NS) &&
                                !ends_before(v, i + 1, SECOND_NS)) {
            s->seconds =
                (double)(v->frames[last]->uptime_ns - v->frames[i]->uptime_ns) /
                1e9;
            if (!copy_tables(s->now, s->second))
                return false;
        }
    }
    return true;
}

static const uint64_t *row_of(const struct ms_past_table *t, size_t row)
{
    static const uint64_t none[MS_PAST_FIELDS];

    return row < t->room ? t->rows[row] : none;
}

static void fill_histograms(const struct sums *s,
                            const struct ms_past_frame *last,
                            struct ms_histograms *out)
{
    const struct ms_past_table *t = &s->now[MS_PAST_HISTOGRAMS];
    size_t row = 0;

    out->seq = last->seq;
    out->lifetime_unit_ns = last->lifetime_unit_ns;
    for (size_t i = 0; i < MS_HISTOGRAM_SIZES; i++, row++) {
        out->size_live_bytes[i] = row_of(t, row)[0];
        out->size_live_blocks[i] = row_of(t, row)[1];
    }
    for (size_t i = 0; i < MS_HISTOGRAM_LIFETIMES; i++, row++)
        out->lifetime_count[i] = row_of(t, row)[0];
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

static void fill_stack(const struct ms_stack_sums *s, const uint64_t *row,
                       struct ms_stack_row *out)
{
    *out = (struct ms_stack_row){
        .declared_type = "", // of now
        .id = s->node,
        .site = s->site + 1,
        .live_bytes = row[MS_PAST_ALLOC_BYTES] - row[MS_PAST_FREE_BYTES],
        .live_blocks = row[MS_PAST_ALLOC_COUNT] - row[MS_PAST_FREE_COUNT],
        .alloc_bytes = row[MS_PAST_ALLOC_BYTES],
        .alloc_count = row[MS_PAST_ALLOC_COUNT],
        .free_bytes = row[MS_PAST_FREE_BYTES],
        .free_count = row[MS_PAST_FREE_COUNT],
        .realloc_count = row[MS_PAST_REALLOCS],
        .temporary_count = row[MS_PAST_TEMPORARIES],
        .mapped_bytes = row[MS_PAST_MAPPED],
        .mean_lifetime_ns = mean_lifetime(row),
    };
}

// A site's sums, now and before.
struct site_sums {
    uint64_t now[MS_PAST_FIELDS];
    uint64_t alloc_1s, free_1s, live_1m;
};

static void add_to_site(const struct sums *s, uint32_t index,
                        struct site_sums *site)
{
    const uint64_t *now = row_of(&s->now[MS_PAST_STACKS], index);
    const uint64_t *second = row_of(&s->second[MS_PAST_STACKS], index);
    const uint64_t *minute = row_of(&s->minute[MS_PAST_STACKS], index);

    for (unsigned f = 0; f < MS_PAST_FIELDS; f++)
        site->now[f] += now[f];
    site->alloc_1s += second[MS_PAST_ALLOC_COUNT];
    site->free_1s += second[MS_PAST_FREE_COUNT];
    site->live_1m += minute[MS_PAST_ALLOC_BYTES] - minute[MS_PAST_FREE_BYTES];
}

static void fill_site(const struct ms_session *session, size_t index,
                      const struct site_sums *from, double seconds,
                      struct ms_site_row *out)
{
    const uint64_t *row = from->now;

    ms_session_site_numbers(session, index, out); // for all that is constant
    out->live_bytes = row[MS_PAST_ALLOC_BYTES] - row[MS_PAST_FREE_BYTES];
    out->live_blocks = row[MS_PAST_ALLOC_COUNT] - row[MS_PAST_FREE_COUNT];
    out->alloc_bytes = row[MS_PAST_ALLOC_BYTES];
    out->alloc_count = row[MS_PAST_ALLOC_COUNT];
    out->free_bytes = row[MS_PAST_FREE_BYTES];
    out->free_count = row[MS_PAST_FREE_COUNT];
    out->realloc_count = row[MS_PAST_REALLOCS];
    out->temporary_count = row[MS_PAST_TEMPORARIES];
    out->mapped_bytes = row[MS_PAST_MAPPED];
    out->mean_lifetime_ns = mean_lifetime(row);
    out->alloc_count_rate = out->free_count_rate = NAN;
    if (seconds > 0) {
        out->alloc_count_rate =
            (double)(out->alloc_count - from->alloc_1s) / seconds;
        out->free_count_rate =
            (double)(out->free_count - from->free_1s) / seconds;
    }
    out->delta_bytes = (double)out->live_bytes - (double)from->live_1m;
    for (unsigned i = 0; i < MS_TREND_POINTS; i++)
        out->trend[i] = NAN;
}

static bool fill_sites(const struct ms_session *s, const struct sums *sums,
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
        const uint64_t *row = row_of(&sums->now[MS_PAST_STACKS], i);
        if (is_empty(row))
            continue; // it came later
        fill_stack(stack, row, &out->stacks[out->stack_count++]);
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
                        const struct sums *s, bool all_ended,
                        struct ms_thread_row *out)
{
    const uint64_t *row = row_of(&s->now[MS_PAST_THREADS], slot);
    const uint64_t *second = row_of(&s->second[MS_PAST_THREADS], slot);

    ms_session_thread_row(session, slot, out); // for all that is constant
    out->ended = (row[MS_PAST_TEMPORARIES] & 2) != 0 || all_ended;
    out->state = out->ended ? 'X' : '?';
    out->cpu = out->alloc_bytes_rate = out->alloc_count_rate = NAN;
    out->live_bytes = row[MS_PAST_ALLOC_BYTES] - row[MS_PAST_FREE_BYTES];
    out->live_blocks = row[MS_PAST_ALLOC_COUNT] - row[MS_PAST_FREE_COUNT];
    out->alloc_bytes = row[MS_PAST_ALLOC_BYTES];
    out->alloc_count = row[MS_PAST_ALLOC_COUNT];
    out->free_bytes = row[MS_PAST_FREE_BYTES];
    out->free_count = row[MS_PAST_FREE_COUNT];
    out->cross_frees = row[MS_PAST_REALLOCS];
    if (s->seconds > 0) {
        out->alloc_bytes_rate =
            (double)(out->alloc_bytes - second[MS_PAST_ALLOC_BYTES]) /
            s->seconds;
        out->alloc_count_rate =
            (double)(out->alloc_count - second[MS_PAST_ALLOC_COUNT]) /
            s->seconds;
    }
    for (unsigned i = 0; i < MS_TREND_POINTS; i++)
        out->trend[i] = NAN;
}

static bool fill_threads(const struct ms_session *s, const struct sums *sums,
                         struct ms_past_picture *out)
{
    out->threads = malloc((s->model.thread_count + 1) * sizeof *out->threads);
    if (out->threads == NULL)
        return false;
    for (uint32_t i = 0; i < s->model.thread_count; i++)
        if ((row_of(&sums->now[MS_PAST_THREADS], i)[MS_PAST_TEMPORARIES] & 1) !=
            0)
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
    struct sums sums = {.seconds = 0};
    bool done = false;

    *out = (struct ms_past_picture){0};
    if (s == NULL)
        return MEMSCOPE_ERROR_NOT_FOUND;
    enum memscope_status status =
        ms_past_open(&s->past, when->seq, when->uptime_ns, &view);
    if (status != MEMSCOPE_OK)
        goto gone;
    out->stats = view.frames[view.count - 1]->stats;
    out->step_ns = view.step_ns;
    if (add_up(&view, &sums)) {
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
    sums_fini(&sums);
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
