// SPDX-License-Identifier: MIT
// See tree.h for the contract.

#include "flame/tree.h"

#include <stdlib.h>
#include <string.h>

#include "model/model.h"

static size_t hash_of_call(uint32_t parent, uint32_t frame)
{
    uint64_t h =
        ((uint64_t)parent << 32 | frame) * UINT64_C(0x9E3779B97F4A7C15);

    return (size_t)(h ^ h >> 29);
}

static uint64_t add_text(uint64_t h, const char *text)
{
    for (; *text != '\0'; text++)
        h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001B3);
    return (h ^ 0xff) * UINT64_C(0x100000001B3);
}

static size_t hash_of_name(const struct ms_flame_frame *f)
{
    uint64_t h = add_text(UINT64_C(0xCBF29CE484222325), f->function);

    h = add_text(add_text(h, f->module), f->file) + f->line;
    return (size_t)(h ^ h >> 29);
}

static bool same_name(const struct ms_flame_frame *a,
                      const struct ms_flame_frame *b)
{
    return a->line == b->line && strcmp(a->function, b->function) == 0 &&
           strcmp(a->module, b->module) == 0 && strcmp(a->file, b->file) == 0;
}

static uint32_t *slot_of_call(const struct ms_tree *t, uint32_t parent,
                              uint32_t frame)
{
    for (size_t i = hash_of_call(parent, frame);; i++) {
        uint32_t *slot = &t->by_call.slots[i & (t->by_call.room - 1)];
        if (*slot == 0 || (t->nodes[*slot - 1].parent == parent &&
                           t->nodes[*slot - 1].frame == frame))
            return slot;
    }
}

static uint32_t *slot_of_name(const struct ms_tree *t,
                              const struct ms_flame_frame *frame)
{
    for (size_t i = hash_of_name(frame);; i++) {
        uint32_t *slot = &t->by_name.slots[i & (t->by_name.room - 1)];
        if (*slot == 0 || same_name(&t->frames[*slot - 1], frame))
            return slot;
    }
}

// Empties the set and doubles its room.
static bool grow(struct ms_number_set *set)
{
    size_t room = set->room == 0 ? 256 : set->room * 2;
    uint32_t *slots = calloc(room, sizeof *slots);

    if (slots == NULL)
        return false;
    free(set->slots);
    set->slots = slots;
    set->room = room;
    return true;
}

static bool reserve_frame(struct ms_tree *t)
{
    if (!ms_model_reserve((void **)&t->frames, t->frame_count, &t->frame_room,
                          sizeof *t->frames))
        return false;
    if (t->by_name.room > 2 * t->frame_count)
        return true;
    if (!grow(&t->by_name))
        return false;
    for (size_t i = 0; i < t->frame_count; i++)
        *slot_of_name(t, &t->frames[i]) = (uint32_t)i + 1;
    return true;
}

static bool reserve_node(struct ms_tree *t)
{
    if (t->node_count == UINT32_MAX ||
        !ms_model_reserve((void **)&t->nodes, t->node_count, &t->node_room,
                          sizeof *t->nodes))
        return false;
    if (t->by_call.room > 2 * t->node_count)
        return true;
    if (!grow(&t->by_call))
        return false;
    for (size_t i = 0; i < t->node_count; i++)
        *slot_of_call(t, t->nodes[i].parent, t->nodes[i].frame) =
            (uint32_t)i + 1;
    return true;
}

bool ms_tree_init(struct ms_tree *t)
{
    *t = (struct ms_tree){0};
    return ms_tree_child(t, 0, 0) != 0; // the root
}

void ms_tree_fini(struct ms_tree *t)
{
    free(t->nodes);
    free(t->frames);
    free(t->by_call.slots);
    free(t->by_name.slots);
    *t = (struct ms_tree){0};
}

uint32_t ms_tree_frame(struct ms_tree *t, const struct ms_flame_frame *frame)
{
    if (!reserve_frame(t))
        return 0;
    uint32_t *slot = slot_of_name(t, frame);
    if (*slot == 0) {
        t->frames[t->frame_count++] = *frame;
        *slot = (uint32_t)t->frame_count;
    }
    return *slot;
}

uint32_t ms_tree_child(struct ms_tree *t, uint32_t parent, uint32_t frame)
{
    if (!reserve_node(t))
        return 0;
    uint32_t *slot = slot_of_call(t, parent, frame);
    if (*slot == 0) {
        t->nodes[t->node_count++] =
            (struct ms_tree_node){.parent = parent, .frame = frame};
        *slot = (uint32_t)t->node_count;
    }
    return *slot;
}

void ms_tree_sum(struct ms_tree *t)
{
    for (size_t i = 0; i < t->node_count; i++)
        memcpy(t->nodes[i].total, t->nodes[i].self, sizeof t->nodes[i].self);
    for (size_t i = t->node_count; i > 1; i--) {
        const struct ms_tree_node *n = &t->nodes[i - 1];
        struct ms_tree_node *parent = &t->nodes[n->parent - 1];
        for (int k = 0; k < 2; k++) {
            parent->total[k] += n->total[k];
            parent->count[k] += n->count[k];
        }
    }
}
