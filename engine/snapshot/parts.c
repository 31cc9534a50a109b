// SPDX-License-Identifier: MIT
// See parts.h for the contract.

#include "snapshot/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_private.h"

// The finest ring that has all of the session; else the one that goes back
// furthest.
static enum ms_history_step step_of(const struct ms_history *h)
{
    enum ms_history_step step = MS_STEP_100MS;

    while (step != MS_STEP_10S &&
           h->rings[step].written > h->rings[step].capacity)
        step++;
    return step;
}

// Every n-th sample, counted from the newest one, which is always there.
static bool copy_history(struct ms_session *s, struct ms_snapshot_parts *out)
{
    struct ms_sample *all, *newest;
    size_t count, fresh, kept = 0;

    if (ms_history_copy(&s->history, step_of(&s->history), 0, &all, &count) !=
        MEMSCOPE_OK)
        return false;
    out->history = all;
    size_t each = count / (MS_SNAPSHOT_SAMPLES - 1) + 1;
    for (size_t i = count != 0 ? (count - 1) % each : 0; i < count; i += each)
        all[kept++] = all[i];
    out->history_count = kept;
    // In a coarse ring the tick itself may not be.
    if (ms_history_copy(&s->history, MS_STEP_100MS, s->seq - 1, &newest,
                        &fresh) != MEMSCOPE_OK)
        return false;
    if (kept != 0 && kept < count && fresh != 0 && all[kept - 1].seq < s->seq)
        all[out->history_count++] = newest[fresh - 1];
    free(newest);
    out->given |= MS_PART_HISTORY;
    return true;
}

static bool copy_findings(struct ms_session *s, struct ms_snapshot_parts *out)
{
    struct ms_analysis a;

    if (ms_session_analysis(s, -1, &a) != MEMSCOPE_OK)
        return false;
    struct ms_finding *smaller =
        realloc(a.findings, (a.count + 1) * sizeof *smaller);
    out->findings = smaller != NULL ? smaller : a.findings;
    out->finding_count = a.count;
    out->given |= MS_PART_FINDINGS;
    return true;
}

static bool copy_leak_scan(struct ms_session *s, struct ms_snapshot_parts *out)
{
    const struct ms_leak_report *from = &s->scan.report;

    if (from->state == MS_SCAN_RUNNING) { // nobody will hear what it finds
        out->leak_scan = (struct ms_leak_report){
            .state = MS_SCAN_FAILED,
            .number = from->number,
            .failure = "it had not ended when the snapshot was taken",
        };
        out->given |= MS_PART_LEAK_SCAN;
        return true;
    }
    struct ms_leak_row *rows = malloc((from->row_count + 1) * sizeof *rows);
    if (rows == NULL)
        return false;
    if (from->row_count != 0)
        memcpy(rows, from->rows, from->row_count * sizeof *rows);
    out->leak_scan = *from;
    out->leak_scan.rows = rows;
    out->given |= MS_PART_LEAK_SCAN;
    return true;
}

static int by_more(uint64_t a, uint64_t b, uint64_t all_a, uint64_t all_b)
{
    if (a != b)
        return a < b ? 1 : -1;
    return (all_a < all_b) - (all_a > all_b);
}

static int by_group(const void *a, const void *b)
{
    const struct ms_group_row *x = a, *y = b;

    return by_more(x->live_bytes, y->live_bytes, x->alloc_bytes,
                   y->alloc_bytes);
}

static int by_type(const void *a, const void *b)
{
    const struct ms_type_row *x = a, *y = b;

    return by_more(x->live_bytes, y->live_bytes, x->alloc_bytes,
                   y->alloc_bytes);
}

// The first ones, of those that are too many, in no more memory than they need.
static void *cut(void *rows, size_t *count, size_t most, size_t bytes,
                 int (*order)(const void *, const void *))
{
    if (*count > most) {
        qsort(rows, *count, bytes, order);
        *count = most;
    }
    void *smaller = realloc(rows, (*count + 1) * bytes);
    return smaller != NULL ? smaller : rows;
}

static bool copy_annotations(struct ms_session *s,
                             struct ms_snapshot_parts *out)
{
    if (ms_session_groups(s, &out->groups, &out->group_count) != MEMSCOPE_OK ||
        ms_session_types(s, &out->types, &out->type_count) != MEMSCOPE_OK ||
        ms_session_variables(s, &out->variables, &out->variable_count) !=
            MEMSCOPE_OK)
        return false;
    out->groups = cut(out->groups, &out->group_count, MS_SNAPSHOT_GROUPS,
                      sizeof *out->groups, by_group);
    out->types = cut(out->types, &out->type_count, MS_SNAPSHOT_TYPES,
                     sizeof *out->types, by_type);
    out->variables = cut(out->variables, &out->variable_count,
                         MS_SNAPSHOT_TYPES, sizeof *out->variables, by_type);
    out->given |= MS_PART_GROUPS | MS_PART_TYPES;
    return true;
}

bool ms_snapshot_parts_copy(struct ms_session *s, struct ms_snapshot_parts *out)
{
    return copy_history(s, out) && copy_findings(s, out) &&
           copy_leak_scan(s, out) && copy_annotations(s, out);
}

void ms_snapshot_parts_measure(struct ms_engine *e, uint32_t session,
                               struct ms_snapshot_parts *out)
{
    if (ms_engine_measured_types(e, session, &out->measured) == MEMSCOPE_OK)
        out->given |= MS_PART_MEASURED;
}

void ms_snapshot_parts_fini(struct ms_snapshot_parts *parts)
{
    struct ms_analysis findings = {.findings = parts->findings,
                                   .count = parts->finding_count};

    ms_analysis_fini(&findings);
    ms_leak_report_fini(&parts->leak_scan);
    ms_measured_types_fini(&parts->measured);
    free(parts->history);
    free(parts->groups);
    free(parts->types);
    free(parts->variables);
    *parts = (struct ms_snapshot_parts){0};
}
