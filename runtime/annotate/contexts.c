// SPDX-License-Identifier: MIT
// See contexts.h for the contract.

#include "annotate/contexts.h"

#include "platform/memory.h"

#define WRAP_CACHE 256u

struct link {
    uint32_t node; // of the chain up to here; 0: allocations are not in it
    uint32_t value;
    enum ms_pseudo_kind kind;
};

// A stack that was met in a context.
struct wrapped {
    uint32_t stack, context, node;
    struct ms_row_hint hint;
};

struct ms_contexts {
    uint32_t depth;  // of links
    uint32_t beyond; // entered, but too deep to be kept
    uint32_t pauses;
    struct link links[MS_CONTEXT_DEPTH];
    struct wrapped cache[WRAP_CACHE];
};

static struct ms_contexts *contexts_of(struct ms_writer *w)
{
    if (w->contexts == NULL)
        w->contexts = ms_memory_map_wiped(sizeof *w->contexts);
    return w->contexts;
}

void ms_contexts_free(struct ms_writer *w)
{
    if (w->contexts != NULL)
        ms_memory_unmap(w->contexts, sizeof *w->contexts);
    w->contexts = NULL;
}

void ms_contexts_reset(struct ms_writer *w)
{
    w->context = 0;
    if (w->contexts == NULL)
        return;
    w->contexts->depth = 0;
    w->contexts->beyond = 0;
    w->contexts->pauses = 0;
    // Hints are rows of the thread that had the writer before.
    for (uint32_t i = 0; i < WRAP_CACHE; i++)
        w->contexts->cache[i].node = 0;
}

static uint32_t innermost_node(const struct ms_contexts *c)
{
    return c == NULL || c->depth == 0 ? 0 : c->links[c->depth - 1].node;
}

static void set_context(struct ms_writer *w)
{
    w->context = w->contexts->pauses != 0 ? MS_CONTEXT_PAUSED
                                          : innermost_node(w->contexts);
}

bool ms_context_enter(struct ms_writer *w, enum ms_pseudo_kind kind,
                      uint32_t value, bool counts)
{
    struct ms_contexts *c = contexts_of(w);

    if (c == NULL || c->depth == MS_CONTEXT_DEPTH) {
        ms_store_count_drop(w->store, MS_DROP_CONTEXTS);
        if (c != NULL)
            c->beyond++;
        return false;
    }
    uint32_t node = innermost_node(c);
    if (counts && value != 0) {
        uint32_t inner = ms_store_stack(w->store, ms_pseudo(kind, value), node);
        node = inner != 0 ? inner : node;
    }
    c->links[c->depth++] =
        (struct link){.node = node, .value = value, .kind = kind};
    set_context(w);
    return true;
}

bool ms_context_leave(struct ms_writer *w, enum ms_pseudo_kind kind,
                      uint32_t value)
{
    struct ms_contexts *c = w->contexts;

    if (c == NULL)
        return false;
    if (c->beyond > 0) { // the innermost ones are those not kept
        c->beyond--;
        return true;
    }
    for (uint32_t i = c->depth; i > 0; i--)
        if (c->links[i - 1].kind == kind && c->links[i - 1].value == value) {
            c->depth = i - 1;
            set_context(w);
            return true;
        }
    return false;
}

uint32_t ms_context_task(const struct ms_writer *w)
{
    const struct ms_contexts *c = w->contexts;

    for (uint32_t i = c == NULL ? 0 : c->depth; i > 0; i--)
        if (c->links[i - 1].kind == MS_PSEUDO_TASK)
            return c->links[i - 1].value;
    return 0;
}

uint32_t ms_context_inside(struct ms_writer *w, enum ms_pseudo_kind kind,
                           uint32_t value)
{
    if (w->context == MS_CONTEXT_PAUSED)
        return 0;
    return ms_store_stack(w->store, ms_pseudo(kind, value), w->context);
}

void ms_context_pause(struct ms_writer *w)
{
    if (contexts_of(w) == NULL) {
        ms_store_count_drop(w->store, MS_DROP_CONTEXTS);
        return;
    }
    w->contexts->pauses++;
    set_context(w);
}

bool ms_context_resume(struct ms_writer *w)
{
    if (w->contexts == NULL || w->contexts->pauses == 0)
        return false;
    w->contexts->pauses--;
    set_context(w);
    return true;
}

MS_NOINLINE uint32_t ms_context_wrap(struct ms_writer *w, uint32_t stack,
                                     struct ms_row_hint **hint)
{
    struct ms_contexts *c = contexts_of(w);
    uint32_t context = w->context;

    *hint = NULL;
    if (context == MS_CONTEXT_PAUSED) {
        // relaxed: a count
        ms_add_relaxed(&w->store->annotations->counts[MS_ANNOTATION_PAUSED],
                       1u);
        return 0;
    }
    if (ms_unlikely(ms_is_pseudo(w->store->nodes[stack].address)))
        return stack; // a custom backend has put it into one
    if (ms_unlikely(c == NULL)) {
        ms_store_count_drop(w->store, MS_DROP_CONTEXTS);
        return stack;
    }
    uint64_t hash =
        ((uint64_t)context << 32 | stack) * UINT64_C(0x9E3779B97F4A7C15);
    struct wrapped *known = &c->cache[hash >> 56];
    _Static_assert(WRAP_CACHE == 256, "8 bits of the hash");
    if (known->node == 0 || known->stack != stack ||
        known->context != context) {
        uint32_t node = ms_store_stack(
            w->store, ms_pseudo(MS_PSEUDO_CONTEXT, context), stack);
        if (node == 0)
            return stack; // counted; without its context
        *known = (struct wrapped){stack, context, node, {{0}}};
    }
    *hint = &known->hint;
    return known->node;
}
