// SPDX-License-Identifier: MIT
// See analyzers.h for the contract, analysis.c for the methods.

#include "analysis/analyzers.h"

#include <math.h>
#include <stdio.h>

#include "engine/annotations.h"
#include "engine_private.h"
#include "platform/atomics.h"
#include "runtime/annotations.h"

#define SAY(to, ...) snprintf((to)->text, sizeof(to)->text, __VA_ARGS__)

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : NAN;
}

void ms_analyze_suspects(struct ms_findings *f)
{
    const struct ms_growth *g = &f->session->growth;

    for (size_t i = 0; i < g->suspect_count; i++) {
        const struct ms_suspect *s = &g->suspects[i];
        struct ms_finding *to = ms_findings_add(f, s->bytes_per_s);
        if (to == NULL)
            continue;
        ms_finding_site(f, to, s->site);
        to->confidence = s->confidence;
        SAY(to, "has grown by %.0f bytes in %.0f s, %.0f bytes a second",
            s->growth_bytes, s->span_s, s->bytes_per_s);
        ms_finding_evidence(to, "bytes_per_s", s->bytes_per_s);
        ms_finding_evidence(to, "growth_bytes", s->growth_bytes);
        ms_finding_evidence(to, "span_s", s->span_s);
        ms_finding_evidence(to, "fit", s->fit);
        ms_finding_evidence(to, "steps_up", s->ups);
        ms_finding_evidence(to, "steps_down", s->downs);
        ms_finding_evidence(to, "since_ns", (double)s->since_ns);
        // Of all blocks ever allocated here, those that live.
        ms_finding_evidence(
            to, "survival",
            ratio((double)to->site.live_blocks, (double)to->site.alloc_count));
        ms_finding_evidence(to, "mean_lifetime_ns", to->site.mean_lifetime_ns);
    }
}

void ms_analyze_lost(struct ms_findings *f)
{
    const struct ms_leak_report *r = &f->session->scan.report;

    if (r->state != MS_SCAN_DONE)
        return;
    for (size_t i = 0; i < r->row_count; i++) {
        const struct ms_leak_row *row = &r->rows[i];
        if (row->kind != MS_LEAK_DEFINITE || row->suppressed[0] != '\0')
            continue;
        struct ms_finding *to = ms_findings_add(f, (double)row->bytes);
        if (to == NULL)
            continue;
        if (row->site != 0)
            ms_finding_site(f, to, row->site - 1);
        to->confidence = r->blind_threads == 0 ? 1 : NAN;
        SAY(to, "%llu bytes in %llu blocks are lost",
            (unsigned long long)row->bytes, (unsigned long long)row->blocks);
        ms_finding_evidence(to, "lost_bytes", (double)row->bytes);
        ms_finding_evidence(to, "lost_blocks", (double)row->blocks);
        ms_finding_evidence(to, "oldest_ns", (double)row->oldest_ns);
        ms_finding_evidence(to, "scan_ns", (double)r->end_ns);
    }
}

void ms_analyze_temporary(struct ms_findings *f)
{
    const struct ms_model *m = &f->session->model;

    for (size_t i = 0; i < m->site_count; i++) {
        const struct ms_site *s = &m->sites[i];
        if (s->temporary_count < 1000 || s->temporary_count * 2 < s->free_count)
            continue;
        struct ms_finding *to = ms_findings_add(f, (double)s->temporary_count);
        if (to == NULL)
            continue;
        ms_finding_site(f, to, i);
        to->confidence = ms_findings_measured(f);
        SAY(to,
            "%.0f %% of its %llu freed blocks lived until the thread's next "
            "allocation only",
            100 * ratio((double)s->temporary_count, (double)s->free_count),
            (unsigned long long)s->free_count);
        ms_finding_evidence(to, "temporary_count", (double)s->temporary_count);
        ms_finding_evidence(to, "free_count", (double)s->free_count);
        ms_finding_evidence(to, "alloc_count_rate", to->site.alloc_count_rate);
        ms_finding_evidence(to, "mean_lifetime_ns", to->site.mean_lifetime_ns);
    }
}

void ms_analyze_reallocs(struct ms_findings *f)
{
    const struct ms_model *m = &f->session->model;

    for (size_t i = 0; i < m->site_count; i++) {
        const struct ms_site *s = &m->sites[i];
        // A first realloc of NULL begins a block as malloc does; its
        // innermost frame is the same.
        uint64_t began = s->alloc_count - s->realloc_count;
        if (s->realloc_count < 100 || s->realloc_count * 2 < s->alloc_count ||
            s->realloc_count < 4 * began)
            continue;
        struct ms_finding *to = ms_findings_add(f, (double)s->realloc_count);
        if (to == NULL)
            continue;
        ms_finding_site(f, to, i);
        to->confidence = ms_findings_measured(f);
        SAY(to,
            "%llu reallocations, %.0f bytes on average; growing by a "
            "factor would need few",
            (unsigned long long)s->realloc_count,
            ratio((double)s->alloc_bytes, (double)s->alloc_count));
        ms_finding_evidence(to, "realloc_count", (double)s->realloc_count);
        ms_finding_evidence(to, "alloc_count", (double)s->alloc_count);
        ms_finding_evidence(to, "alloc_bytes", (double)s->alloc_bytes);
    }
}

