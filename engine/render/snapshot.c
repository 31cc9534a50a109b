// SPDX-License-Identifier: MIT
// See engine/render.h for the contract: a whole snapshot.

#include <stdlib.h>

#include "render/fields.h"
#include "render/stacks.h"
#include "render/stream.h"

struct snapshot_stream {
    struct ms_render_stream base; // first
    const struct ms_snapshot *snapshot;
    unsigned part;
    size_t row; // next one of the part
};

// A list of the snapshot, or an object that is the only one of its list.
struct part {
    const char *open, *close;
    unsigned given; // MS_PART_...: written when the snapshot has it; 0: always
    size_t (*count)(const struct ms_snapshot *s);
    void (*put)(struct ms_writer_buffer *w, const struct ms_snapshot *s,
                size_t i);
};

static size_t count_threads(const struct ms_snapshot *s)
{
    return s->thread_count;
}

static void put_thread(struct ms_writer_buffer *w, const struct ms_snapshot *s,
                       size_t i)
{
    ms_put_fields(w, &ms_thread_fields, &s->threads[i]);
}

static size_t count_modules(const struct ms_snapshot *s)
{
    return s->module_count;
}

static void put_module(struct ms_writer_buffer *w, const struct ms_snapshot *s,
                       size_t i)
{
    ms_put_fields(w, &ms_module_fields, &s->modules[i]);
}

static size_t count_sites(const struct ms_snapshot *s)
{
    return s->site_count;
}

static void put_site(struct ms_writer_buffer *w, const struct ms_snapshot *s,
                     size_t i)
{
    struct ms_site_row row;

    ms_snapshot_site(s, i, &row);
    ms_put_fields(w, &ms_site_fields, &row);
}

static size_t count_frames(const struct ms_snapshot *s)
{
    return s->stacks.frame_count;
}

static void put_frame(struct ms_writer_buffer *w, const struct ms_snapshot *s,
                      size_t i)
{
    ms_put_frame(w, s->engine, &s->stacks.frames[i]);
}

static size_t count_nodes(const struct ms_snapshot *s)
{
    return s->stacks.node_count;
}

static void put_node(struct ms_writer_buffer *w, const struct ms_snapshot *s,
                     size_t i)
{
    ms_put(w, "[");
    ms_put_number(w, s->stacks.nodes[i].parent);
    ms_put(w, ",");
    ms_put_number(w, s->stacks.nodes[i].frame);
    ms_put(w, "]");
}

static size_t count_stacks(const struct ms_snapshot *s)
{
    return s->stacks.row_count;
}

static void put_stack(struct ms_writer_buffer *w, const struct ms_snapshot *s,
                      size_t i)
{
    ms_put_stack(w, &s->stacks.rows[i]);
}

// A list that stands in the snapshot as its table says.
#define LIST(name, rows, number, table)                                        \
    static size_t count_##name(const struct ms_snapshot *s)                    \
    {                                                                          \
        return s->parts.number;                                                \
    }                                                                          \
    static void put_##name(struct ms_writer_buffer *w,                         \
                           const struct ms_snapshot *s, size_t i)              \
    {                                                                          \
        ms_put_fields(w, &(table), &s->parts.rows[i]);                         \
    }
LIST(history, history, history_count, ms_sample_fields)
LIST(finding, findings, finding_count, ms_finding_fields)
LIST(leak, leak_scan.rows, leak_scan.row_count, ms_leak_row_fields)
LIST(group, groups, group_count, ms_group_fields)
LIST(type, types, type_count, ms_type_fields)
LIST(variable, variables, variable_count, ms_variable_fields)
LIST(measured, measured.rows, measured.count, ms_measured_row_fields)

static size_t count_one(const struct ms_snapshot *s)
{
    (void)s;
    return 1;
}

static void put_leak_scan(struct ms_writer_buffer *w,
                          const struct ms_snapshot *s, size_t i)
{
    (void)i;
    ms_put_fields(w, &ms_leak_scan_fields, &s->parts.leak_scan);
}

static void put_measured_sums(struct ms_writer_buffer *w,
                              const struct ms_snapshot *s, size_t i)
{
    (void)i;
    ms_put_fields(w, &ms_measured_fields, &s->parts.measured);
}

static const struct part parts[] = {
    {",\n\"threads\":[\n", "]", 0, count_threads, put_thread},
    {",\n\"modules\":[\n", "]", 0, count_modules, put_module},
    {",\n\"sites\":[\n", "]", 0, count_sites, put_site},
    {",\n\"frames\":[\n", "]", 0, count_frames, put_frame},
    {",\n\"nodes\":[\n", "]", 0, count_nodes, put_node},
    {",\n\"stacks\":[\n", "]", 0, count_stacks, put_stack},
    {",\n\"history\":[\n", "]", MS_PART_HISTORY, count_history, put_history},
    {",\n\"findings\":[\n", "]", MS_PART_FINDINGS, count_finding, put_finding},
    {",\n\"leak_scan\":", "", MS_PART_LEAK_SCAN, count_one, put_leak_scan},
    {",\n\"leak_rows\":[\n", "]", MS_PART_LEAK_SCAN, count_leak, put_leak},
    {",\n\"groups\":[\n", "]", MS_PART_GROUPS, count_group, put_group},
    {",\n\"types\":[\n", "]", MS_PART_TYPES, count_type, put_type},
    {",\n\"variables\":[\n", "]", MS_PART_TYPES, count_variable, put_variable},
    {",\n\"measured_types\":", "", MS_PART_MEASURED, count_one,
     put_measured_sums},
    {",\n\"measured_rows\":[\n", "]", MS_PART_MEASURED, count_measured,
     put_measured},
};
#define PARTS (sizeof parts / sizeof *parts)

static json_t *snapshot_head(const struct ms_snapshot *s)
{
    return json_pack(
        "{s:s,s:i,s:i,s:o,s:o,s:I,s:o,s:o,s:o}", "format", "memscope-snapshot",
        "version", 1, "id", (int)s->id, "name", ms_render_text(s->name),
        "cause", ms_render_text(s->cause), "time_ms",
        (json_int_t)(s->time_ns / 1000000), "session",
        ms_render_session(&s->session), "stats", ms_render_stats(&s->stats),
        "histograms", ms_render_histograms(&s->histograms));
}

static bool next_of_snapshot(struct ms_render_stream *base)
{
    struct snapshot_stream *s = (struct snapshot_stream *)base;
    struct ms_writer_buffer *w = &base->piece;

    if (s->part == 0) {
        ms_put_object(w, snapshot_head(s->snapshot), true);
        s->part++;
    }
    for (; s->part <= PARTS; s->part++, s->row = 0) {
        const struct part *p = &parts[s->part - 1];
        if (p->given != 0 && (s->snapshot->parts.given & p->given) == 0)
            continue;
        size_t count = p->count(s->snapshot);
        if (s->row == 0)
            ms_put(w, p->open);
        for (; s->row < count; s->row++) {
            // A piece never ends before the first row: its opening would come
            // again.
            if (s->row != 0 && (w->count >= MS_PIECE_BYTES || w->failed))
                return true;
            if (s->row != 0)
                ms_put(w, ",\n");
            p->put(w, s->snapshot, s->row);
        }
        ms_put(w, p->close);
    }
    ms_put(w, "}\n");
    return false;
}

struct ms_render_stream *ms_render_snapshot(const struct ms_snapshot *snapshot)
{
    struct snapshot_stream *s = calloc(1, sizeof *s);

    if (s == NULL)
        return NULL;
    s->snapshot = snapshot;
    s->base.next = next_of_snapshot;
    return &s->base;
}
