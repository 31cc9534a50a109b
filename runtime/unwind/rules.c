// SPDX-License-Identifier: MIT
// See rules.h for the contract.

#include "unwind/rules.h"

#include "platform/memory.h"
#include "platform/modules.h"
#include "unwind/eh_frame.h"

#define FIRST_SLOTS 512u
#define MOST_SLOTS (1u << 22)

static size_t table_bytes(uint32_t slots)
{
    return sizeof(struct ms_rule_table) + slots * sizeof(struct ms_rule_slot);
}

size_t ms_rules_bytes(const struct ms_rules *rules)
{
    // relaxed: only asked, where it is not about to be unmapped
    const struct ms_rule_table *t = ms_load_relaxed(&rules->table);

    return t != NULL ? table_bytes(t->mask + 1) : 0;
}

static struct ms_rule_table *make_table(uint32_t slots)
{
    struct ms_rule_table *t = ms_memory_map_wiped(table_bytes(slots));

    if (t != NULL) {
        t->shift = (uint32_t)(64 - __builtin_ctz(slots));
        t->mask = slots - 1;
    }
    return t;
}

static ms_rule compute(uint64_t return_address)
{
    struct ms_module_unwind m;

    // The call lies before the address that it returns to.
    if (!ms_module_unwind_at(return_address - 1, &m))
        return ms_rule_pack(MS_RULE_UNKNOWN, MS_SAVED_NOT, 0, 0, 0);
    struct ms_eh_table table = {m.begin, m.end, m.header};
    return ms_eh_frame_rule(&table, return_address - 1);
}

// The slot of an address, or a free one; NULL: neither within the window.
static struct ms_rule_slot *find_slot(struct ms_rule_table *t, uint64_t address)
{
    uint32_t i = ms_rules_hash(t, address);

    for (uint32_t n = 0; n < 32; n++, i = (i + 1) & t->mask) {
        uint64_t found = ms_load_relaxed(&t->slots[i].address);
        if (found == address || found == 0)
            return &t->slots[i];
    }
    return NULL;
}

static void put(struct ms_rule_table *t, uint64_t address, ms_rule rule)
{
    struct ms_rule_slot *s = find_slot(t, address);
    uint64_t free_slot = 0;

    while (s != NULL && ms_load_relaxed(&s->address) != address) {
        // relaxed: claims the slot; a rule of NONE is nobody's mistake
        if (ms_cas_relaxed(&s->address, &free_slot, address)) {
            ms_add_relaxed(&t->used, 1u);
            break;
        }
        free_slot = 0;
        s = find_slot(t, address);
    }
    if (s != NULL)
        ms_store_relaxed(&s->rule, rule); // relaxed: one word says all
}

// Replaces a table by one twice as large. The old one stays where it is:
// somebody may still be reading it; all old ones are smaller than the new one.
static struct ms_rule_table *grow(struct ms_rules *rules,
                                  struct ms_rule_table *old)
{
    uint32_t slots = old != NULL ? (old->mask + 1) * 2 : FIRST_SLOTS;
    struct ms_rule_table *t = slots <= MOST_SLOTS ? make_table(slots) : NULL;

    if (t == NULL)
        return old;
    for (uint32_t i = 0; old != NULL && i <= old->mask; i++) {
        uint64_t address = ms_load_relaxed(&old->slots[i].address);
        ms_rule rule = ms_load_relaxed(&old->slots[i].rule);
        if (address != 0 && rule != MS_RULE_NONE)
            put(t, address, rule);
    }
    // [K] release: publishes the table; acquire: or sees whose was first
    if (ms_cas_acq_rel(&rules->table, &old, t))
        return t;
    ms_memory_unmap(t, table_bytes(slots));
    return old;
}

MS_NOINLINE ms_rule ms_rules_find(struct ms_rules *rules, uint64_t address)
{
    struct ms_rule_table *t = ms_load_acquire(&rules->table); // pairs with [K]

    if (t != NULL) {
        struct ms_rule_slot *s = find_slot(t, address);
        if (s != NULL && ms_load_relaxed(&s->address) == address) {
            ms_rule r = ms_load_relaxed(&s->rule);
            if (r != MS_RULE_NONE)
                return r;
        }
    }
    ms_rule rule = compute(address);
    if (t == NULL || ms_load_relaxed(&t->used) * 2 > t->mask)
        t = grow(rules, t);
    if (t != NULL && address != 0)
        put(t, address, rule);
    return rule;
}

void ms_rules_forget(struct ms_rules *rules)
{
    struct ms_rule_table *t = ms_load_acquire(&rules->table); // pairs with [K]

    for (uint32_t i = 0; t != NULL && i <= t->mask; i++)
        ms_store_relaxed(&t->slots[i].rule, MS_RULE_NONE);
    ms_add_relaxed(&rules->generation, 1u);
}
