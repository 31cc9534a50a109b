// SPDX-License-Identifier: MIT
// See engine/snapshot.h for the contract.

#include "engine/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_private.h"
#include "platform/clock.h"
#include "snapshot/archive.h"
#include "snapshot/parts.h"
#include "stack_set.h"

// Length of a UTF-8 sequence that begins at p, or 0 when it is none.
static size_t utf8_step(const unsigned char *p)
{
    size_t n = p[0] < 0x80                   ? 1
               : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
               : p[0] >= 0xe0 && p[0] < 0xf0 ? 3
               : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
                                             : 0;

    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return n;
}

static bool name_is_good(const char *name)
{
    const unsigned char *p = (const unsigned char *)name;

    while (*p != '\0') {
        size_t n = utf8_step(p);
        if (n == 0 || *p < 0x20 || *p == 0x7f)
            return false;
        p += n;
    }
    return (size_t)(p - (const unsigned char *)name) < MS_SNAPSHOT_NAME;
}

void ms_snapshot_discard(struct ms_snapshot_entry *entry)
{
    struct ms_stacks *stacks = &entry->snapshot.stacks;

    // Those of one that was taken are the symbols'.
    for (size_t i = 0; entry->snapshot.imported && i < stacks->frame_count; i++)
        free((void *)stacks->frames[i].outer);
    free(entry->snapshot.threads);
    free(entry->snapshot.sites);
    free(entry->snapshot.site_frames);
    stacks->modules = NULL; // the snapshot's own
    ms_stacks_fini(stacks);
    free(entry->snapshot.modules);
    ms_snapshot_parts_fini(&entry->snapshot.parts);
    ms_strings_fini(&entry->strings);
    free(entry);
}

// Copies the session at one cut. {session lock}
static bool copy_model(const struct ms_session *s, struct ms_snapshot *out)
{
    const struct ms_model *m = &s->model;

    out->threads = malloc((m->thread_count + 1) * sizeof *out->threads);
    out->sites = malloc((m->site_count + 1) * sizeof *out->sites);
    if (out->threads == NULL || out->sites == NULL)
        return false;
    for (uint32_t i = 0; i < m->thread_count; i++)
        if (m->threads[i].known)
            ms_session_thread_row(s, i, &out->threads[out->thread_count++]);
    for (size_t i = 0; i < m->site_count; i++)
        ms_session_site_row(s, i, &out->sites[out->site_count++]);
    out->stats = s->stats[s->seq % MS_STATS_KEPT];
    out->histograms = s->histograms;
    return true;
}

// A site lies at the innermost frame of its stacks, which gets its name even
// when nobody looks at the site.
static bool find_site_frames(struct ms_snapshot *s)
{
    const struct ms_stacks *k = &s->stacks;

    s->site_frames = calloc(s->site_count + 1, sizeof *s->site_frames);
    for (size_t i = 0; s->site_frames != NULL && i < k->row_count; i++) {
        const struct ms_stack_row *row = &k->rows[i];
        if (row->node == 0 || row->site == 0 || row->site > s->site_count)
            continue;
        uint32_t frame = k->nodes[row->node - 1].frame;
        if (frame != 0 &&
            k->frames[frame - 1].address == s->sites[row->site - 1].address)
            s->site_frames[row->site - 1] = frame;
    }
    return s->site_frames != NULL;
}

void ms_snapshot_site(const struct ms_snapshot *s, size_t index,
                      struct ms_site_row *out)
{
    *out = s->sites[index];
    if (s->site_frames == NULL || s->site_frames[index] == 0)
        return;
    struct ms_frame frame = s->stacks.frames[s->site_frames[index] - 1];
    if (ms_frame_name(s->engine, &frame)) {
        out->function = frame.function;
        out->file = frame.file;
        out->line = frame.line;
    }
}

static enum memscope_status fill(struct ms_engine *e, uint32_t session,
                                 struct ms_snapshot *out)
{
    struct ms_session *s = ms_engine_hold(e, session);
    enum memscope_status status = MEMSCOPE_ERROR_MEMORY;
    struct ms_stack_set set;

