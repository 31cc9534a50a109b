// SPDX-License-Identifier: MIT
// See engine/window.h for the contract. Only the rows of the window are made
// whole.

#include "engine/window.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_private.h"
#include "expression.h"
#include "window_order.h"

// Files and modules are few and shared: whether one matches is looked up
// again by its address.
#define REMEMBERED 1024
struct matcher {
    const char *filter;
    struct ms_expression *expression; // NULL: a part of a name is looked for
    bool own;                         // it is this matcher's alone
    struct {
        const char *text;
        bool matches;
    } known[REMEMBERED];
};

// `all`: where expressions are kept; NULL: this one is not.
static bool matcher_init(struct matcher *m, const char *filter,
                         struct ms_expressions *all)
{
    *m = (struct matcher){.filter = filter};
    if (!ms_is_expression(filter))
        return true;
    m->own = all == NULL;
    m->expression = all != NULL ? ms_expressions_find(all, filter)
                                : ms_expression_create(filter);
    return m->expression != NULL;
}

static void matcher_fini(struct matcher *m, struct ms_window_sums *sums)
{
    if (m->expression == NULL)
        return;
    snprintf(sums->trouble, sizeof sums->trouble, "%s",
             ms_expression_trouble(m->expression));
    if (m->own)
        ms_expression_destroy(m->expression);
}

static unsigned char folded(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

// Whether `part`, which is not empty, is in `text`, in any case. strcasestr()
// takes twice as long for short names, and there may be very many.
static bool contains(const char *text, const char *part)
{
    unsigned char first = folded(*part);

    for (; *text != '\0'; text++) {
        if (folded(*text) != first)
            continue;
        size_t i = 1;
        while (part[i] != '\0' && folded(text[i]) == folded(part[i]))
            i++;
        if (part[i] == '\0')
            return true;
    }
    return false;
}

static bool name_matches(struct matcher *m, const char *text, bool lasting)
{
    return m->expression != NULL
               ? ms_expression_matches(m->expression, text, lasting)
               : contains(text, m->filter);
}

static bool shared_matches(struct matcher *m, const char *text)
{
    size_t at = ((uintptr_t)text >> 3) % REMEMBERED;

    if (m->known[at].text != text) {
        m->known[at].text = text;
        m->known[at].matches = name_matches(m, text, true);
    }
    return m->known[at].matches;
}

int ms_window_kind(const char *name)
{
    static const char *const kinds[] = {[MS_THREADS_ALL] = "all",
                                        [MS_THREADS_ALIVE] = "alive",
                                        [MS_THREADS_RUNNING] = "running"};

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i], name) == 0)
            return (int)i;
    return -1;
}

static bool is_pinned(const struct ms_window *w, uint32_t id)
{
    for (size_t i = 0; i < w->pin_count; i++)
        if (w->pins[i] == id)
            return true;
    return false;
}

static bool site_matches(struct matcher *m, const struct ms_window *w,
                         uint32_t id, const char *function, const char *file,
                         const char *module)
{
    if (is_pinned(w, id))
        return true;
    if (w->module[0] != '\0' && strcmp(w->module, module) != 0)
        return false;
    return m->filter[0] == '\0' || shared_matches(m, module) ||
           shared_matches(m, file) || name_matches(m, function, true);
}

static bool enough(const struct ms_window *w, uint32_t id, uint64_t live_bytes)
{
    return live_bytes >= w->least_bytes || is_pinned(w, id);
}

static bool thread_matches(struct matcher *m, const struct ms_window *w,
                           const struct ms_thread_row *row)
{
    if (is_pinned(w, row->id))
        return true;
    if ((w->threads == MS_THREADS_ALIVE && row->ended) ||
        (w->threads == MS_THREADS_RUNNING && row->state != 'R') ||
        row->live_bytes < w->least_bytes)
        return false;
    return w->filter[0] == '\0' || name_matches(m, row->name, false);
}

