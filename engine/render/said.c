// SPDX-License-Identifier: MIT
// See engine/render.h for the contract.

#include "engine/render.h"

static void add_name(json_t *o, const char *key, struct ms_block_walk *walk,
                     uint32_t name)
{
    char text[MS_SAID_NAME];

    if (name == 0)
        return;
    ms_block_walk_name(walk, name, text);
    json_object_set_new(o, key, ms_render_text(text));
}

static void add_id(json_t *o, const char *key, uint32_t id)
{
    if (id != 0)
        json_object_set_new(o, key, json_integer(id));
}

json_t *ms_render_said(json_t *row, struct ms_block_walk *walk,
                       const struct ms_block *block)
{
    const struct ms_said *said = &block->said;

    if ((said->variable | said->type | said->scope | said->task | said->pool) ==
        0)
        return row;
    json_t *o = json_object();
    add_name(o, "variable", walk, said->variable);
    add_name(o, "type", walk, said->type);
    add_name(o, "scope", walk, said->scope);
    add_id(o, "task", said->task);
    add_id(o, "pool", said->pool);
    json_object_set_new(row, "annotated", o);
    return row;
}