    if (s == NULL)
        return MEMSCOPE_ERROR_NOT_FOUND;
    pthread_mutex_lock(&s->lock);
    bool ready = s->seq != 0;
    bool copied = ready && copy_model(s, out) &&
                  ms_snapshot_parts_copy(s, &out->parts) &&
                  ms_stack_set_copy(s, &set) == MEMSCOPE_OK;
    uint32_t id = s->id;
    pthread_mutex_unlock(&s->lock);
    if (!ready)
        status = MEMSCOPE_ERROR_STATE;
    if (copied)
        status = ms_stack_set_complete(s, &set, &out->stacks);
    out->modules = out->stacks.modules;
    out->module_count = out->stacks.module_count;
    if (status == MEMSCOPE_OK)
        status = ms_engine_session(e, id, &out->session);
    out->session.seq = out->stats.seq; // of the cut, not of this instant
    ms_engine_let_go(e, s);
    if (status == MEMSCOPE_OK && !find_site_frames(out))
        status = MEMSCOPE_ERROR_MEMORY;
    if (status == MEMSCOPE_OK)
        ms_snapshot_parts_measure(e, id, &out->parts);
    // Asked for now, while the program and its files are there.
    if (status == MEMSCOPE_OK)
        (void)ms_stacks_name(e, &out->stacks);
    out->engine = e;
    return status;
}

enum memscope_status ms_snapshot_take(struct ms_engine *e, uint32_t session,
                                      const char *name,
                                      const struct ms_snapshot **out)
{
    return ms_snapshot_take_for(e, session, name, "request", out);
}

enum memscope_status ms_snapshot_take_for(struct ms_engine *e, uint32_t session,
                                          const char *name, const char *cause,
                                          const struct ms_snapshot **out)
{
    enum memscope_status status;

    *out = NULL;
    if (name != NULL && !name_is_good(name))
        return MEMSCOPE_ERROR_ARGUMENT;
    struct ms_snapshot_entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    struct ms_snapshot *s = &entry->snapshot;
    s->time_ns = ms_clock_realtime_ns();
    snprintf(s->name, sizeof s->name, "%s", name != NULL ? name : "");
    snprintf(s->cause, sizeof s->cause, "%s", cause);
    s->automatic =
        strcmp(cause, "request") != 0 && strcmp(cause, "program") != 0;
    status = fill(e, session, s);
    if (status == MEMSCOPE_OK)
        status = ms_snapshot_add(e, entry, out);
    if (status != MEMSCOPE_OK)
        ms_snapshot_discard(entry);
    return status;
}

enum memscope_status ms_snapshot_copy(struct ms_engine *e, uint32_t session,
                                      const struct ms_snapshot **out)
{
    *out = ms_saved_acquire(e, &session);
    if (*out != NULL)
        return MEMSCOPE_OK;
    struct ms_snapshot_entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    struct ms_snapshot *s = &entry->snapshot;
    s->time_ns = ms_clock_realtime_ns();
    snprintf(s->name, sizeof s->name, "now");
    snprintf(s->cause, sizeof s->cause, "request");
    enum memscope_status status = fill(e, session, s);
    if (status != MEMSCOPE_OK) {
        ms_snapshot_discard(entry);
        return status;
    }
    entry->refs = 1;
    *out = s;
    return MEMSCOPE_OK;
}

// The oldest automatic one, if there are too many of them, or of all. 0: none
// has to go. {lock}
static uint32_t one_too_many(const struct ms_engine *e, bool automatic)
{
    uint32_t oldest = 0;
    size_t count = 0;

    for (size_t i = e->snapshot_count; i > 0; i--)
        if (e->snapshots[i - 1]->snapshot.automatic) {
            oldest = e->snapshots[i - 1]->snapshot.id;
            count++;
        }
    return e->snapshot_count == MS_SNAPSHOT_LIMIT ||
                   (automatic && count >= MS_AUTOMATIC_KEPT)
               ? oldest
               : 0;
}

