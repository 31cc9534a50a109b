// SPDX-License-Identifier: MIT
//
// rates: what the model knows of time: rates over the last second, trends.

#include "model/model.h"

#include <math.h>

void ms_model_empty_trend(float trend[MS_TREND_POINTS])
{
    for (size_t i = 0; i < MS_TREND_POINTS; i++)
        trend[i] = NAN;
}

static void rate_site(struct ms_site *s, double seconds, uint64_t seq)
{
    s->alloc_rate =
        (float)((double)(s->alloc_count - s->alloc_count_1s) / seconds);
    s->free_rate =
        (float)((double)(s->free_count - s->free_count_1s) / seconds);
    s->alloc_count_1s = s->alloc_count;
    s->free_count_1s = s->free_count;
    s->changed_seq = seq;
}

void ms_model_second(struct ms_model *m, double seconds, uint64_t seq)
{
    size_t kept = 0;

    for (size_t i = 0; i < m->rated_count; i++) {
        struct ms_site *s = &m->sites[m->rated_sites[i]];
        rate_site(s, seconds, seq);
        // One more second for those that moved, to show that they stopped.
        s->rated = s->alloc_rate > 0 || s->free_rate > 0;
        if (s->rated)
            m->rated_sites[kept++] = m->rated_sites[i];
    }
    m->rated_count = kept;
    for (size_t i = 0; i < m->thread_count; i++) {
        struct ms_thread *t = &m->threads[i];
        double bytes = (double)(t->alloc_bytes - t->alloc_bytes_1s) / seconds;
        double count = (double)(t->alloc_count - t->alloc_count_1s) / seconds;
        if (bytes != t->bytes_rate || count != t->count_rate)
            t->changed_seq = seq;
        t->bytes_rate = bytes;
        t->count_rate = count;
        t->alloc_bytes_1s = t->alloc_bytes;
        t->alloc_count_1s = t->alloc_count;
    }
}

// True when the point changes the picture.
static bool add_point(float trend[MS_TREND_POINTS], uint32_t head,
                      uint64_t alloc_bytes, uint64_t free_bytes)
{
    float before = trend[(head + MS_TREND_POINTS - 1) % MS_TREND_POINTS];
    float dropped = trend[head];
    float next = (float)(alloc_bytes - free_bytes);

    trend[head] = next;
    if (next != before || next != dropped)
        return true;
    // The ends are equal; what lies between has moved by one all the same.
    for (uint32_t i = 0; i < MS_TREND_POINTS; i++)
        if (trend[i] != next)
            return true;
    return false;
}

void ms_model_trend(struct ms_model *m, uint64_t seq)
{
    uint32_t head = m->trend_head;

    for (size_t i = 0; i < m->site_count; i++) {
        struct ms_site *s = &m->sites[i];
        if (add_point(s->trend, head, s->alloc_bytes, s->free_bytes))
            s->changed_seq = seq;
    }
    for (size_t i = 0; i < m->thread_count; i++) {
        struct ms_thread *t = &m->threads[i];
        if (add_point(t->trend, head, t->alloc_bytes, t->free_bytes))
            t->changed_seq = seq;
    }
    m->trend_head = (head + 1) % MS_TREND_POINTS;
}
