// SPDX-License-Identifier: MIT
// See engine/flame.h for the contract.

#include "engine/flame.h"

#include <stdlib.h>
#include <string.h>

#include "flame/names.h"

// One source, on its way into the tree.
struct load {
    struct ms_tree *tree;
    const struct ms_flame_order *order;
    const struct ms_source *from;
    int which; // 0: at; 1: from
    struct ms_names names;
    uint32_t *nodes; // of calls: number in the tree
    uint32_t lost;   // node of stacks that cannot be read; 0: there are none
};

static enum ms_weight count_of(enum ms_weight weight)
{
    return weight == MS_WEIGHT_LIVE_BYTES || weight == MS_WEIGHT_LIVE_BLOCKS
               ? MS_WEIGHT_LIVE_BLOCKS
               : MS_WEIGHT_ALLOC_COUNT;
}

// Books what a stack has at a node.
static void book(struct load *l, uint32_t node, const struct ms_stack_row *row)
{
    struct ms_tree_node *to = &l->tree->nodes[node - 1];

    to->self[l->which] += ms_weight_of(row, l->order->weight);
    to->count[l->which] += ms_weight_of(row, count_of(l->order->weight));
}

// The functions of a frame as nodes below `parent`, from the outermost one
// inwards, or from the innermost one outwards. 0: out of memory.
static uint32_t enter(struct load *l, uint32_t parent, uint32_t frame)
{
    uint32_t first = l->names.first[frame - 1], end = l->names.first[frame];

    for (uint32_t i = first; i < end && parent != 0; i++)
        parent = ms_tree_child(
            l->tree, parent,
            l->names.names[l->order->inverted ? i : end - 1 - (i - first)]);
    return parent;
}

// Where a stack without nodes is booked: the store was damaged.
static uint32_t lost_node(struct load *l)
{
    static const struct ms_flame_frame damaged = {"(damaged stack)", "", "", 0};
    uint32_t frame = l->lost == 0 ? ms_tree_frame(l->tree, &damaged) : 0;

    if (frame != 0)
        l->lost = ms_tree_child(l->tree, 1, frame);
    return l->lost;
}

static bool weighs(const struct load *l, const struct ms_stack_row *row)
{
    return ms_weight_of(row, l->order->weight) != 0 ||
           ms_weight_of(row, count_of(l->order->weight)) != 0;
}

// Callers come before what they call: one pass from the end says which of them
// have any weight, one from the beginning merges those.
static bool load_calls(struct load *l)
{
    const struct ms_stacks *s = l->from->stacks;

    for (size_t i = 0; i < s->row_count; i++)
        if (weighs(l, &s->rows[i]))
            l->nodes[s->rows[i].node] = 1;
    if (l->nodes[0] != 0 && lost_node(l) == 0)
        return false;
    for (size_t i = s->node_count; i > 0; i--)
        if (l->nodes[i] != 0)
            l->nodes[s->nodes[i - 1].parent] = 1;
    l->nodes[0] = 1; // the root
    for (size_t i = 1; i <= s->node_count; i++) {
        const struct ms_stack_node *n = &s->nodes[i - 1];
        if (l->nodes[i] == 0)
            continue;
        l->nodes[i] = enter(l, l->nodes[n->parent], n->frame);
        if (l->nodes[i] == 0)
            return false;
    }
    for (size_t i = 0; i < s->row_count; i++) {
        uint32_t node = s->rows[i].node;
        if (weighs(l, &s->rows[i]))
            book(l, node != 0 ? l->nodes[node] : l->lost, &s->rows[i]);
    }
    return true;
}

// From the innermost frame outwards: stacks share no nodes, each is walked.
static bool load_inverted(struct load *l)
{
    const struct ms_stacks *s = l->from->stacks;

    for (size_t i = 0; i < s->row_count; i++) {
        uint32_t at = 1, node = s->rows[i].node;
        if (!weighs(l, &s->rows[i]))
            continue;
        if (node == 0)
            at = lost_node(l);
        for (; node != 0 && at != 0; node = s->nodes[node - 1].parent)
            at = enter(l, at, s->nodes[node - 1].frame);
        if (at == 0)
            return false;
        book(l, at, &s->rows[i]);
    }
    return true;
}

static bool load_source(struct ms_tree *t, const struct ms_flame_order *order,
                        const struct ms_source *from, int which)
{
    struct load l = {.tree = t, .order = order, .from = from, .which = which};
    bool loaded = false;

    l.nodes = calloc(from->stacks->node_count + 1, sizeof *l.nodes);
    if (l.nodes != NULL && ms_names_load(&l.names, t, from, order->by_line))
        loaded = order->inverted ? load_inverted(&l) : load_calls(&l);
    ms_names_fini(&l.names);
    free(l.nodes);
    return loaded;
}

// Nodes by number, in the order in which they are to be seen.
struct ordering {
    const struct ms_tree *tree;
    uint32_t *sorted; // children of one parent together, heaviest first
    uint32_t *first;  // by number: where its children begin in `sorted`
};

static uint64_t heaviest(const struct ms_tree_node *n)
{
    return n->total[0] > n->total[1] ? n->total[0] : n->total[1];
}