static void describe_thread(struct ms_findings *f, struct ms_finding *to,
                            size_t thread)
{
    ms_session_thread_row(f->session, (uint32_t)thread, &to->thread);
}

// Whose blocks a thread has freed most of, as far as pairs are kept.
static struct ms_pair most_freed(const struct ms_model *m, size_t freer)
{
    struct ms_pair most = {0};

    for (size_t i = 0; i < m->pairs.slot_count; i++)
        if (m->pairs.slots[i].freer == freer + 1 &&
            m->pairs.slots[i].blocks > most.blocks)
            most = m->pairs.slots[i];
    return most;
}

void ms_analyze_cross_frees(struct ms_findings *f)
{
    const struct ms_model *m = &f->session->model;

    for (size_t i = 0; i < m->thread_count; i++) {
        const struct ms_thread *t = &m->threads[i];
        if (!t->known || t->cross_frees < 1000 ||
            t->cross_frees * 100 < m->heap.free_count_total)
            continue;
        struct ms_finding *to = ms_findings_add(f, (double)t->cross_frees);
        if (to == NULL)
            continue;
        describe_thread(f, to, i);
        to->confidence = ms_findings_measured(f);
        struct ms_pair most = most_freed(m, i);
        SAY(to,
            "has freed %llu blocks of other threads, %llu of them of thread %u",
            (unsigned long long)t->cross_frees, (unsigned long long)most.blocks,
            most.allocator);
        ms_finding_evidence(to, "most_of_thread", most.allocator);
        ms_finding_evidence(to, "most_of_thread_frees", (double)most.blocks);
        ms_finding_evidence(to, "cross_frees", (double)t->cross_frees);
        ms_finding_evidence(to, "all_cross_frees", (double)m->cross_frees);
        ms_finding_evidence(to, "all_frees", (double)m->heap.free_count_total);
    }
}

void ms_analyze_hot_spots(struct ms_findings *f)
{
    const struct ms_model *m = &f->session->model;
    double all = 0;

    if (f->session->state == MS_SESSION_ENDED)
        return;
    for (size_t i = 0; i < m->rated_count; i++)
        all += (double)m->sites[m->rated_sites[i]].alloc_rate;
    for (size_t i = 0; i < m->rated_count; i++) {
        double rate = (double)m->sites[m->rated_sites[i]].alloc_rate;
        if (rate < 1000 || rate < all / 10)
            continue;
        struct ms_finding *to = ms_findings_add(f, rate);
        if (to == NULL)
            continue;
        ms_finding_site(f, to, m->rated_sites[i]);
        to->confidence = ms_findings_measured(f);
        SAY(to, "%.0f allocations a second, %.0f %% of all", rate,
            100 * ratio(rate, all));
        ms_finding_evidence(to, "alloc_count_rate", rate);
        ms_finding_evidence(to, "all_alloc_count_rate", all);
        ms_finding_evidence(
            to, "mean_bytes",
            ratio((double)to->site.alloc_bytes, (double)to->site.alloc_count));
    }
}

void ms_analyze_unknown_frees(struct ms_findings *f)
{
    const struct ms_model *m = &f->session->model;

    for (size_t i = 0; i < m->thread_count; i++) {
        const struct ms_thread *t = &m->threads[i];
        if (!t->known || t->unknown_frees == 0)
            continue;
        struct ms_finding *to = ms_findings_add(f, (double)t->unknown_frees);
        if (to == NULL)
            continue;
        describe_thread(f, to, i);
        SAY(to, "has freed %llu addresses at which no block lives",
            (unsigned long long)t->unknown_frees);
        ms_finding_evidence(to, "unknown_frees", (double)t->unknown_frees);
        ms_finding_evidence(to, "dropped_allocs",
                            (double)f->now->capture.dropped_allocs);
    }
}

void ms_analyze_violations(struct ms_findings *f)
{
    static const struct {
        enum ms_moment_kind kind;
        const char *text;
    } kinds[] = {
        {MS_MOMENT_BORROW_CONFLICT, "a block was borrowed twice, once mutably"},
        {MS_MOMENT_FREED_BORROWED, "a block was freed while borrowed"},
        {MS_MOMENT_MOVED_BORROWED, "a block was moved while borrowed"},
        {MS_MOMENT_BAD_RETURN, "a borrow was returned that there is not"},
        {MS_MOMENT_FREED_REFERENCED, "a block was freed while referenced"},
        {MS_MOMENT_OVER_RELEASE, "a reference was released too often"},
    };
    struct ms_annotations *a = ms_reader_annotations(&f->session->reader);

    for (size_t i = 0; a != NULL && i < sizeof kinds / sizeof *kinds; i++) {
        // relaxed: a count
        uint64_t n = ms_load_relaxed(&a->moment_counts[kinds[i].kind]);
        if (n == 0)
            continue;
        struct ms_finding *to = ms_findings_add(f, (double)n);
        if (to == NULL)
            continue;
        to->confidence = 1;
        SAY(to, "%s: %llu times; GET /api/v1/marks has the last ones",
            kinds[i].text, (unsigned long long)n);
        ms_finding_evidence(to, "count", (double)n);
    }
}