enum memscope_status ms_snapshot_add(struct ms_engine *e,
                                     struct ms_snapshot_entry *entry,
                                     const struct ms_snapshot **out)
{
    struct ms_snapshot *s = &entry->snapshot;
    enum memscope_status status = MEMSCOPE_ERROR_LIMIT;

    *out = NULL;
    pthread_mutex_lock(&e->lock);
    uint32_t old = one_too_many(e, s->automatic);
    pthread_mutex_unlock(&e->lock);
    if (old != 0) {
        enum memscope_status deleted = ms_snapshot_delete(e, old);
        (void)deleted; // or somebody else has
    }
    pthread_mutex_lock(&e->lock);
    if (e->snapshot_count < MS_SNAPSHOT_LIMIT) {
        entry->refs = 2; // the list's and the caller's
        s->id = ++e->next_snapshot;
        if (s->name[0] == '\0')
            snprintf(s->name, sizeof s->name, "Snapshot %u", s->id);
        e->snapshots[e->snapshot_count++] = entry;
        if (e->archive != NULL)
            ms_archive_wake(e->archive);
        *out = s;
        status = MEMSCOPE_OK;
    }
    pthread_mutex_unlock(&e->lock);
    return status;
}

size_t ms_snapshot_unnamed(const struct ms_snapshot *s)
{
    size_t missing = 0;

    for (size_t i = 0; s->engine != NULL && i < s->stacks.frame_count; i++) {
        struct ms_frame frame = s->stacks.frames[i];
        missing += !ms_frame_name(s->engine, &frame);
    }
    return missing;
}

static struct ms_snapshot_entry *find(struct ms_engine *e, uint32_t id,
                                      size_t *at)
{
    for (*at = 0; *at < e->snapshot_count; (*at)++)
        if (e->snapshots[*at]->snapshot.id == id)
            return e->snapshots[*at];
    return NULL;
}

const struct ms_snapshot *ms_snapshot_acquire(struct ms_engine *e, uint32_t id)
{
    size_t at;

    pthread_mutex_lock(&e->lock);
    struct ms_snapshot_entry *entry = find(e, id, &at);
    if (entry != NULL)
        entry->refs++;
    pthread_mutex_unlock(&e->lock);
    return entry != NULL ? &entry->snapshot : NULL;
}

void ms_snapshot_release(struct ms_engine *e,
                         const struct ms_snapshot *snapshot)
{
    struct ms_snapshot_entry *entry = (struct ms_snapshot_entry *)snapshot;

    pthread_mutex_lock(&e->lock);
    bool last = --entry->refs == 0;
    pthread_mutex_unlock(&e->lock);
    if (last)
        ms_snapshot_discard(entry);
}

size_t ms_snapshot_list(struct ms_engine *e, const struct ms_snapshot **out,
                        size_t capacity)
{
    size_t n = 0;

    pthread_mutex_lock(&e->lock);
    for (; n < e->snapshot_count && n < capacity; n++) {
        e->snapshots[n]->refs++;
        out[n] = &e->snapshots[n]->snapshot;
    }
    pthread_mutex_unlock(&e->lock);
    return n;
}

enum memscope_status ms_snapshot_delete(struct ms_engine *e, uint32_t id)
{
    size_t at;

    pthread_mutex_lock(&e->lock);
    struct ms_snapshot_entry *entry = find(e, id, &at);
    if (entry != NULL) {
        e->snapshot_count--;
        entry->deleted = true;
        memmove(&e->snapshots[at], &e->snapshots[at + 1],
                (e->snapshot_count - at) * sizeof e->snapshots[0]);
    }
    pthread_mutex_unlock(&e->lock);
    if (entry == NULL)
        return MEMSCOPE_ERROR_NOT_FOUND;
    if (e->archive != NULL)
        ms_archive_forget(e->archive, entry);
    ms_snapshot_release(e, &entry->snapshot);
    return MEMSCOPE_OK;
}
