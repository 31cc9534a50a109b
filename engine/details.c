// SPDX-License-Identifier: MIT
// See engine/details.h for the contract.

#include "engine/details.h"

#include <stdlib.h>
#include <string.h>

#include "engine/moment.h"
#include "engine_private.h"
#include "stack_set.h"

static void add_row(struct ms_detail_sums *to, const struct ms_row_view *row)
{
    to->alloc_bytes += row->alloc_bytes;
    to->alloc_count += row->alloc_count;
    to->free_bytes += row->free_bytes;
    to->free_count += row->free_count;
    to->live_bytes = to->alloc_bytes - to->free_bytes;
    to->live_blocks = to->alloc_count - to->free_count;
}

static void add_size(struct ms_detail *to, const struct ms_row_view *row)
{
    struct ms_histograms *h = &to->histograms;

    h->size_live_bytes[row->size_class] += row->alloc_bytes - row->free_bytes;
    h->size_live_blocks[row->size_class] += row->alloc_count - row->free_count;
    to->size_alloc_count[row->size_class] += row->alloc_count;
}

// More live bytes first, then more ever allocated.
static int by_sums(const struct ms_detail_sums *a,
                   const struct ms_detail_sums *b)
{
    if (a->live_bytes != b->live_bytes)
        return a->live_bytes < b->live_bytes ? 1 : -1;
    return (a->alloc_bytes < b->alloc_bytes) -
           (a->alloc_bytes > b->alloc_bytes);
}

static int by_thread_sums(const void *a, const void *b)
{
    return by_sums(&((const struct ms_detail_thread *)a)->sums,
                   &((const struct ms_detail_thread *)b)->sums);
}

static int by_site_sums(const void *a, const void *b)
{
    return by_sums(&((const struct ms_detail_site *)a)->sums,
                   &((const struct ms_detail_site *)b)->sums);
}

static int by_stack_sums(const void *a, const void *b)
{
    const struct ms_stack_row *x = &((const struct ms_detail_stack *)a)->row;
    const struct ms_stack_row *y = &((const struct ms_detail_stack *)b)->row;

    if (x->live_bytes != y->live_bytes)
        return x->live_bytes < y->live_bytes ? 1 : -1;
    return (x->alloc_bytes < y->alloc_bytes) -
           (x->alloc_bytes > y->alloc_bytes);
}

// {session lock}
static void describe(const struct ms_session *s,
                     const struct ms_lifetimes *lifetimes,
                     struct ms_detail *out)
{
    out->session = s->id;
    memcpy(out->epoch, s->epoch, sizeof out->epoch);
    out->seq = s->seq;
    out->uptime_ns = s->stats[s->seq % MS_STATS_KEPT].uptime_ns;
    out->histograms.seq = s->seq;
    out->histograms.lifetime_unit_ns = UINT64_C(1) << MS_BIRTH_SHIFT;
    memcpy(out->histograms.lifetime_count, lifetimes->count,
           sizeof lifetimes->count);
}

// Those that take part, in place of the table with one entry for each thread.
static void keep_threads(const struct ms_session *s, struct ms_detail *out)
{
    size_t all = s->model.thread_count;

    for (size_t i = 0; i < all; i++) {
        struct ms_detail_thread t = out->threads[i];
        if (t.sums.alloc_count == 0 && t.frees == 0)
            continue;
        t.id = (uint32_t)i + 1;
        t.tid = s->model.threads[i].tid;
        memcpy(t.name, s->model.threads[i].name, sizeof t.name);
        out->threads[out->thread_total++] = t;
    }
    qsort(out->threads, out->thread_total, sizeof *out->threads,
          by_thread_sums);
    out->thread_count = out->thread_total < MS_DETAIL_THREADS
                            ? out->thread_total
                            : MS_DETAIL_THREADS;
}

static bool copy_frames(struct ms_session *s, struct ms_detail_stack *stack)
{
    struct ms_node n;
    uint32_t node = stack->row.id;

    stack->frames = malloc(MS_DETAIL_FRAMES * sizeof *stack->frames);
    if (stack->frames == NULL)
        return false;
    while (stack->frame_count < MS_DETAIL_FRAMES && node > MS_NODE_UNKNOWN &&
           ms_reader_node(&s->reader, node, &n) && !ms_is_pseudo(n.address)) {
        const struct ms_session_module *m =
            ms_session_module_of(s, n.address - 1);
        struct ms_detail_frame *f = &stack->frames[stack->frame_count++];
        *f = (struct ms_detail_frame){.module = m != NULL ? m->name : ""};
        f->frame = (struct ms_frame){
            .address = n.address,
            .function = "?",
            .file = "",
            .file_address = m != NULL ? n.address - m->module.bias : 0,
            .symbol_module = m != NULL ? m->symbols : 0,
        };
        if (n.parent >= node)
            break; // damaged: callers are older
        node = n.parent;
    }
    return true;
}