// The next entry, whose row counts in the sums.
static struct ms_order_entry *add(const struct ms_window *w, uint32_t id,
                                  uint64_t live_bytes, uint64_t live_blocks,
                                  struct ms_window_sums *sums,
                                  struct ms_order_entry *e)
{
    e += sums->rows++;
    sums->live_bytes += live_bytes;
    sums->live_blocks += live_blocks;
    e->pinned = is_pinned(w, id);
    return e;
}

static enum memscope_status
cut_sites(struct ms_session *s, const struct ms_window *w, struct ms_cut *out)
{
    struct ms_order o = ms_order_of_sites(w);
    struct matcher m;
    size_t all = s->model.site_count;
    struct ms_order_entry *e = calloc(all + 1, sizeof *e);
    struct ms_site_row row;

    if (e == NULL || !matcher_init(&m, w->filter, &s->expressions)) {
        free(e);
        return MEMSCOPE_ERROR_MEMORY;
    }
    for (size_t i = 0; i < all; i++) {
        const struct ms_site *site = &s->model.sites[i];
        if (!site_matches(&m, w, (uint32_t)i + 1, site->function, site->file,
                          site->module))
            continue;
        ms_session_site_numbers(s, i, &row);
        if (!enough(w, (uint32_t)i + 1, row.live_bytes) ||
            (w->heap_only && row.alloc_count == 0 && row.free_count == 0))
            continue;
        struct ms_order_entry *next = add(w, (uint32_t)i + 1, row.live_bytes,
                                          row.live_blocks, &out->site_sums, e);
        next->row = (uint32_t)i;
        ms_order_entry_of(&o, &row, NULL, next);
    }
    matcher_fini(&m, &out->site_sums);
    out->site_count = ms_order_cut(&o, w, e, out->site_sums.rows);
    out->sites = malloc((out->site_count + 1) * sizeof *out->sites);
    for (size_t i = 0; out->sites != NULL && i < out->site_count; i++)
        ms_session_site_row(s, e[w->offset + i].row, &out->sites[i]);
    free(e);
    return out->sites != NULL ? MEMSCOPE_OK : MEMSCOPE_ERROR_MEMORY;
}

static enum memscope_status
cut_threads(struct ms_session *s, const struct ms_window *w, struct ms_cut *out)
{
    struct ms_order o = ms_order_of_threads(w);
    struct matcher m;
    size_t all = s->model.thread_count;
    struct ms_order_entry *e = calloc(all + 1, sizeof *e);
    struct ms_thread_row row;

    if (e == NULL || !matcher_init(&m, w->filter, &s->expressions)) {
        free(e);
        return MEMSCOPE_ERROR_MEMORY;
    }
    for (uint32_t i = 0; i < all; i++) {
        const struct ms_thread *t = &s->model.threads[i];
        if (!t->known)
            continue;
        ms_session_thread_row(s, i, &row);
        if (!thread_matches(&m, w, &row))
            continue;
        struct ms_order_entry *next = add(
            w, row.id, row.live_bytes, row.live_blocks, &out->thread_sums, e);
        next->row = i;
        ms_order_entry_of(&o, &row, t->name, next);
    }
    matcher_fini(&m, &out->thread_sums);
    out->thread_count = ms_order_cut(&o, w, e, out->thread_sums.rows);
    out->threads = malloc((out->thread_count + 1) * sizeof *out->threads);
    for (size_t i = 0; out->threads != NULL && i < out->thread_count; i++)
        ms_session_thread_row(s, e[w->offset + i].row, &out->threads[i]);
    free(e);
    return out->threads != NULL ? MEMSCOPE_OK : MEMSCOPE_ERROR_MEMORY;
}

// Keeps the window's rows, in its order. The others are overwritten.
static enum memscope_status keep_rows(const struct ms_order *o,
                                      const struct ms_window *w, void *rows,
                                      size_t bytes, struct ms_order_entry *e,
                                      size_t *count)
{
    size_t n = ms_order_cut(o, w, e, *count);
    char *kept = malloc((n + 1) * bytes);

    for (size_t i = 0; kept != NULL && i < n; i++)
        memcpy(kept + i * bytes, (char *)rows + e[w->offset + i].row * bytes,
               bytes);
    if (kept != NULL)
        memcpy(rows, kept, n * bytes);
    free(kept);
    *count = n;
    return kept != NULL ? MEMSCOPE_OK : MEMSCOPE_ERROR_MEMORY;
}

