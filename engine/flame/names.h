// SPDX-License-Identifier: MIT
//
// names: the functions at each frame of a source, by their numbers in a tree.
// A frame has more than one where functions were inlined.

#ifndef MS_ENGINE_FLAME_NAMES_H
#define MS_ENGINE_FLAME_NAMES_H

#include "flame/tree.h"

struct ms_names {
    uint32_t *first; // by frame number - 1: index in `names`; one more at the
                     // end
    uint32_t *names; // numbers of tree frames, innermost function first
    uint32_t *lines; // where each of them is left, 0: unknown
    size_t count, room;
};

// ms_names_load reads the frames of a source into a tree's. With `by_line` the
// same function at another line is another one. False: out of memory.
bool ms_names_load(struct ms_names *n, struct ms_tree *tree,
                   const struct ms_source *source, bool by_line);
void ms_names_fini(struct ms_names *n);

#endif
