// SPDX-License-Identifier: MIT
// See saved.h and engine/saved.h for the contracts.

#include "snapshot/saved.h"

#include <stdlib.h>
#include <string.h>

#include "engine_private.h"

enum memscope_status ms_engine_show(struct ms_engine *e,
                                    const struct ms_snapshot *snapshot,
                                    uint32_t *session)
{
    enum memscope_status status = MEMSCOPE_ERROR_LIMIT;

    pthread_mutex_lock(&e->lock);
    if (e->saved_count < MS_SNAPSHOT_LIMIT) {
        ((struct ms_snapshot_entry *)snapshot)->refs++;
        *session = ++e->next_session;
        e->saved[e->saved_count++] = (struct ms_saved){*session, snapshot};
        status = MEMSCOPE_OK;
    }
    pthread_mutex_unlock(&e->lock);
    return status;
}

// A program that runs comes first, whatever is shown beside it. {lock}
static bool is_primary(const struct ms_engine *e, uint32_t session)
{
    return e->session_count == 0 && e->saved_count != 0 &&
           e->saved[0].session == session;
}

const struct ms_snapshot *ms_saved_acquire(struct ms_engine *e,
                                           uint32_t *session)
{
    const struct ms_snapshot *found = NULL;

    pthread_mutex_lock(&e->lock);
    if (*session == 0 && e->session_count == 0 && e->saved_count != 0)
        *session = e->saved[0].session;
    for (size_t i = 0; i < e->saved_count; i++)
        if (e->saved[i].session == *session)
            found = e->saved[i].snapshot;
    if (found != NULL)
        ((struct ms_snapshot_entry *)found)->refs++;
    pthread_mutex_unlock(&e->lock);
    return found;
}

void ms_saved_release_all(struct ms_engine *e)
{
    while (e->saved_count > 0)
        ms_snapshot_release(e, e->saved[--e->saved_count].snapshot);
}

struct ms_stats ms_saved_stats_of(const struct ms_snapshot *snapshot,
                                  uint32_t session)
{
    struct ms_stats stats = snapshot->stats;

    stats.session = session;
    return stats;
}

enum memscope_status ms_saved_session(struct ms_engine *e, uint32_t id,
                                      struct ms_session_info *out)
{
    const struct ms_snapshot *s = ms_saved_acquire(e, &id);

    if (s == NULL)
        return MEMSCOPE_ERROR_NOT_FOUND;
    *out = s->session;
    out->id = id;
    out->state = MS_SESSION_SAVED;
    out->seq = s->stats.seq;
    pthread_mutex_lock(&e->lock);
    out->primary = is_primary(e, id);
    pthread_mutex_unlock(&e->lock);
    ms_snapshot_release(e, s);
    return MEMSCOPE_OK;
}

enum memscope_status ms_saved_stats(struct ms_engine *e, uint32_t id,
                                    uint64_t seq, struct ms_stats *out)
{
    const struct ms_snapshot *s = ms_saved_acquire(e, &id);

    if (s == NULL)
        return MEMSCOPE_ERROR_NOT_FOUND;
    bool found = seq == 0 || seq == s->stats.seq;
    if (found)
        *out = ms_saved_stats_of(s, id);
    ms_snapshot_release(e, s);
    return found ? MEMSCOPE_OK : MEMSCOPE_ERROR_NOT_FOUND;
}

// All rows, or none when they are not newer than `since`: everything in a
// snapshot is of its one tick.
static void *copy_rows(const void *rows, size_t bytes, size_t *count,
                       bool wanted)
{
    size_t n = wanted ? *count : 0;
    void *copy = malloc((n + 1) * bytes);

    *count = copy != NULL ? n : 0;
    if (n != 0 && copy != NULL)
        memcpy(copy, rows, n * bytes);
    return copy;
}

typedef void *copy_fn(const struct ms_snapshot *s, bool wanted, size_t *count);

static void *copy_threads(const struct ms_snapshot *s, bool wanted,
                          size_t *count)
{
    *count = s->thread_count;
    struct ms_thread_row *rows =
        copy_rows(s->threads, sizeof *rows, count, wanted);
    for (size_t i = 0; i < *count; i++)
        rows[i].changed_seq = s->stats.seq;
    return rows;
}

static void *copy_sites(const struct ms_snapshot *s, bool wanted, size_t *count)
{
    *count = s->site_count;
    struct ms_site_row *rows = copy_rows(s->sites, sizeof *rows, count, wanted);
    for (size_t i = 0; i < *count; i++)
        rows[i].changed_seq = s->stats.seq;
    return rows;
}

static enum memscope_status copy_table(struct ms_engine *e, uint32_t id,
                                       uint64_t since, copy_fn *copy,
                                       void **rows, size_t *count,
                                       uint64_t *seq)
{
    const struct ms_snapshot *s = ms_saved_acquire(e, &id);

    if (s == NULL)
        return MEMSCOPE_ERROR_NOT_FOUND;
    *seq = s->stats.seq;
    *rows = copy(s, since < *seq, count);
    ms_snapshot_release(e, s);
    return *rows != NULL ? MEMSCOPE_OK : MEMSCOPE_ERROR_MEMORY;
}