static int by_parent_and_weight(const void *a, const void *b, void *arg)
{
    const struct ms_tree *t = arg;
    const uint32_t *i = a, *j = b;
    const struct ms_tree_node *x = &t->nodes[*i - 1], *y = &t->nodes[*j - 1];

    if (x->parent != y->parent)
        return x->parent < y->parent ? -1 : 1;
    if (heaviest(x) != heaviest(y))
        return heaviest(x) > heaviest(y) ? -1 : 1;
    return (*i > *j) - (*i < *j);
}

static bool order_nodes(struct ordering *o)
{
    size_t n = o->tree->node_count;

    o->sorted = malloc(n * sizeof *o->sorted);
    o->first = calloc(n + 2, sizeof *o->first);
    if (o->sorted == NULL || o->first == NULL)
        return false;
    for (size_t i = 0; i < n; i++)
        o->sorted[i] = (uint32_t)i + 1;
    qsort_r(o->sorted, n, sizeof *o->sorted, by_parent_and_weight,
            (void *)o->tree);
    for (size_t i = 0; i < n; i++)
        o->first[o->tree->nodes[o->sorted[i] - 1].parent + 1]++;
    for (size_t i = 1; i < n + 2; i++)
        o->first[i] += o->first[i - 1];
    return true;
}

// Lists the children of a node at the end of `open`, the heaviest last, and
// leaves out those that are too light.
static size_t open_children(struct ms_flame *f, const struct ordering *o,
                            uint32_t node, uint32_t *open, size_t count)
{
    uint64_t all = heaviest(&o->tree->nodes[0]);
    double least = f->order.least * (double)all;

    for (uint32_t i = o->first[node + 1]; i > o->first[node]; i--) {
        const struct ms_tree_node *n = &o->tree->nodes[o->sorted[i - 1] - 1];
        if ((double)heaviest(n) >= least) {
            open[count++] = o->sorted[i - 1];
            continue;
        }
        f->hidden_total[0] += n->total[0];
        f->hidden_total[1] += n->total[1];
    }
    return count;
}

static bool take_nodes(struct ms_flame *f, const struct ordering *o)
{
    size_t n = o->tree->node_count;
    uint32_t *open = malloc((n + 1) * sizeof *open);
    uint32_t *depth = calloc(n + 1, sizeof *depth);
    size_t open_count = 0;

    f->nodes = malloc(n * sizeof *f->nodes);
    if (open != NULL && depth != NULL && f->nodes != NULL)
        open_count = open_children(f, o, 1, open, 0);
    while (open_count > 0) {
        uint32_t number = open[--open_count];
        const struct ms_tree_node *from = &o->tree->nodes[number - 1];
        struct ms_flame_node *to = &f->nodes[f->node_count++];
        depth[number] = from->parent == 1 ? 0 : depth[from->parent] + 1;
        to->frame = from->frame - 1;
        to->depth = depth[number];
        memcpy(to->self, from->self, sizeof to->self);
        memcpy(to->total, from->total, sizeof to->total);
        memcpy(to->count, from->count, sizeof to->count);
        open_count = open_children(f, o, number, open, open_count);
    }
    f->hidden_nodes = n - 1 - f->node_count;
    bool taken = open != NULL && depth != NULL && f->nodes != NULL;
    free(open);
    free(depth);
    return taken;
}

static bool make(struct ms_flame *f)
{
    struct ms_tree tree;
    struct ordering o = {.tree = &tree};
    bool made = ms_tree_init(&tree) && load_source(&tree, &f->order, &f->at, 0);

    if (made && f->order.compare)
        made = load_source(&tree, &f->order, &f->from, 1);
    if (made) {
        ms_tree_sum(&tree);
        memcpy(f->total, tree.nodes[0].total, sizeof f->total);
        memcpy(f->count, tree.nodes[0].count, sizeof f->count);
        made = order_nodes(&o) && take_nodes(f, &o);
    }
    if (made) {
        f->frames = tree.frames;
        f->frame_count = tree.frame_count;
        tree.frames = NULL;
    }
    free(o.sorted);
    free(o.first);
    ms_tree_fini(&tree);
    return made;
}

enum memscope_status ms_flame_make(struct ms_engine *engine,
                                   const struct ms_flame_order *order,
                                   struct ms_flame *out)
{
    *out = (struct ms_flame){.order = *order};
    enum memscope_status status =
        ms_source_open(engine, order->session, &order->at, &out->at);
    if (status == MEMSCOPE_OK && order->compare)
        status =
            ms_source_open(engine, order->session, &order->from, &out->from);
    if (status == MEMSCOPE_OK && !make(out))
        status = MEMSCOPE_ERROR_MEMORY;
    if (status != MEMSCOPE_OK)
        ms_flame_fini(out);
    return status;
}

enum memscope_status ms_flame_of(struct ms_source *source,
                                 const struct ms_flame_order *order,
                                 struct ms_flame *out)
{
    *out = (struct ms_flame){.order = *order};
    out->order.compare = false;
    ms_source_move(&out->at, source);
    if (make(out))
        return MEMSCOPE_OK;
    ms_flame_fini(out);
    return MEMSCOPE_ERROR_MEMORY;
}

void ms_flame_fini(struct ms_flame *f)
{
    ms_source_close(&f->at);
    ms_source_close(&f->from);
    free(f->frames);
    free(f->nodes);
    *f = (struct ms_flame){0};
}
