// SPDX-License-Identifier: MIT
// See engine/changes.h for the contract.

#include "engine/changes.h"

#include <stdlib.h>
#include <string.h>

#include "engine_private.h"
#include "stack_set.h"

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

static bool copy_modules(const struct ms_session *s, uint64_t since,
                         struct ms_changes *out)
{
    out->modules = malloc((s->module_count + 1) * sizeof *out->modules);
    if (out->modules == NULL)
        return false;
    for (size_t i = 0; i < s->module_count; i++)
        if (s->modules[i].changed_seq > since)
            ms_session_module_info(s, &s->modules[i],
                                   &out->modules[out->module_count++]);
    return true;
}

// The way outward from a stack's node; `frames` NULL: counts only. Nodes never
// change: no lock is needed.
static size_t walk(struct ms_session *s, uint32_t node, uint64_t *frames)
{
    struct ms_node n;
    size_t count = 0;

    while (node != 0 && ms_reader_node(&s->reader, node, &n) &&
           !ms_is_pseudo(n.address)) {
        // Of the stack that is not known, as in a snapshot.
        if (frames != NULL)
            frames[count] = node == MS_NODE_UNKNOWN ? 0 : n.address;
        count++;
        node = n.parent < node ? n.parent : 0; // callers are older
    }
    return count;
}

static bool find_frames(struct ms_session *s, struct ms_changes *out)
{
    size_t all = 0;

    for (size_t i = 0; i < out->stack_count; i++)
        all += walk(s, out->stacks[i].id, NULL);
    out->frames = malloc((all + 1) * sizeof *out->frames);
    out->frame_ends = malloc((out->stack_count + 1) * sizeof *out->frame_ends);
    if (out->frames == NULL || out->frame_ends == NULL)
        return false;
    size_t end = 0;
    for (size_t i = 0; i < out->stack_count; i++) {
        end += walk(s, out->stacks[i].id, out->frames + end);
        out->frame_ends[i] = end;
    }
    return true;
}

// {session lock}
static enum memscope_status copy_all(struct ms_session *s, const char *epoch,
                                     uint64_t since, struct ms_changes *out)
{
    if (s->seq == 0)
        return MEMSCOPE_ERROR_STATE;
    out->stats = s->stats[s->seq % MS_STATS_KEPT];
    out->histograms = s->histograms;
    out->whole = since == 0 || since > s->seq || strcmp(epoch, s->epoch) != 0;
    if (out->whole)
        since = 0;
    return copy_threads(s, since, out) && copy_sites(s, since, out) &&
                   copy_modules(s, since, out) &&
                   ms_stack_rows_copy(&s->model.stacks, since, &out->stacks,
                                      &out->stack_count)
               ? MEMSCOPE_OK
               : MEMSCOPE_ERROR_MEMORY;
}

enum memscope_status ms_engine_changes(struct ms_engine *e, uint32_t session,
                                       const char *epoch, uint64_t since,
                                       struct ms_changes *out)
{
    struct ms_session *s = ms_engine_hold(e, session);

    *out = (struct ms_changes){0};
    if (s == NULL)
        return ms_saved_changes(e, session, epoch, since, out);
    pthread_mutex_lock(&s->lock);
    enum memscope_status status = copy_all(s, epoch, since, out);
    pthread_mutex_unlock(&s->lock);
    if (status == MEMSCOPE_OK && !find_frames(s, out))
        status = MEMSCOPE_ERROR_MEMORY;
    ms_engine_let_go(e, s);
    if (status != MEMSCOPE_OK)
        ms_changes_fini(out);
    return status;
}

bool ms_changes_of_snapshot(const struct ms_snapshot *s, struct ms_changes *out)
{
    const struct ms_stacks *from = &s->stacks;
    size_t all = 0, end = 0;

    out->modules = malloc((s->module_count + 1) * sizeof *out->modules);
    out->stacks = malloc((from->row_count + 1) * sizeof *out->stacks);
    out->frame_ends = malloc((from->row_count + 1) * sizeof *out->frame_ends);
    for (size_t i = 0; i < from->row_count; i++)
        for (uint32_t n = from->rows[i].node; n != 0;
             n = from->nodes[n - 1].parent)
            all++;
    out->frames = malloc((all + 1) * sizeof *out->frames);
    if (out->modules == NULL || out->stacks == NULL ||
        out->frame_ends == NULL || out->frames == NULL)
        return false;
    memcpy(out->modules, s->modules, s->module_count * sizeof *s->modules);
    out->module_count = s->module_count;
    for (size_t i = 0; i < from->row_count; i++) {
        out->stacks[i] = from->rows[i];
        for (uint32_t n = from->rows[i].node; n != 0;
             n = from->nodes[n - 1].parent)
            out->frames[end++] =
                from->frames[from->nodes[n - 1].frame - 1].address;
        out->frame_ends[i] = end;
    }
    out->stack_count = from->row_count;
    return true;
}

void ms_changes_fini(struct ms_changes *changes)
{
    free(changes->threads);
    free(changes->sites);
    free(changes->stacks);
    free(changes->frames);
    free(changes->frame_ends);
    free(changes->modules);
    *changes = (struct ms_changes){0};
}