static bool copy_stacks(struct ms_session *s, const struct ms_site *site,
                        struct ms_detail *out)
{
    const struct ms_stack_table *t = &s->model.stacks;

    for (uint32_t i = site->stacks; i != 0;
         i = ms_stack_table_at(t, i - 1)->next_of_site)
        out->stack_total++;
    out->stacks = calloc(out->stack_total + 1, sizeof *out->stacks);
    if (out->stacks == NULL)
        return false;
    size_t n = 0;
    for (uint32_t i = site->stacks; i != 0;
         i = ms_stack_table_at(t, i - 1)->next_of_site)
        ms_stack_row_copy(ms_stack_table_at(t, i - 1), &out->stacks[n++].row);
    qsort(out->stacks, n, sizeof *out->stacks, by_stack_sums);
    while (out->stack_count < n && out->stack_count < MS_DETAIL_STACKS)
        if (!copy_frames(s, &out->stacks[out->stack_count++]))
            return false;
    return true;
}

// {session lock}
static enum memscope_status copy_site(struct ms_session *s, uint32_t id,
                                      struct ms_detail *out)
{
    const struct ms_stack_table *t = &s->model.stacks;
    struct ms_row_view row;

    if (id == 0 || id > s->model.site_count)
        return MEMSCOPE_ERROR_NOT_FOUND;
    struct ms_site *site = &s->model.sites[id - 1];
    site->wanted = true; // its name is looked at
    out->threads = calloc(s->model.thread_count + 1, sizeof *out->threads);
    if (out->threads == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    describe(s, &site->lifetimes, out);
    ms_session_site_row(s, id - 1, &out->site);
    out->reallocs = (struct ms_detail_reallocs){
        site->realloc_count, site->chains.chains, site->chains.grown_bytes,
        site->chains.longest};
    for (uint32_t i = site->stacks; i != 0;
         i = ms_stack_table_at(t, i - 1)->next_of_site)
        for (uint32_t r = ms_stack_table_at(t, i - 1)->rows; r != 0;
             r = s->model.seen[r].next_of_stack) {
            if (!ms_model_row_view(&s->model, &s->reader, r, &row))
                continue;
            add_row(&out->threads[row.allocator].sums, &row);
            out->threads[row.freer].frees += row.free_count;
            add_size(out, &row);
        }
    keep_threads(s, out);
    return copy_stacks(s, site, out) ? MEMSCOPE_OK : MEMSCOPE_ERROR_MEMORY;
}

static void keep_sites(const struct ms_session *s, struct ms_detail *out)
{
    size_t all = s->model.site_count;

    for (size_t i = 0; i < all; i++) {
        struct ms_detail_site to = out->sites[i];
        if (to.sums.alloc_count == 0)
            continue;
        to.id = (uint32_t)i + 1;
        out->sites[out->site_total++] = to;
    }
    qsort(out->sites, out->site_total, sizeof *out->sites, by_site_sums);
    out->site_count =
        out->site_total < MS_DETAIL_SITES ? out->site_total : MS_DETAIL_SITES;
    for (size_t i = 0; i < out->site_count; i++) {
        struct ms_detail_site *to = &out->sites[i];
        struct ms_site *from = &s->model.sites[to->id - 1];
        from->wanted = true;
        to->function = from->function;
        to->file = from->file;
        to->line = from->line;
        to->module = from->module;
    }
}

// {session lock}
static enum memscope_status copy_thread(struct ms_session *s, uint32_t id,
                                        struct ms_detail *out)
{
    struct ms_row_view row;

