// SPDX-License-Identifier: MIT
//
// tree: builds a binary tree by recursion and takes it down again: many
// blocks of one place in the source, reached through many different stacks.

#include "demo.h"

#include <stdlib.h>

#define DEPTH 12u
#define STEPS 3u
#define PERIOD_MS 700u

struct node {
    struct node *left, *right;
    uint64_t key;
    char label[48];
};

static struct demo_counts counts;
const struct demo_purpose demo_tree = {"recursion", "tree_build", &counts};

static struct node *tree_build(unsigned depth, uint64_t key)
{
    if (depth == 0)
        return NULL;
    struct node *node = calloc(1, sizeof *node);
    demo_allocated(&counts, node, sizeof *node);
    node->key = key;
    node->left = tree_build(depth - 1, 2 * key);
    node->right = tree_build(depth - 1, 2 * key + 1);
    return node;
}

static void tree_free(struct node *node)
{
    if (node == NULL)
        return;
    tree_free(node->left);
    tree_free(node->right);
    free(demo_freed(&counts, node, sizeof *node));
}

void *tree_main(void *unused)
{
    struct node *tree = NULL;

    for (unsigned step = 0; demo_step(step, STEPS, PERIOD_MS); step++) {
        tree_free(tree);
        tree = tree_build(DEPTH, 1);
    }
    demo_finish();
    tree_free(tree);
    return unused;
}
