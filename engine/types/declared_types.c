// SPDX-License-Identifier: MIT
// See declared_types.h for the contract.

#include "types/declared_types.h"

#define STACKS_PER_TICK 2000u
#define FRAMES_LIMIT 6u // that hand on

static const struct ms_symbol_type nothing = {.type = "", .array = ""};

// What a frame declares; NULL: not known yet.
static const struct ms_symbol_type *ask_frame(struct ms_session *s,
                                              uint64_t address)
{
    const struct ms_session_module *m = ms_session_module_of(s, address - 1);
    struct ms_symbol name;

    if (m == NULL || m->symbols == 0)
        return &nothing;
    // Its name first: that fetches debug information, if it is to be fetched.
    if (!ms_symbols_lookup(s->symbols, m->symbols, address - m->module.bias,
                           &name))
        return NULL;
    return ms_symbols_type(s->symbols, m->symbols, address - m->module.bias);
}

static const struct ms_symbol_type *ask(struct ms_session *s,
                                        struct ms_stack_sums *stack)
{
    const struct ms_symbol_type *said = &nothing;
    uint32_t node = stack->node;
    struct ms_node n;

    for (unsigned i = 0; i < FRAMES_LIMIT && node > MS_NODE_UNKNOWN; i++) {
        if (!ms_reader_node(&s->reader, node, &n) || ms_is_pseudo(n.address))
            return &nothing;
        said = ask_frame(s, n.address);
        if (said == NULL || !said->handed_on)
            break;
        said = &nothing;
        node = n.parent < node ? n.parent : 0;
    }
    // All of a site's stacks have the type that its own line declares.
    if (said != NULL && node == stack->node)
        s->model.sites[stack->site].type = said;
    return said;
}

bool ms_session_declared_types(struct ms_session *s)
{
    struct ms_stack_table *t = &s->model.stacks;
    size_t kept = 0;
    bool any = false;

    if (s->symbols == NULL || !s->names_wanted)
        return false;
    for (uint32_t i = 0; i < STACKS_PER_TICK && s->asked_stacks < t->count; i++)
        if (!ms_list_add(&s->untyped, s->asked_stacks++))
            break; // it stays without
    for (size_t i = 0; i < s->untyped.count; i++) {
        struct ms_stack_sums *stack = ms_stack_table_at(t, s->untyped.items[i]);
        const struct ms_symbol_type *said =
            i < STACKS_PER_TICK ? ask(s, stack) : NULL;
        if (said == NULL) {
            s->untyped.items[kept++] = s->untyped.items[i];
        } else if (said->bytes != 0) {
            stack->type = said;
            s->model.sites[stack->site].changed_seq = s->seq;
            ms_stack_table_touch(t, s->untyped.items[i], s->seq);
            any = true;
        }
    }
    s->untyped.count = kept;
    return any;
}

const char *ms_session_type_of(const struct ms_session *s, uint32_t stack,
                               uint64_t bytes)
{
    const struct ms_stack_table *t = &s->model.stacks;
    uint32_t known = t->of_node[stack];

    return known != 0
               ? ms_symbol_type_of(ms_stack_table_at(t, known - 1)->type, bytes)
               : "";
}
