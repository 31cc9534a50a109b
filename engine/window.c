// SPDX-License-Identifier: MIT
// See engine/window.h for the contract. Only the rows of the window are made
// whole.

#include "engine/window.h"

#include <stdlib.h>
#include <string.h>

#include "engine_private.h"
#include "window_order.h"

// Files and modules are few and shared: whether one matches is looked up
// again by its address.
#define REMEMBERED 1024
struct matcher {
    const char *filter;
    struct {
        const char *text;
        bool matches;
    } known[REMEMBERED];
};

static bool shared_matches(struct matcher *m, const char *text)
{
    size_t at = ((uintptr_t)text >> 3) % REMEMBERED;

    if (m->known[at].text != text) {
        m->known[at].text = text;
        m->known[at].matches = strcasestr(text, m->filter) != NULL;
    }
    return m->known[at].matches;
}

static bool site_matches(struct matcher *m, const char *function,
                         const char *file, const char *module)
{
    return m->filter[0] == '\0' || shared_matches(m, module) ||
           shared_matches(m, file) || strcasestr(function, m->filter) != NULL;
}

static enum memscope_status cut_sites(const struct ms_session *s,
                                      const struct ms_window *w,
                                      struct ms_cut *out)
{
    struct ms_order o = ms_order_of_sites(w);
    struct matcher m = {.filter = w->filter};
    size_t all = s->model.site_count;
    struct ms_order_entry *e = calloc(all + 1, sizeof *e);
    struct ms_site_row row;

    if (e == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    for (size_t i = 0; i < all; i++) {
        const struct ms_site *site = &s->model.sites[i];
        if (!site_matches(&m, site->function, site->file, site->module))
            continue;
        ms_session_site_numbers(s, i, &row);
        if (w->heap_only && row.alloc_count == 0 && row.free_count == 0)
            continue;
        e[out->site_total].row = (uint32_t)i;
        ms_order_entry_of(&o, &row, NULL, &e[out->site_total++]);
    }
    out->site_count = ms_order_cut(&o, w, e, out->site_total);
    out->sites = malloc((out->site_count + 1) * sizeof *out->sites);
    for (size_t i = 0; out->sites != NULL && i < out->site_count; i++)
        ms_session_site_row(s, e[w->offset + i].row, &out->sites[i]);
    free(e);
    return out->sites != NULL ? MEMSCOPE_OK : MEMSCOPE_ERROR_MEMORY;
}

static enum memscope_status cut_threads(const struct ms_session *s,
                                        const struct ms_window *w,
                                        struct ms_cut *out)
{
    struct ms_order o = ms_order_of_threads(w);
    size_t all = s->model.thread_count;
    struct ms_order_entry *e = calloc(all + 1, sizeof *e);
    struct ms_thread_row row;

    if (e == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    for (uint32_t i = 0; i < all; i++) {
        const struct ms_thread *t = &s->model.threads[i];
        if (!t->known ||
            (w->filter[0] != '\0' && strcasestr(t->name, w->filter) == NULL))
            continue;
        ms_session_thread_row(s, i, &row);
        e[out->thread_total].row = i;
        ms_order_entry_of(&o, &row, t->name, &e[out->thread_total++]);
    }
    out->thread_count = ms_order_cut(&o, w, e, out->thread_total);
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
                                        size_t *total)
{
    struct ms_order o = ms_order_of_sites(w);
    struct matcher m = {.filter = w->filter};
    struct ms_order_entry *e = calloc(*count + 1, sizeof *e);

    *total = 0;
    if (e == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    for (size_t i = 0; i < *count; i++) {
        if (!site_matches(&m, rows[i].function, rows[i].file, rows[i].module))
            continue;
        e[*total].row = (uint32_t)i;
        ms_order_entry_of(&o, &rows[i], NULL, &e[(*total)++]);
    }
    *count = *total;
    enum memscope_status status =
        keep_rows(&o, w, rows, sizeof *rows, e, count);
    free(e);
    return status;
}

enum memscope_status ms_window_of_threads(const struct ms_window *w,
                                          struct ms_thread_row *rows,
                                          size_t *count, size_t *total)
{
    struct ms_order o = ms_order_of_threads(w);
    struct ms_order_entry *e = calloc(*count + 1, sizeof *e);

    *total = 0;
    if (e == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    for (size_t i = 0; i < *count; i++) {
        if (w->filter[0] != '\0' && strcasestr(rows[i].name, w->filter) == NULL)
            continue;
        e[*total].row = (uint32_t)i;
        ms_order_entry_of(&o, &rows[i], rows[i].name, &e[(*total)++]);
    }
    *count = *total;
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
