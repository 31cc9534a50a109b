// SPDX-License-Identifier: MIT
//
// stack_table: interning of (return address, parent) without a lock. The hash
// has levels, each much larger than the one before; in each, a key may stand in
// one window of consecutive slots. Slots are never emptied and are filled in
// the order in which they are tried, so that two threads with the same key meet
// in the same slot: one key has one node. A slot holds the node's number and,
// above it, some bits of the key's hash, so that others' nodes are not looked
// at.

#include "runtime/store.h"

#include "platform/atomics.h"
#include "platform/compiler.h"
#include "store/modules.h"
#include "store/writer.h"

#define NODE_BITS 24u
#define NODE_MASK ((1u << NODE_BITS) - 1)

_Static_assert((MS_HASH_WINDOW & (MS_HASH_WINDOW - 1)) == 0, "window");
_Static_assert(MS_NODE_CAPACITY <= 1u << NODE_BITS, "a node and a tag");

static uint64_t hash_of(uint64_t address, uint32_t parent)
{
    uint64_t h = address ^ ((uint64_t)parent << 32 | parent);

    h *= UINT64_C(0x9E3779B97F4A7C15);
    return h ^ h >> 29;
}

static uint32_t claim_node(struct ms_store *s)
{
    // relaxed: claims a number; the slot's release [D] publishes the node
    uint32_t node = ms_load_relaxed(&s->header->node_count);

    do {
        if (node >= s->header->node_capacity)
            return 0;
    } while (!ms_cas_relaxed(&s->header->node_count, &node, node + 1));
    return node;
}

static bool is_node(const struct ms_store *s, uint32_t slot,
                    const struct ms_node *key)
{
    const struct ms_node *n = &s->nodes[slot & NODE_MASK];

    return n->address == key->address && n->parent == key->parent;
}

// Tries to fill a slot that was empty. Returns what stands there then; 0: no
// node is left. *fresh is a node already filled for this key, kept for the next
// try.
static MS_NOINLINE uint32_t fill_slot(struct ms_store *s,
                                      _Atomic uint32_t *slot,
                                      const struct ms_node *key, uint32_t tag,
                                      uint32_t *fresh)
{
    uint32_t found = 0;

    if (*fresh == 0) {
        *fresh = claim_node(s);
        if (*fresh == 0)
            return 0;
        s->nodes[*fresh] = *key;
        if (key->module == MS_MODULE_UNKNOWN)
            s->nodes[*fresh].module = ms_modules_find(s, key->address);
    }
    // [D] release: publishes the node; acquire: or sees who was first
    if (ms_cas_acq_rel(slot, &found, *fresh | tag))
        return *fresh | tag;
    return found;
}

uint32_t ms_store_stack_in(struct ms_store *s, uint64_t address,
                           uint32_t parent, uint32_t module)
{
    struct ms_node key = {
        .address = address, .parent = parent, .module = module};
    uint64_t hash = hash_of(address, parent);
    uint32_t tag = (uint32_t)hash << NODE_BITS;
    uint32_t last_bits = s->header->hash_bits, bits = MS_HASH_FIRST_BITS;
    _Atomic uint32_t *level = s->hash;
    uint32_t fresh = 0;

    // What stands for the segment where a fork came in between: see fork.c.
    if (ms_unlikely(last_bits == 0))
        return 0;
    for (;; bits += MS_HASH_STEP_BITS) {
        bits = bits < last_bits ? bits : last_bits;
        uint64_t window = hash >> (64 - bits) & ~(uint64_t)(MS_HASH_WINDOW - 1);

        for (uint32_t k = 0; k < MS_HASH_WINDOW; k++) {
            _Atomic uint32_t *slot = &level[window + k];
            uint32_t found = ms_load_acquire(slot); // acquire: pairs with [D]
            if (found == 0)
                found = fill_slot(s, slot, &key, tag, &fresh);
            if (((found ^ tag) & ~NODE_MASK) == 0 && found != 0 &&
                is_node(s, found, &key))
                return found & NODE_MASK;
        }
        if (bits == last_bits)
            break;
        level += UINT64_C(1) << bits;
    }
    ms_store_count_drop(s, MS_DROP_STACKS);
    return 0;
}

uint32_t ms_store_stack(struct ms_store *s, uint64_t address, uint32_t parent)
{
    return ms_store_stack_in(s, address, parent,
                             ms_is_pseudo(address) ? 0 : MS_MODULE_UNKNOWN);
}
