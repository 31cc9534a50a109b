// SPDX-License-Identifier: MIT
// See engine/picture.h and engine/engine.h for the contracts: the reads.

#include "engine/picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_private.h"

static bool is_primary(struct ms_engine *e, const struct ms_session *s)
{
    struct ms_session *primary = ms_engine_hold(e, 0);
    bool same = primary == s;

    if (primary != NULL)
        ms_engine_let_go(e, primary);
    return same;
}

const char *ms_session_state_name(enum ms_session_state state)
{
    return state == MS_SESSION_RUNNING ? "running"
           : state == MS_SESSION_ENDED ? "ended"
                                       : "saved";
}

enum memscope_status ms_engine_session(struct ms_engine *e, uint32_t id,
                                       struct ms_session_info *out)
{
    struct ms_session *s = ms_engine_hold(e, id);

    if (s == NULL)
        return ms_saved_session(e, id, out);
    pthread_mutex_lock(&s->lock);
    ms_session_info(s, out);
    pthread_mutex_unlock(&s->lock);
    out->primary = is_primary(e, s);
    ms_engine_let_go(e, s);
    return MEMSCOPE_OK;
}

enum memscope_status ms_engine_sessions(struct ms_engine *e,
                                        struct ms_session_info **out,
                                        size_t *count)
{
    uint32_t ids[MS_SESSIONS_KEPT + MS_SESSIONS_RUNNING + MS_SNAPSHOT_LIMIT];
    size_t n = 0;

    pthread_mutex_lock(&e->lock);
    for (size_t i = 0; i < e->session_count; i++)
        ids[n++] = e->sessions[i]->id;
    for (size_t i = 0; i < e->saved_count; i++)
        ids[n++] = e->saved[i].session;
    pthread_mutex_unlock(&e->lock);
    *count = 0;
    *out = malloc((n != 0 ? n : 1) * sizeof **out);
    if (*out == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    for (size_t i = 0; i < n; i++) // one that has gone meanwhile is left out
        *count += ms_engine_session(e, ids[i], &(*out)[*count]) == MEMSCOPE_OK;
    return MEMSCOPE_OK;
}

enum memscope_status ms_engine_stats(struct ms_engine *e, uint32_t session,
                                     uint64_t seq, struct ms_stats *out)
{
    struct ms_session *s = ms_engine_hold(e, session);
    enum memscope_status status = MEMSCOPE_ERROR_NOT_FOUND;

    if (s == NULL)
        return ms_saved_stats(e, session, seq, out);
    pthread_mutex_lock(&s->lock);
    uint64_t wanted = seq == 0 ? s->seq : seq;
    if (wanted != 0 && s->stats[wanted % MS_STATS_KEPT].seq == wanted) {
        *out = s->stats[wanted % MS_STATS_KEPT];
        status = MEMSCOPE_OK;
    }
    pthread_mutex_unlock(&s->lock);
    ms_engine_let_go(e, s);
    return status;
}

enum memscope_status ms_engine_threads(struct ms_engine *e, uint32_t session,
                                       uint64_t since,
                                       struct ms_thread_row **rows,
                                       size_t *count, uint64_t *seq)
{
    struct ms_session *s = ms_engine_hold(e, session);
    enum memscope_status status = MEMSCOPE_OK;

    *rows = NULL;
    *count = 0;
    if (s == NULL)
        return ms_saved_threads(e, session, since, rows, count, seq);
    pthread_mutex_lock(&s->lock);
    *seq = s->seq;
    *rows = malloc((s->model.thread_count + 1) * sizeof **rows);
    if (*rows == NULL)
        status = MEMSCOPE_ERROR_MEMORY;
    for (uint32_t i = 0; *rows != NULL && i < s->model.thread_count; i++)
        if (s->model.threads[i].known &&
            (since == 0 || s->model.threads[i].changed_seq > since))
            ms_session_thread_row(s, i, &(*rows)[(*count)++]);
    pthread_mutex_unlock(&s->lock);
    ms_engine_let_go(e, s);
    return status;
}

enum memscope_status ms_engine_sites(struct ms_engine *e, uint32_t session,
                                     uint64_t since, struct ms_site_row **rows,
                                     size_t *count, uint64_t *seq)
{
    struct ms_session *s = ms_engine_hold(e, session);
    enum memscope_status status = MEMSCOPE_OK;

    *rows = NULL;
    *count = 0;
    if (s == NULL)
        return ms_saved_sites(e, session, since, rows, count, seq);
    pthread_mutex_lock(&s->lock);
    s->names_wanted = true;
    *seq = s->seq;
    size_t changed = 0;
    for (size_t i = 0; i < s->model.site_count; i++)
        changed += since == 0 || s->model.sites[i].changed_seq > since;
    *rows = malloc((changed + 1) * sizeof **rows);
    if (*rows == NULL)
        status = MEMSCOPE_ERROR_MEMORY;
    for (size_t i = 0; *rows != NULL && i < s->model.site_count; i++)
        if (since == 0 || s->model.sites[i].changed_seq > since)
            ms_session_site_row(s, i, &(*rows)[(*count)++]);
    pthread_mutex_unlock(&s->lock);
    ms_engine_let_go(e, s);
    return status;
}

static int by_live_bytes(const void *a, const void *b)
{
    const struct ms_site_row *x = a, *y = b;

    return (x->live_bytes < y->live_bytes) - (x->live_bytes > y->live_bytes);
}

void ms_engine_hurry(struct ms_engine *e)
{
    if (e->symbols != NULL)
        ms_symbols_hurry(e->symbols);
}

// Asks for a name at once: ticks may be far between. Of the site itself they
// are to tell what has changed.
static bool name_row(struct ms_session *s, struct ms_site *site,
                     struct ms_site_row *row)
{
    struct ms_symbol found;

    site->wanted = true;
    if (site->symbol_module == 0)
        return true;
    bool known = ms_symbols_lookup(s->symbols, site->symbol_module,
                                   site->file_address, &found);
    row->function = found.function;
    row->file = found.file;
    row->line = found.line;
    return known;
}

enum memscope_status ms_engine_top_sites(struct ms_engine *e, uint32_t session,
                                         struct ms_site_row *rows, size_t room,
                                         size_t *count, bool *named)
{
    struct ms_session *s = ms_engine_hold(e, session);

    *count = 0;
    *named = true;
    if (s == NULL)
        return MEMSCOPE_ERROR_NOT_FOUND;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; room != 0 && i < s->model.site_count; i++) {
        struct ms_site_row row;
        ms_session_site_row(s, i, &row);
        if (row.live_blocks == 0 ||
            (*count == room && row.live_bytes <= rows[room - 1].live_bytes))
            continue;
        rows[*count < room ? (*count)++ : room - 1] = row;
        qsort(rows, *count, sizeof *rows, by_live_bytes);
    }
    for (size_t i = 0; i < *count; i++)
        *named &= name_row(s, &s->model.sites[rows[i].id - 1], &rows[i]);
    pthread_mutex_unlock(&s->lock);
    ms_engine_let_go(e, s);
    return MEMSCOPE_OK;
}

