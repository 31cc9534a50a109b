// SPDX-License-Identifier: MIT
// See engine/render.h for the contract: mapped memory.

#include "engine/render.h"

#define FIELD(name, value) json_object_set_new(o, name, value)

static json_t *render_resident(const struct ms_resident *r)
{
    json_t *o = json_object();

    FIELD("total_bytes", ms_render_u64(r->total_bytes));
    FIELD("mapped_bytes", ms_render_u64(r->mapped_bytes));
    FIELD("store_bytes", ms_render_u64(r->store_bytes));
    FIELD("heap_bytes", ms_render_u64(r->heap_bytes));
    FIELD("stack_bytes", ms_render_u64(r->stack_bytes));
    FIELD("code_bytes", ms_render_u64(r->code_bytes));
    FIELD("file_bytes", ms_render_u64(r->file_bytes));
    FIELD("shared_bytes", ms_render_u64(r->shared_bytes));
    FIELD("other_bytes", ms_render_u64(r->other_bytes));
    return o;
}

static json_t *render_row(const struct ms_mapping_row *r)
{
    json_t *o = json_object();
    char protection[] = {r->readable ? 'r' : '-', r->writable ? 'w' : '-',
                         r->executable ? 'x' : '-', r->shared ? 's' : 'p',
                         '\0'};

    FIELD("address", ms_render_address(r->address));
    FIELD("size", ms_render_u64(r->bytes));
    FIELD("kind", json_string(r->kind));
    FIELD("protection", json_string(protection));
    FIELD("site", json_integer(r->site));
    FIELD("thread", json_integer(r->thread));
    FIELD("birth_ns", ms_render_u64(r->birth_ns));
    FIELD("resident_bytes", ms_render_u64(r->resident_bytes));
    return o;
}

json_t *ms_render_mappings(const struct ms_mappings_picture *m)
{
    json_t *o = json_object();
    json_t *rows = json_array();

    for (size_t i = 0; i < m->count; i++)
        json_array_append_new(rows, render_row(&m->rows[i]));
    FIELD("session", json_integer(m->session));
    FIELD("epoch", json_string(m->epoch));
    FIELD("seq", ms_render_u64(m->seq));
    FIELD("resident", render_resident(&m->resident));
    FIELD("rows", rows);
    return o;
}
