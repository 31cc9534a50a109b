// SPDX-License-Identifier: MIT
// See engine/changes.h for the contract.

#include "engine/changes.h"

#include <stdlib.h>
#include <string.h>

#include "engine_private.h"

// {session lock}
static bool copy_threads(const struct ms_session *s, uint64_t since,
                         struct ms_changes *out)
{
    const struct ms_model *m = &s->model;

    out->threads = malloc((m->thread_count + 1) * sizeof *out->threads);
    if (out->threads == NULL)
        return false;
    for (uint32_t i = 0; i < m->thread_count; i++)
        if (m->threads[i].known && m->threads[i].changed_seq > since)
            ms_session_thread_row(s, i, &out->threads[out->thread_count++]);
    return true;
}

static bool copy_sites(const struct ms_session *s, uint64_t since,
                       struct ms_changes *out)
{
    const struct ms_model *m = &s->model;
    size_t changed = 0;

    for (size_t i = 0; i < m->site_count; i++)
        changed += m->sites[i].changed_seq > since;
    out->sites = malloc((changed + 1) * sizeof *out->sites);
    if (out->sites == NULL)
        return false;
    for (size_t i = 0; i < m->site_count; i++)
        if (m->sites[i].changed_seq > since)
            ms_session_site_row(s, i, &out->sites[out->site_count++]);
    return true;
}

enum memscope_status ms_engine_changes(struct ms_engine *e, uint32_t session,
                                       const char *epoch, uint64_t since,
                                       struct ms_changes *out)
{
    struct ms_session *s = ms_engine_hold(e, session);
    enum memscope_status status = MEMSCOPE_ERROR_STATE;

    *out = (struct ms_changes){0};
    if (s == NULL)
        return ms_saved_changes(e, session, epoch, since, out);
    pthread_mutex_lock(&s->lock);
    if (s->seq != 0) {
        out->stats = s->stats[s->seq % MS_STATS_KEPT];
        out->histograms = s->histograms;
        out->whole =
            since == 0 || since > s->seq || strcmp(epoch, s->epoch) != 0;
        if (out->whole)
            since = 0;
        status = copy_threads(s, since, out) && copy_sites(s, since, out)
                     ? MEMSCOPE_OK
                     : MEMSCOPE_ERROR_MEMORY;
    }
    pthread_mutex_unlock(&s->lock);
    ms_engine_let_go(e, s);
    if (status != MEMSCOPE_OK)
        ms_changes_fini(out);
    return status;
}

void ms_changes_fini(struct ms_changes *changes)
{
    free(changes->threads);
    free(changes->sites);
    changes->threads = NULL;
    changes->sites = NULL;
    changes->thread_count = changes->site_count = 0;
}
