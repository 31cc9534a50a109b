// SPDX-License-Identifier: MIT
// See names.h for the contract.

#include "flame/names.h"

#include <stdlib.h>

static bool make_room(struct ms_names *n)
{
    if (n->room - n->count >= MS_FRAME_CALLS)
        return true;
    size_t room = n->room * 2 + MS_FRAME_CALLS;
    uint32_t *names = realloc(n->names, room * sizeof *names);
    if (names != NULL)
        n->names = names;
    uint32_t *lines = realloc(n->lines, room * sizeof *lines);
    if (lines != NULL)
        n->lines = lines;
    if (names == NULL || lines == NULL)
        return false;
    n->room = room;
    return true;
}

bool ms_names_load(struct ms_names *n, struct ms_tree *tree,
                   const struct ms_source *source, bool by_line)
{
    const struct ms_stacks *s = source->stacks;
    struct ms_call calls[MS_FRAME_CALLS];

    *n = (struct ms_names){0};
    n->first = malloc((s->frame_count + 1) * sizeof *n->first);
    if (n->first == NULL)
        return false;
    for (size_t i = 0; i < s->frame_count; i++) {
        size_t count = ms_frame_calls(source->engine, &s->frames[i], calls);
        n->first[i] = (uint32_t)n->count;
        if (!make_room(n))
            return false;
        for (size_t k = 0; k < count; k++) {
            struct ms_flame_frame f = {
                .function = calls[k].function,
                .file = calls[k].file,
                .module = ms_stacks_module_name(s, s->frames[i].module),
                .line = by_line ? calls[k].line : 0,
            };
            n->lines[n->count] = calls[k].line;
            n->names[n->count] = ms_tree_frame(tree, &f);
            if (n->names[n->count++] == 0)
                return false;
        }
    }
    n->first[s->frame_count] = (uint32_t)n->count;
    return true;
}

void ms_names_fini(struct ms_names *n)
{
    free(n->first);
    free(n->names);
    free(n->lines);
    *n = (struct ms_names){0};
}
