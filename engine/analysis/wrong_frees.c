// SPDX-License-Identifier: MIT
//
// wrong_frees: what the runtime has found of frees of what is no live block
// (runtime/capture/wrong_free.h), as findings: one for each kind and place.

#include "analysis/analyzers.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "platform/atomics.h"
#include "runtime/annotations.h"

#define SAY(to, ...) snprintf((to)->text, sizeof(to)->text, __VA_ARGS__)

struct wrong_free {
    enum ms_moment_kind kind;
    uint32_t stack, thread, row, first_thread, first_time, first_stack;
    uint64_t address, time_ns;
    double count;
};

static bool read_one(struct ms_session *s, uint64_t number,
                     struct wrong_free *out)
{
    struct ms_moment *m =
        &ms_reader_annotations(&s->reader)->moments[number % MS_MOMENTS];
    uint64_t start = s->reader.head.start_ns;

    // acquire: pairs with whoever has written it [W]
    if (ms_load_acquire(&m->seq) != number + 1)
        return false;
    uint64_t ns = ms_load_relaxed(&m->ns);
    *out = (struct wrong_free){
        .kind = (enum ms_moment_kind)ms_load_relaxed(&m->kind),
        .stack = ms_load_relaxed(&m->stack),
        .thread = ms_load_relaxed(&m->thread),
        .row = ms_load_relaxed(&m->row),
        .first_thread = ms_load_relaxed(&m->first_thread),
        .first_time = ms_load_relaxed(&m->first_time),
        .first_stack = ms_load_relaxed(&m->first_stack),
        .address = ms_load_relaxed(&m->address),
        .time_ns = ns > start ? ns - start : 0,
        .count = 1,
    };
    return out->thread < s->model.thread_count &&
           s->model.threads[out->thread].known &&
           out->first_thread <= s->model.thread_count;
}

// Those of one kind, or of two, each place once: with the latest of its times.
static size_t gather(struct ms_session *s, enum ms_moment_kind kind,
                     enum ms_moment_kind other, struct wrong_free *out,
                     size_t room)
{
    struct ms_annotations *a = ms_reader_annotations(&s->reader);
    uint64_t made = a != NULL ? ms_load_relaxed(&a->moment_count) : 0;
    uint64_t kept = made < MS_MOMENTS ? made : MS_MOMENTS;
    size_t count = 0, same;
    struct wrong_free w;

    for (uint64_t n = made - kept; n != made; n++) {
        if (!read_one(s, n, &w) || (w.kind != kind && w.kind != other))
            continue;
        for (same = 0; same < count; same++)
            if (out[same].kind == w.kind && out[same].stack == w.stack &&
                out[same].row == w.row)
                break;
        if (same == room)
            continue;
        if (same == count)
            count++;
        else
            w.count += out[same].count;
        out[same] = w;
    }
    return count;
}

// The uptime of a time in birth units, which was at `later` or before.
static uint64_t time_of(const struct ms_session *s, uint32_t units,
                        uint64_t later)
{
    uint64_t start = s->reader.head.start_ns;
    uint64_t now = (start + later) >> MS_BIRTH_SHIFT;
    uint64_t then = (now - (uint32_t)((uint32_t)now - units)) << MS_BIRTH_SHIFT;

    return then > start ? then - start : 0;
}

// What both kinds have in common. `key` is of the block; NULL: none is known.
static struct ms_finding *add(struct ms_findings *f, const struct wrong_free *w,
                              const struct ms_row_key *key)
{
    struct ms_finding *to = ms_findings_add(f, w->count);

    if (to == NULL)
        return NULL;
    uint32_t site =
        key != NULL ? ms_model_known_site(&f->session->model, key->stack) : 0;
    if (site != 0)
        ms_finding_site(f, to, site - 1);
    ms_session_thread_row(f->session, w->thread, &to->thread);
    to->confidence = 1;
    ms_finding_evidence(to, "count", w->count);
    ms_finding_evidence(to, "address", (double)w->address);
    ms_finding_evidence(to, "free_ns", (double)w->time_ns);
    ms_finding_stack(to, "freed", w->stack, w->thread + 1, w->time_ns);
    return to;
}

typedef void tell_fn(struct ms_findings *f, struct ms_finding *to,
                     const struct wrong_free *w, const struct ms_row_key *key);

static void find(struct ms_findings *f, enum ms_moment_kind kind,
                 enum ms_moment_kind other, tell_fn *tell)
{
    // A place may lie in the ring only once: there are no more than this.
    struct wrong_free all[256];
    size_t count =
        gather(f->session, kind, other, all, sizeof all / sizeof *all);

    for (size_t i = 0; i < count; i++) {
        const struct wrong_free *w = &all[i];
        struct ms_row_key key;
        bool has_block =
            w->row != 0 && ms_reader_row_key(&f->session->reader, w->row, &key);
        struct ms_finding *to = add(f, w, has_block ? &key : NULL);
        if (to == NULL)
            continue;
        tell(f, to, w, has_block ? &key : NULL);
        if (has_block)
            ms_finding_stack(to, "allocated", key.stack, 0, UINT64_MAX);
    }
}

static void tell_of_double(struct ms_findings *f, struct ms_finding *to,
                           const struct wrong_free *w,
                           const struct ms_row_key *key)
{
    uint64_t first = time_of(f->session, w->first_time, w->time_ns);

    if (f->now->capture.dropped_allocs != 0)
        to->confidence = NAN;
    SAY(to,
        "a block of up to %" PRIu64 " bytes at 0x%" PRIx64
        " was freed by thread %u, and again by thread %u",
        key != NULL ? UINT64_C(1) << key->size_class : 0, w->address,
        w->first_thread, w->thread + 1);
    ms_finding_evidence(to, "first_free_ns", (double)first);
    ms_finding_evidence(to, "first_thread", w->first_thread);
    ms_finding_stack(to, "freed_first", w->first_stack, w->first_thread, first);
}

void ms_analyze_double_frees(struct ms_findings *f)
{
    find(f, MS_MOMENT_FREED_TWICE, MS_MOMENT_FREED_TWICE, tell_of_double);
}

static void tell_of_invalid(struct ms_findings *f, struct ms_finding *to,
                            const struct wrong_free *w,
                            const struct ms_row_key *key)
{
    (void)f;
    (void)key;
    if (w->kind == MS_MOMENT_FREED_NO_BLOCK) {
        SAY(to,
            "0x%" PRIx64 " was freed: on a stack or in a loaded file, "
            "never allocated",
            w->address);
        return;
    }
    SAY(to, "0x%" PRIx64 " was freed, %u bytes from the beginning of a block",
        w->address, w->first_time);
    ms_finding_evidence(to, "offset_bytes", w->first_time);
}

void ms_analyze_invalid_frees(struct ms_findings *f)
{
    find(f, MS_MOMENT_FREED_INSIDE, MS_MOMENT_FREED_NO_BLOCK, tell_of_invalid);
}