enum memscope_status ms_saved_threads(struct ms_engine *e, uint32_t id,
                                      uint64_t since,
                                      struct ms_thread_row **rows,
                                      size_t *count, uint64_t *seq)
{
    void *copy = NULL;
    enum memscope_status status =
        copy_table(e, id, since, copy_threads, &copy, count, seq);

    *rows = copy;
    return status;
}

enum memscope_status ms_saved_sites(struct ms_engine *e, uint32_t id,
                                    uint64_t since, struct ms_site_row **rows,
                                    size_t *count, uint64_t *seq)
{
    void *copy = NULL;
    enum memscope_status status =
        copy_table(e, id, since, copy_sites, &copy, count, seq);

    *rows = copy;
    return status;
}

enum memscope_status ms_saved_histograms(struct ms_engine *e, uint32_t id,
                                         struct ms_histograms *out)
{
    const struct ms_snapshot *s = ms_saved_acquire(e, &id);

    if (s == NULL)
        return MEMSCOPE_ERROR_NOT_FOUND;
    *out = s->histograms;
    ms_snapshot_release(e, s);
    return MEMSCOPE_OK;
}

enum memscope_status ms_saved_modules(struct ms_engine *e, uint32_t id,
                                      struct ms_module_info **out,
                                      size_t *count)
{
    const struct ms_snapshot *s = ms_saved_acquire(e, &id);

    if (s == NULL)
        return MEMSCOPE_ERROR_NOT_FOUND;
    *count = s->module_count;
    *out = copy_rows(s->modules, sizeof **out, count, true);
    for (size_t i = 0; i < *count; i++)
        (*out)[i].symbols = "unknown"; // its names are in the file
    ms_snapshot_release(e, s);
    return *out != NULL ? MEMSCOPE_OK : MEMSCOPE_ERROR_MEMORY;
}

static enum memscope_status cut_sites(const struct ms_snapshot *s,
                                      const struct ms_window *w,
                                      struct ms_cut *out)
{
    size_t kept = 0;

    out->sites = copy_sites(s, true, &out->site_count);
    if (out->sites == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    for (size_t i = 0; i < out->site_count; i++) {
        const struct ms_site_row *row = &out->sites[i];
        if (w->heap_only && row->alloc_count == 0 && row->free_count == 0)
            continue;
        out->sites[kept++] = *row;
    }
    out->site_count = kept;
    return ms_window_of_sites(w, out->sites, &out->site_count, &out->site_sums);
}

enum memscope_status ms_saved_cut(struct ms_engine *e, uint32_t id,
                                  const struct ms_window *threads,
                                  const struct ms_window *sites,
                                  struct ms_cut *out)
{
    const struct ms_snapshot *s = ms_saved_acquire(e, &id);
    enum memscope_status status = MEMSCOPE_OK;

    if (s == NULL)
        return MEMSCOPE_ERROR_NOT_FOUND;
    out->stats = ms_saved_stats_of(s, id);
    if (threads != NULL) {
        out->threads = copy_threads(s, true, &out->thread_count);
        status =
            out->threads == NULL
                ? MEMSCOPE_ERROR_MEMORY
                : ms_window_of_threads(threads, out->threads,
                                       &out->thread_count, &out->thread_sums);
    }
    if (status == MEMSCOPE_OK && sites != NULL)
        status = cut_sites(s, sites, out);
    ms_snapshot_release(e, s);
    if (status != MEMSCOPE_OK) {
        ms_cut_fini(out);
        *out = (struct ms_cut){0};
    }
    return status;
}

enum memscope_status ms_saved_changes(struct ms_engine *e, uint32_t id,
                                      const char *epoch, uint64_t since,
                                      struct ms_changes *out)
{
    const struct ms_snapshot *s = ms_saved_acquire(e, &id);

    if (s == NULL)
        return MEMSCOPE_ERROR_NOT_FOUND;
    uint64_t seq = s->stats.seq;
    out->stats = ms_saved_stats_of(s, id);
    out->histograms = s->histograms;
    out->whole =
        since == 0 || since > seq || strcmp(epoch, s->stats.epoch) != 0;
    bool wanted = out->whole || since < seq;
    out->threads = copy_threads(s, wanted, &out->thread_count);
    out->sites = copy_sites(s, wanted, &out->site_count);
    bool done = out->threads != NULL && out->sites != NULL &&
                (!wanted || ms_changes_of_snapshot(s, out));
    ms_snapshot_release(e, s);
    if (done)
        return MEMSCOPE_OK;
    ms_changes_fini(out);
    return MEMSCOPE_ERROR_MEMORY;
}
