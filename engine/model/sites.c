// SPDX-License-Identifier: MIT
//
// sites: finds the site of a stack, and the stack of a row.

#include "model/model.h"

#include <stdlib.h>

static uint32_t *slot_of_address(const struct ms_model *m, uint64_t address)
{
    size_t i = (size_t)(address * UINT64_C(0x9E3779B97F4A7C15) >> 20);

    for (;; i++) {
        uint32_t *slot = &m->site_slots[i & (m->site_slot_count - 1)];
        if (*slot == 0 || m->sites[*slot - 1].address == address)
            return slot;
    }
}

// Makes room for one more site and its slot.
static bool reserve_site(struct ms_model *m)
{
    if (!ms_model_reserve((void **)&m->sites, m->site_count, &m->site_room,
                          sizeof *m->sites))
        return false;
    if (m->site_slot_count > 2 * m->site_count)
        return true;
    size_t count = m->site_slot_count == 0 ? 256 : m->site_slot_count * 2;
    uint32_t *slots = calloc(count, sizeof *slots);
    if (slots == NULL)
        return false;
    free(m->site_slots);
    m->site_slots = slots;
    m->site_slot_count = count;
    for (size_t i = 0; i < m->site_count; i++)
        *slot_of_address(m, m->sites[i].address) = (uint32_t)i + 1;
    return true;
}

// The site of a return address; 1 + index, 0: out of memory.
static uint32_t site_of_address(struct ms_model *m, uint64_t address,
                                uint32_t stack)
{
    if (!reserve_site(m))
        return 0;
    uint32_t *slot = slot_of_address(m, address);
    if (*slot != 0)
        return *slot;
    struct ms_site *s = &m->sites[m->site_count++];
    *s = (struct ms_site){
        .address = address,
        .stack = stack,
        .function = "?",
        .file = "",
        .module = "",
    };
    ms_model_empty_trend(s->trend);
    *slot = (uint32_t)m->site_count;
    return *slot;
}

uint32_t ms_model_stack(struct ms_model *m, struct ms_reader *r, uint32_t stack)
{
    struct ms_stack_table *t = &m->stacks;
    struct ms_node node;
    uint32_t real, context;

    if (!ms_reader_stack(r, stack, &real, &context) ||
        !ms_reader_node(r, real, &node))
        return 0;
    if (t->of_node[stack] != 0)
        return t->of_node[stack];
    if (t->of_node[real] == 0) {
        uint32_t site = site_of_address(m, node.address, real);
        uint32_t added = site != 0 ? ms_stack_table_add(t, real, site - 1) : 0;
        if (added == 0)
            return 0;
        ms_stack_table_at(t, added - 1)->next_of_site =
            m->sites[site - 1].stacks;
        m->sites[site - 1].stacks = added;
    }
    ms_stack_table_name(t, stack, t->of_node[real]);
    return t->of_node[stack];
}

uint32_t ms_model_site(struct ms_model *m, struct ms_reader *r, uint32_t stack)
{
    uint32_t known = ms_model_stack(m, r, stack);

    return known != 0 ? ms_stack_table_at(&m->stacks, known - 1)->site + 1 : 0;
}

uint32_t ms_model_known_site(const struct ms_model *m, uint32_t stack)
{
    uint32_t known = m->stacks.of_node[stack];

    return known != 0 ? ms_stack_table_at(&m->stacks, known - 1)->site + 1 : 0;
}