    if (id == 0 || id > s->model.thread_count ||
        !s->model.threads[id - 1].known)
        return MEMSCOPE_ERROR_NOT_FOUND;
    const struct ms_thread *thread = &s->model.threads[id - 1];
    out->sites = calloc(s->model.site_count + 1, sizeof *out->sites);
    if (out->sites == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    describe(s, &thread->lifetimes, out);
    ms_session_thread_row(s, id - 1, &out->thread);
    for (uint32_t r = thread->rows; r != 0; r = s->model.seen[r].next_of_thread)
        if (ms_model_row_view(&s->model, &s->reader, r, &row)) {
            add_row(&out->sites[row.site].sums, &row);
            add_size(out, &row);
        }
    keep_sites(s, out);
    return MEMSCOPE_OK;
}

static enum memscope_status
copy_detail(struct ms_engine *e, uint32_t session, uint32_t id,
            enum memscope_status (*copy)(struct ms_session *, uint32_t,
                                         struct ms_detail *),
            struct ms_detail *out)
{
    struct ms_session *s = ms_engine_hold(e, session);

    *out = (struct ms_detail){0};
    if (s == NULL)
        return MEMSCOPE_ERROR_NOT_FOUND;
    pthread_mutex_lock(&s->lock);
    enum memscope_status status = copy(s, id, out);
    pthread_mutex_unlock(&s->lock);
    ms_engine_let_go(e, s);
    if (status != MEMSCOPE_OK)
        ms_detail_fini(out);
    return status;
}

enum memscope_status ms_engine_site_detail(struct ms_engine *e,
                                           uint32_t session, uint32_t site,
                                           struct ms_detail *out)
{
    return copy_detail(e, session, site, copy_site, out);
}

enum memscope_status ms_engine_thread_detail(struct ms_engine *e,
                                             uint32_t session, uint32_t thread,
                                             struct ms_detail *out)
{
    return copy_detail(e, session, thread, copy_thread, out);
}

static uint64_t gained_or_lost(const struct ms_stack_row *row)
{
    return row->alloc_bytes > row->free_bytes
               ? row->alloc_bytes - row->free_bytes
               : row->free_bytes - row->alloc_bytes;
}

static int by_change(const void *a, const void *b)
{
    uint64_t x = gained_or_lost(&((const struct ms_detail_stack *)a)->row);
    uint64_t y = gained_or_lost(&((const struct ms_detail_stack *)b)->row);

    return x != y ? (x < y) - (x > y) : by_stack_sums(a, b);
}

// The stacks of the picture that are the site's, without their frames.
static bool take_stacks(const struct ms_past_picture *p, uint32_t site,
                        bool range, struct ms_detail *out)
{
    out->stacks = calloc(p->stack_count + 1, sizeof *out->stacks);
    if (out->stacks == NULL)
        return false;
    for (size_t i = 0; i < p->stack_count; i++)
        if (p->stacks[i].site == site)
            out->stacks[out->stack_total++].row = p->stacks[i];
    qsort(out->stacks, out->stack_total, sizeof *out->stacks,
          range ? by_change : by_stack_sums);
    return true;
}

enum memscope_status ms_engine_site_past(struct ms_engine *e, uint32_t session,
                                         uint32_t site,
                                         const struct ms_when *when,
                                         struct ms_detail *out)
{
    struct ms_past_picture p;
    enum memscope_status status = ms_engine_past(e, session, when, &p);
    size_t at = 0;

    *out = (struct ms_detail){.past = true};
    if (status != MEMSCOPE_OK)
        return status;
    while (at < p.site_count && p.sites[at].id != site)
        at++;
    struct ms_session *s = ms_engine_hold(e, session);
    if (at == p.site_count || s == NULL) {
        status = MEMSCOPE_ERROR_NOT_FOUND;
        goto done;
    }
    out->session = s->id;
    memcpy(out->epoch, p.stats.epoch, sizeof out->epoch);
    out->seq = p.stats.seq;
    out->uptime_ns = p.stats.uptime_ns;
    out->from_ns = p.from_ns;
    out->site = p.sites[at];
    bool done = take_stacks(&p, site, when->range, out);
    pthread_mutex_lock(&s->lock);
    while (done && out->stack_count < out->stack_total &&
           out->stack_count < MS_DETAIL_STACKS)
        done = copy_frames(s, &out->stacks[out->stack_count++]);
    pthread_mutex_unlock(&s->lock);
    if (!done) {
        ms_detail_fini(out);
        status = MEMSCOPE_ERROR_MEMORY;
    }
done:
    if (s != NULL)
        ms_engine_let_go(e, s);
    ms_past_picture_fini(&p);
    return status;
}

void ms_detail_fini(struct ms_detail *d)
{
    for (size_t i = 0; i < d->stack_count; i++)
        free(d->stacks[i].frames);
    free(d->stacks);
    free(d->threads);
    free(d->sites);
    *d = (struct ms_detail){0};
}