enum memscope_status ms_engine_history(struct ms_engine *e, uint32_t session,
                                       enum ms_history_step step,
                                       uint64_t since, struct ms_sample **out,
                                       size_t *count)
{
    struct ms_session *s = ms_engine_hold(e, session);

    *out = NULL;
    *count = 0;
    if (s == NULL)
        return ms_saved_history(e, session, since, out, count);
    pthread_mutex_lock(&s->lock);
    enum memscope_status status =
        ms_history_copy(&s->history, step, since, out, count);
    pthread_mutex_unlock(&s->lock);
    ms_engine_let_go(e, s);
    return status;
}

enum memscope_status ms_engine_histograms(struct ms_engine *e, uint32_t session,
                                          struct ms_histograms *out)
{
    struct ms_session *s = ms_engine_hold(e, session);

    if (s == NULL)
        return ms_saved_histograms(e, session, out);
    pthread_mutex_lock(&s->lock);
    *out = s->histograms;
    pthread_mutex_unlock(&s->lock);
    ms_engine_let_go(e, s);
    return MEMSCOPE_OK;
}

static uint64_t since_start(const struct ms_session *s, uint64_t ns)
{
    uint64_t start = s->reader.head.start_ns;

    return ns > start ? ns - start : 0;
}

void ms_session_module_info(const struct ms_session *s,
                            const struct ms_session_module *from,
                            struct ms_module_info *out)
{
    const struct ms_module *m = &from->module;

    *out = (struct ms_module_info){
        .start = m->start,
        .end = m->end,
        .bias = m->bias,
        .load_ns = since_start(s, m->load_ns),
        .unload_ns = m->unload_ns != 0 ? since_start(s, m->unload_ns) : 0,
        .path = from->path,
    };
    out->symbols = s->symbols != NULL
                       ? ms_symbols_source(s->symbols, from->symbols)
                       : "unknown";
    for (uint32_t i = 0; i < m->build_id_bytes && i < 36; i++)
        snprintf(out->build_id + 2 * (size_t)i, 3, "%02x", m->build_id[i]);
}

enum memscope_status ms_engine_modules(struct ms_engine *e, uint32_t session,
                                       struct ms_module_info **out,
                                       size_t *count)
{
    struct ms_session *s = ms_engine_hold(e, session);

    *out = NULL;
    *count = 0;
    if (s == NULL)
        return ms_saved_modules(e, session, out, count);
    pthread_mutex_lock(&s->lock);
    *out = malloc((s->module_count + 1) * sizeof **out);
    for (size_t i = 0; *out != NULL && i < s->module_count; i++)
        ms_session_module_info(s, &s->modules[i], &(*out)[(*count)++]);
    pthread_mutex_unlock(&s->lock);
    ms_engine_let_go(e, s);
    return *out != NULL ? MEMSCOPE_OK : MEMSCOPE_ERROR_MEMORY;
}

void ms_engine_cost(struct ms_engine *e, struct ms_engine_cost *out)
{
    struct ms_session *s;
    struct ms_symbols_counts counts = {0};

    if (e->symbols != NULL)
        ms_symbols_counts(e->symbols, &counts);
    pthread_mutex_lock(&e->lock);
    *out = e->cost;
    out->symbols_pending = 0;
    size_t sessions = e->session_count;
    uint32_t ids[MS_SESSIONS_KEPT + MS_SESSIONS_RUNNING];
    for (size_t i = 0; i < sessions; i++)
        ids[i] = e->sessions[i]->id;
    pthread_mutex_unlock(&e->lock);
    for (size_t i = 0; i < sessions; i++) {
        s = ms_engine_hold(e, ids[i]);
        if (s == NULL)
            continue;
        pthread_mutex_lock(&s->lock);
        if (s->names_wanted)
            out->symbols_pending += s->unnamed.count;
        out->model_bytes +=
            ms_model_bytes(&s->model) + ms_history_bytes(&s->history) +
            ms_past_bytes(&s->past) + ms_growth_bytes(&s->growth) +
            MS_STATS_KEPT * sizeof *s->stats;
        pthread_mutex_unlock(&s->lock);
        ms_engine_let_go(e, s);
    }
    out->model_bytes += counts.memory_bytes;
    out->cpu_ns += counts.cpu_ns;
    out->symbols_done = counts.done;
}
