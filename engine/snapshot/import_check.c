// SPDX-License-Identifier: MIT
//
// import_check: whether a snapshot that reads well can be true: what refers to
// something finds it, and all sums agree. Others rely on that unseen.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "snapshot/import_private.h"

static bool bad_row(struct ms_import *m, const char *list, size_t i,
                    const char *why)
{
    char text[160];

    snprintf(text, sizeof text, "%s[%zu]: %s", list, i, why);
    return ms_import_fail(m, MEMSCOPE_ERROR_FORMAT, text);
}

static bool check_ids(struct ms_import *m)
{
    struct ms_snapshot *s = &m->entry->snapshot;

    for (size_t i = 0; i < s->site_count; i++)
        if (s->sites[i].id <= (i != 0 ? s->sites[i - 1].id : 0))
            return bad_row(m, "sites", i, "ids are not in order");
    for (size_t i = 0; i < s->thread_count; i++)
        if (s->threads[i].id <= (i != 0 ? s->threads[i - 1].id : 0))
            return bad_row(m, "threads", i, "ids are not in order");
    return true;
}

static int by_id(const void *key, const void *row)
{
    uint32_t id = *(const uint32_t *)key;
    const struct ms_site_row *site = row;

    return (id > site->id) - (id < site->id);
}

static bool check_stacks(struct ms_import *m)
{
    struct ms_snapshot *s = &m->entry->snapshot;
    struct ms_stacks *t = &s->stacks;

    for (size_t i = 0; i < t->frame_count; i++) {
        struct ms_frame *f = &t->frames[i];
        if (f->module > s->module_count)
            return bad_row(m, "frames", i, "there is no such module");
        f->file_address = f->address;
        if (f->module != 0)
            f->file_address -= s->modules[f->module - 1].bias;
    }
    // A caller has a smaller number, so that no stack goes in circles.
    for (size_t i = 0; i < t->node_count; i++)
        if (t->nodes[i].parent > i || t->nodes[i].frame == 0 ||
            t->nodes[i].frame > t->frame_count)
            return bad_row(m, "nodes", i, "there is no such parent or frame");
    for (size_t i = 0; i < t->row_count; i++) {
        if (t->rows[i].node > t->node_count)
            return bad_row(m, "stacks", i, "there is no such node");
        if (s->site_count == 0 ||
            bsearch(&t->rows[i].site, s->sites, s->site_count, sizeof *s->sites,
                    by_id) == NULL)
            return bad_row(m, "stacks", i, "there is no such site");
    }
    return true;
}

static bool check_sum(struct ms_import *m, const char *what, uint64_t sum,
                      uint64_t total)
{
    char text[200];

    if (sum == total)
        return true;
    snprintf(text, sizeof text,
             "%s add up to %llu, but stats.heap says %llu: it is damaged", what,
             (unsigned long long)sum, (unsigned long long)total);
    return ms_import_fail(m, MEMSCOPE_ERROR_FORMAT, text);
}

static bool check_sums(struct ms_import *m)
{
    const struct ms_snapshot *s = &m->entry->snapshot;
    const struct ms_heap_totals *h = &s->stats.heap;
    uint64_t bytes[3] = {0}, blocks[3] = {0};

    for (size_t i = 0; i < s->site_count; i++) {
        bytes[0] += s->sites[i].live_bytes;
        blocks[0] += s->sites[i].live_blocks;
    }
    for (size_t i = 0; i < s->thread_count; i++) {
        bytes[1] += s->threads[i].live_bytes;
        blocks[1] += s->threads[i].live_blocks;
    }
    for (size_t i = 0; i < s->stacks.row_count; i++) {
        bytes[2] += s->stacks.rows[i].live_bytes;
        blocks[2] += s->stacks.rows[i].live_blocks;
    }
    return check_sum(m, "the sites' live_bytes", bytes[0], h->live_bytes) &&
           check_sum(m, "the sites' live_blocks", blocks[0], h->live_blocks) &&
           check_sum(m, "the threads' live_bytes", bytes[1], h->live_bytes) &&
           check_sum(m, "the threads' live_blocks", blocks[1],
                     h->live_blocks) &&
           (s->stacks.row_count == 0 || // written before there were any
            (check_sum(m, "the stacks' live_bytes", bytes[2], h->live_bytes) &&
             check_sum(m, "the stacks' live_blocks", blocks[2],
                       h->live_blocks)));
}

// What an older memscope did not write.
static void fill_in(struct ms_snapshot *s)
{
    for (size_t i = 0; i < s->site_count; i++)
        if (s->sites[i].declared_type == NULL)
            s->sites[i].declared_type = "";
    for (size_t i = 0; i < s->stacks.row_count; i++)
        if (s->stacks.rows[i].declared_type == NULL)
            s->stacks.rows[i].declared_type = "";
}

// Whether the outermost object, which is closed by now, had a field.
static bool given(const struct ms_import *m, const char *name)
{
    for (size_t i = 0; i < ms_snapshot_fields.count; i++)
        if (strcmp(ms_snapshot_fields.fields[i].name, name) == 0)
            return (m->levels[0].seen >> i & 1) != 0;
    return false;
}

static void note_given(struct ms_import *m)
{
    static const struct {
        const char *name;
        unsigned part;
    } all[] = {
        {"history", MS_PART_HISTORY},     {"findings", MS_PART_FINDINGS},
        {"leak_scan", MS_PART_LEAK_SCAN}, {"groups", MS_PART_GROUPS},
        {"types", MS_PART_TYPES},         {"measured_types", MS_PART_MEASURED},
    };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (given(m, all[i].name))
            m->entry->snapshot.parts.given |= all[i].part;
}

static bool find_row(const struct ms_snapshot *s, struct ms_finding *f)
{
    const struct ms_site_row *site = NULL;

    for (size_t i = 0; f->thread.id != 0; i++) {
        if (i == s->thread_count)
            return false;
        if (s->threads[i].id != f->thread.id)
            continue;
        f->thread = s->threads[i];
        break;
    }
    if (f->site.id == 0)
        return true;
    if (s->site_count != 0)
        site = bsearch(&f->site.id, s->sites, s->site_count, sizeof *s->sites,
                       by_id);
    if (site != NULL)
        f->site = *site;
    return site != NULL;
}

static bool check_parts(struct ms_import *m)
{
    struct ms_snapshot *s = &m->entry->snapshot;
    struct ms_snapshot_parts *p = &s->parts;

    note_given(m);
    for (size_t i = 0; i < p->history_count; i++)
        if (p->history[i].seq <= (i != 0 ? p->history[i - 1].seq : 0) ||
            p->history[i].seq > s->stats.seq)
            return bad_row(m, "history", i, "samples are not in order");
    for (size_t i = 0; i < p->finding_count; i++)
        if (!find_row(s, &p->findings[i]))
            return bad_row(m, "findings", i, "there is no such site or thread");
    if (p->leak_scan.row_total < p->leak_scan.row_count)
        return ms_import_fail(m, MEMSCOPE_ERROR_FORMAT,
                              "leak_scan.total: there are more leak_rows");
    return true;
}

bool ms_import_check(struct ms_import *m)
{
    struct ms_snapshot *s = &m->entry->snapshot;

    fill_in(s);
    if (s->session.id != s->stats.session || s->session.pid != s->stats.pid)
        return ms_import_fail(m, MEMSCOPE_ERROR_FORMAT,
                              "session and stats are not of one process");
    if (!check_ids(m) || !check_stacks(m) || !check_sums(m) || !check_parts(m))
        return false;
    s->stacks.modules = s->modules;
    s->stacks.module_count = s->module_count;
    return true;
}
