// SPDX-License-Identifier: MIT
//
// handlers_annotations: the routes that show what the program says of itself.
// See docs/PROTOCOL.md.

#include <stdlib.h>

#include "engine/annotations.h"
#include "engine/measured_types.h"
#include "handlers.h"

#define FIELD(name, value) json_object_set_new(o, name, value)

static json_t *render_group(const struct ms_group_row *row)
{
    json_t *o = json_object();

    FIELD("id", json_integer(row->id));
    FIELD("name", ms_render_text(row->name));
    FIELD("live_bytes", ms_render_u64(row->live_bytes));
    FIELD("live_blocks", ms_render_u64(row->live_blocks));
    FIELD("alloc_bytes", ms_render_u64(row->alloc_bytes));
    FIELD("alloc_count", ms_render_u64(row->alloc_count));
    FIELD("free_bytes", ms_render_u64(row->free_bytes));
    FIELD("free_count", ms_render_u64(row->free_count));
    if (row->kind != MS_GROUP_TASK)
        return o;
    FIELD("parent", json_integer(row->parent));
    FIELD("shared", json_boolean(row->shared));
    FIELD("created", ms_render_u64(row->created));
    FIELD("ended", ms_render_u64(row->ended));
    FIELD("entered", ms_render_u64(row->entered));
    FIELD("hops", ms_render_u64(row->hops));
    FIELD("create_ns", ms_render_u64(row->create_ns));
    FIELD("end_ns",
          row->end_ns != 0 ? ms_render_u64(row->end_ns) : json_null());
    return o;
}

void ms_handle_tasks(struct ms_request *q, struct ms_reply *r)
{
    struct ms_group_row *rows;
    size_t count;
    uint32_t session;

    if (!ms_get_session(q, r, &session))
        return;
    enum memscope_status status =
        ms_engine_groups(q->server->options.engine, session, &rows, &count);
    if (status != MEMSCOPE_OK) {
        ms_reply_status(r, status);
        return;
    }
    json_t *tasks = json_array(), *scopes = json_array(), *pools = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(rows[i].kind == MS_GROUP_TASK    ? tasks
                              : rows[i].kind == MS_GROUP_SCOPE ? scopes
                                                               : pools,
                              render_group(&rows[i]));
    free(rows);
    ms_reply_json(r, json_pack("{s:o,s:o,s:o}", "rows", tasks, "scopes", scopes,
                               "pools", pools));
}

// Of what types the others are.
static json_t *render_measured(struct ms_server *server, uint32_t session)
{
    struct ms_measured_types types;

    if (ms_engine_measured_types(server->options.engine, session, &types) !=
        MEMSCOPE_OK) {
        ms_measured_types_fini(&types);
        return json_null();
    }
    json_t *o = json_object(), *rows = json_array();
    for (size_t i = 0; i < types.count; i++) {
        const struct ms_measured_type *t = &types.rows[i];
        json_array_append_new(
            rows, json_pack("{s:o,s:s,s:o,s:o}", "name",
                            ms_render_text(t->name), "type_from", t->from,
                            "live_bytes", ms_render_u64(t->live_bytes),
                            "live_blocks", ms_render_u64(t->live_blocks)));
    }
    FIELD("rows", rows);
    FIELD("vtables", json_boolean(types.readable));
    FIELD("tagged_bytes", ms_render_u64(types.tagged_bytes));
    FIELD("tagged_blocks", ms_render_u64(types.tagged_blocks));
    FIELD("unknown_bytes", ms_render_u64(types.unknown_bytes));
    FIELD("unknown_blocks", ms_render_u64(types.unknown_blocks));
    FIELD("complete", json_boolean(types.complete));
    ms_measured_types_fini(&types);
    return o;
}

// Sums by what blocks were tagged with.
static json_t *render_tagged(const struct ms_type_row *from, size_t count)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < count; i++) {
        const struct ms_type_row *row = &from[i];
        json_t *o = json_object();
        FIELD("name", ms_render_text(row->name));
        if (row->from != NULL) // of a type
            FIELD("type_from", json_string(row->from));
        FIELD("live_bytes", ms_render_u64(row->live_bytes));
        FIELD("live_blocks", ms_render_u64(row->live_blocks));
        FIELD("alloc_bytes", ms_render_u64(row->alloc_bytes));
        FIELD("alloc_count", ms_render_u64(row->alloc_count));
        FIELD("free_bytes", ms_render_u64(row->free_bytes));
        FIELD("free_count", ms_render_u64(row->free_count));
        json_array_append_new(rows, o);
    }
    return rows;
}

void ms_handle_types(struct ms_request *q, struct ms_reply *r)
{
    struct ms_type_row *types, *variables;
    size_t count, variable_count;
    uint32_t session;

    if (!ms_get_session(q, r, &session))
        return;
    enum memscope_status status =
        ms_engine_types(q->server->options.engine, session, &types, &count,
                        &variables, &variable_count);
    if (status != MEMSCOPE_OK) {
        ms_reply_status(r, status);
        return;
    }
    ms_reply_json(
        r, json_pack("{s:o,s:o,s:o}", "rows", render_tagged(types, count),
                     "variables", render_tagged(variables, variable_count),
                     "measured", render_measured(q->server, session)));
    free(types);
    free(variables);
}

static json_t *render_mark(const struct ms_mark_row *row)
{
    json_t *o = json_object();

    FIELD("seq", ms_render_u64(row->seq));
    FIELD("kind", json_string(row->kind));
    FIELD("name", ms_render_text(row->name));
    FIELD("time_ns", ms_render_u64(row->time_ns));
    FIELD("address",
          row->address != 0 ? ms_render_address(row->address) : json_null());
    FIELD("site", json_integer(row->site));
    FIELD("thread", json_integer(row->thread));
    return o;
}

static json_t *render_counts(const struct ms_named_count *counts)
{
    json_t *o = json_object();

    for (; counts->name != NULL; counts++)
        FIELD(counts->name, ms_render_u64(counts->count));
    return o;
}

void ms_handle_marks(struct ms_request *q, struct ms_reply *r)
{
    struct ms_annotation_counts counts;
    struct ms_mark_row *marks;
    size_t count;
    uint32_t session;

    if (!ms_get_session(q, r, &session))
        return;
    enum memscope_status status = ms_engine_marks(
        q->server->options.engine, session, &counts, &marks, &count);
    if (status != MEMSCOPE_OK) {
        ms_reply_status(r, status);
        return;
    }
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(rows, render_mark(&marks[i]));
    free(marks);
    ms_reply_json(r, json_pack("{s:o,s:o,s:o,s:o}", "counts",
                               render_counts(counts.said), "moments",
                               render_counts(counts.moments), "dropped",
                               render_counts(counts.dropped), "rows", rows));
}
