// SPDX-License-Identifier: MIT
//
// rules: the rule of each return address that has been met, computed once for
// all threads. A growing table of (address, rule), read and filled without a
// lock: a slot's address never changes, and its rule is one word; who comes
// before it is there computes it himself.
//
//   function          thread  progress   allocates           signal-safe
//   ms_rules_known   any     wait-free  no                  yes
//   ms_rules_find    any     lock-free  own memory, to grow yes
//   ms_rules_forget  any     wait-free  no                  yes

#ifndef MS_RUNTIME_UNWIND_RULES_H
#define MS_RUNTIME_UNWIND_RULES_H

#include <stddef.h>

#include "platform/atomics.h"
#include "platform/compiler.h"
#include "unwind/rule.h"

#define MS_RULES_NEAR 4u // slots that are asked at once

struct ms_rule_slot {
    _Atomic uint64_t address; // 0: free
    _Atomic ms_rule rule;     // MS_RULE_NONE: not known, or forgotten
};

struct ms_rule_table {
    uint32_t shift; // 64 - log2(slots); constant
    uint32_t mask;  // constant
    _Atomic uint32_t used;
    struct ms_rule_slot slots[];
};

// All zero is an empty one.
struct ms_rules {
    struct ms_rule_table *_Atomic table;
    _Atomic uint32_t generation; // counts ms_rules_forget
    _Atomic uint32_t unloads;    // of the store, as far as they are forgotten
};

ms_rule ms_rules_find(struct ms_rules *rules, uint64_t return_address);

// ms_rules_forget drops every rule: an object was unloaded, and its addresses
// may come to mean something else. Who has copied rules notices by generation.
void ms_rules_forget(struct ms_rules *rules);

// ms_rules_bytes is the size of the table, 0 when there is none yet.
size_t ms_rules_bytes(const struct ms_rules *rules);

static inline uint32_t ms_rules_hash(const struct ms_rule_table *t,
                                     uint64_t address)
{
    return (uint32_t)((address * UINT64_C(0x9E3779B97F4A7C15)) >> t->shift);
}

// ms_rules_known gives the rule of a return address, or MS_RULE_NONE when it
// is not close to where it should be: then ms_rules_find knows, or computes it.
static inline ms_rule ms_rules_known(struct ms_rules *rules,
                                     uint64_t return_address)
{
    // acquire: pairs with the publication in grow [K]
    struct ms_rule_table *t = ms_load_acquire(&rules->table);

    if (ms_likely(t != NULL)) {
        uint32_t i = ms_rules_hash(t, return_address);
        // Up to half of the slots are in use: the first is often another's.
        for (uint32_t n = 0; n < MS_RULES_NEAR; n++, i = (i + 1) & t->mask) {
            struct ms_rule_slot *s = &t->slots[i];
            // relaxed: the slot is this address's for good; its rule says all
            if (ms_likely(ms_load_relaxed(&s->address) == return_address))
                return ms_load_relaxed(&s->rule);
        }
    }
    return MS_RULE_NONE;
}

#endif
