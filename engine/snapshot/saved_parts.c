// SPDX-License-Identifier: MIT
// See saved.h and engine/saved.h for the contracts: what a saved session says
// beside its picture.

#include <stdlib.h>
#include <string.h>

#include "engine_private.h"

bool ms_engine_saved_has(struct ms_engine *e, uint32_t id, unsigned part)
{
    const struct ms_snapshot *s = ms_saved_acquire(e, &id);

    if (s == NULL)
        return false;
    bool has = (s->parts.given & part) != 0;
    ms_snapshot_release(e, s);
    return has;
}

// The session's snapshot, to be released, when it has the part.
static enum memscope_status acquire(struct ms_engine *e, uint32_t *id,
                                    unsigned part,
                                    const struct ms_snapshot **out)
{
    *out = ms_saved_acquire(e, id);
    if (*out == NULL)
        return MEMSCOPE_ERROR_NOT_FOUND;
    if (((*out)->parts.given & part) != 0)
        return MEMSCOPE_OK;
    ms_snapshot_release(e, *out);
    return MEMSCOPE_ERROR_STATE;
}

static void *copy(const void *rows, size_t count, size_t bytes)
{
    void *out = malloc((count + 1) * bytes);

    if (out != NULL && count != 0)
        memcpy(out, rows, count * bytes);
    return out;
}

// What a file of an older memscope has of its history.
static struct ms_sample only_sample(const struct ms_stats *t)
{
    return (struct ms_sample){
        .seq = t->seq,
        .uptime_ns = t->uptime_ns,
        .live_bytes = t->heap.live_bytes,
        .live_blocks = t->heap.live_blocks,
        .peak_bytes = t->heap.peak_bytes,
        .alloc_bytes = t->heap.alloc_bytes_total,
        .free_bytes = t->heap.free_bytes_total,
        .alloc_count = t->heap.alloc_count_total,
        .free_count = t->heap.free_count_total,
        .rss_bytes = t->system.rss_bytes,
        .process_cpu = t->system.process_cpu,
        .system_cpu = t->system.cpu_usage,
        .thread_count = t->system.thread_count,
    };
}

enum memscope_status ms_saved_history(struct ms_engine *e, uint32_t id,
                                      uint64_t since, struct ms_sample **out,
                                      size_t *count)
{
    const struct ms_snapshot *s = ms_saved_acquire(e, &id);

    *count = 0;
    *out = NULL;
    if (s == NULL)
        return MEMSCOPE_ERROR_NOT_FOUND;
    struct ms_sample one = only_sample(&s->stats);
    const struct ms_sample *from = s->parts.history;
    size_t n = s->parts.history_count;
    if (n == 0) {
        from = &one;
        n = 1;
    }
    while (n != 0 && from->seq <= since) {
        from++;
        n--;
    }
    *out = copy(from, n, sizeof *from);
    ms_snapshot_release(e, s);
    if (*out == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    *count = n;
    return MEMSCOPE_OK;
}

static bool copy_stacks(struct ms_finding *f)
{
    size_t count = f->stack_count;

    for (f->stack_count = 0; f->stack_count < count; f->stack_count++) {
        struct ms_finding_stack *to = &f->stacks[f->stack_count];
        to->frames = copy(to->frames, to->frame_count, sizeof *to->frames);
        if (to->frames == NULL)
            return false;
    }
    return true;
}

enum memscope_status ms_saved_analysis(struct ms_engine *e, uint32_t id,
                                       int only, struct ms_analysis *out)
{
    const struct ms_snapshot *s;
    enum memscope_status status = acquire(e, &id, MS_PART_FINDINGS, &s);

    if (status != MEMSCOPE_OK)
        return status;
    out->session = id;
    memcpy(out->epoch, s->stats.epoch, sizeof out->epoch);
    out->seq = s->stats.seq;
    out->uptime_ns = s->stats.uptime_ns;
    out->findings = calloc(s->parts.finding_count + 1, sizeof *out->findings);
    for (size_t i = 0; out->findings != NULL && status == MEMSCOPE_OK &&
                       i < s->parts.finding_count;
         i++) {
        const struct ms_finding *from = &s->parts.findings[i];
        if (only >= 0 && from->analyzer != (size_t)only)
            continue;
        struct ms_finding *to = &out->findings[out->count++];
        *to = *from;
        if (!copy_stacks(to))
            status = MEMSCOPE_ERROR_MEMORY;
    }
    ms_snapshot_release(e, s);
    if (out->findings == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    if (status != MEMSCOPE_OK)
        ms_analysis_fini(out);
    return status;
}

enum memscope_status ms_saved_leak_report(struct ms_engine *e, uint32_t id,
                                          struct ms_leak_report *out)
{
    const struct ms_snapshot *s;
    enum memscope_status status = acquire(e, &id, MS_PART_LEAK_SCAN, &s);

    if (status != MEMSCOPE_OK)
        return status;
    *out = s->parts.leak_scan;
    out->session = id;
    memcpy(out->epoch, s->stats.epoch, sizeof out->epoch);
    out->rows = copy(out->rows, out->row_count, sizeof *out->rows);
    ms_snapshot_release(e, s);
    return out->rows != NULL ? MEMSCOPE_OK : MEMSCOPE_ERROR_MEMORY;
}

enum memscope_status ms_saved_groups(struct ms_engine *e, uint32_t id,
                                     struct ms_group_row **rows, size_t *count)
{
    const struct ms_snapshot *s;
    enum memscope_status status = acquire(e, &id, MS_PART_GROUPS, &s);

    if (status != MEMSCOPE_OK)
        return status;
    *count = s->parts.group_count;
    *rows = copy(s->parts.groups, *count, sizeof **rows);
    ms_snapshot_release(e, s);
    return *rows != NULL ? MEMSCOPE_OK : MEMSCOPE_ERROR_MEMORY;
}

enum memscope_status ms_saved_types(struct ms_engine *e, uint32_t id,
                                    struct ms_type_row **rows, size_t *count,
                                    struct ms_type_row **variables,
                                    size_t *variable_count)
{
    const struct ms_snapshot *s;
    enum memscope_status status = acquire(e, &id, MS_PART_TYPES, &s);

    if (status != MEMSCOPE_OK)
        return status;
    *count = s->parts.type_count;
    *variable_count = s->parts.variable_count;
    *rows = copy(s->parts.types, *count, sizeof **rows);
    *variables = copy(s->parts.variables, *variable_count, sizeof **variables);
    ms_snapshot_release(e, s);
    if (*rows != NULL && *variables != NULL)
        return MEMSCOPE_OK;
    free(*rows);
    free(*variables);
    *rows = *variables = NULL;
    return MEMSCOPE_ERROR_MEMORY;
}

enum memscope_status ms_saved_measured_types(struct ms_engine *e, uint32_t id,
                                             struct ms_measured_types *out)
{
    const struct ms_snapshot *s;
    enum memscope_status status = acquire(e, &id, MS_PART_MEASURED, &s);

    if (status != MEMSCOPE_OK)
        return status;
    *out = s->parts.measured;
    out->rows = copy(out->rows, out->count, sizeof *out->rows);
    ms_snapshot_release(e, s);
    return out->rows != NULL ? MEMSCOPE_OK : MEMSCOPE_ERROR_MEMORY;
}