enum memscope_status ms_window_of_sites(const struct ms_window *w,
                                        struct ms_site_row *rows, size_t *count,
                                        struct ms_window_sums *sums)
{
    struct ms_order o = ms_order_of_sites(w);
    struct matcher m;
    struct ms_order_entry *e = calloc(*count + 1, sizeof *e);

    *sums = (struct ms_window_sums){0};
    if (e == NULL || !matcher_init(&m, w->filter, NULL)) {
        free(e);
        return MEMSCOPE_ERROR_MEMORY;
    }
    for (size_t i = 0; i < *count; i++) {
        if (!site_matches(&m, w, rows[i].id, rows[i].function, rows[i].file,
                          rows[i].module) ||
            !enough(w, rows[i].id, rows[i].live_bytes))
            continue;
        struct ms_order_entry *next = add(w, rows[i].id, rows[i].live_bytes,
                                          rows[i].live_blocks, sums, e);
        next->row = (uint32_t)i;
        ms_order_entry_of(&o, &rows[i], NULL, next);
    }
    matcher_fini(&m, sums);
    *count = sums->rows;
    enum memscope_status status =
        keep_rows(&o, w, rows, sizeof *rows, e, count);
    free(e);
    return status;
}

enum memscope_status ms_window_of_threads(const struct ms_window *w,
                                          struct ms_thread_row *rows,
                                          size_t *count,
                                          struct ms_window_sums *sums)
{
    struct ms_order o = ms_order_of_threads(w);
    struct matcher m;
    struct ms_order_entry *e = calloc(*count + 1, sizeof *e);

    *sums = (struct ms_window_sums){0};
    if (e == NULL || !matcher_init(&m, w->filter, NULL)) {
        free(e);
        return MEMSCOPE_ERROR_MEMORY;
    }
    for (size_t i = 0; i < *count; i++) {
        if (!thread_matches(&m, w, &rows[i]))
            continue;
        struct ms_order_entry *next = add(w, rows[i].id, rows[i].live_bytes,
                                          rows[i].live_blocks, sums, e);
        next->row = (uint32_t)i;
        ms_order_entry_of(&o, &rows[i], rows[i].name, next);
    }
    matcher_fini(&m, sums);
    *count = sums->rows;
    enum memscope_status status =
        keep_rows(&o, w, rows, sizeof *rows, e, count);
    free(e);
    return status;
}

enum memscope_status ms_engine_cut(struct ms_engine *engine, uint32_t session,
                                   const struct ms_window *threads,
                                   const struct ms_window *sites,
                                   struct ms_cut *out)
{
    struct ms_session *s = ms_engine_hold(engine, session);
    enum memscope_status status = MEMSCOPE_ERROR_NOT_FOUND;

    *out = (struct ms_cut){0};
    if (s == NULL)
        return ms_saved_cut(engine, session, threads, sites, out);
    pthread_mutex_lock(&s->lock);
    s->names_wanted |= sites != NULL;
    if (s->seq != 0) {
        out->stats = s->stats[s->seq % MS_STATS_KEPT];
        status = MEMSCOPE_OK;
    }
    if (status == MEMSCOPE_OK && threads != NULL)
        status = cut_threads(s, threads, out);
    if (status == MEMSCOPE_OK && sites != NULL)
        status = cut_sites(s, sites, out);
    pthread_mutex_unlock(&s->lock);
    ms_engine_let_go(engine, s);
    if (status != MEMSCOPE_OK) {
        ms_cut_fini(out);
        *out = (struct ms_cut){0};
    }
    return status;
}

void ms_cut_fini(struct ms_cut *cut)
{
    free(cut->threads);
    free(cut->sites);
    cut->threads = NULL;
    cut->sites = NULL;
}
