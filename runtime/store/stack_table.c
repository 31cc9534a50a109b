// SPDX-License-Identifier: MIT
//
// stack_table: interning of (return address, parent) without a lock. A key
// stands in a window of consecutive slots: in that of its parent, which those
// numbered alike share, as they are mostly looked for together; or, where that
// is full, in one of a hash of its own. The hash has levels, each much larger
// than the one before. Slots are never emptied and are filled in the order in
// which they are tried, so that two threads with the same key meet in the same
// slot: one key has one node. A slot holds the node's number and, above it,
// some bits of the key's hash, so that others' nodes are not looked at.

#include "store/stack_table.h"

#include "platform/atomics.h"
#include "platform/compiler.h"
#include "platform/lanes.h"
#include "runtime/store.h"
#include "store/modules.h"
#include "store/writer.h"

#define NODE_BITS 24u
#define NODE_MASK ((1u << NODE_BITS) - 1)

_Static_assert(MS_WINDOW_SLOTS == 16, "what ms_lanes_look looks at");
_Static_assert(MS_NODE_CAPACITY <= 1u << NODE_BITS, "a node and a tag");

// A key, and where it may stand beside its parent's window.
struct place {
    struct ms_node key;
    uint64_t hash;
    uint32_t tag;
    uint32_t last_bits; // of the hash; asked for once, see fork.c
};

static struct place place_of(const struct ms_store *s, uint64_t address,
                             uint32_t parent, uint32_t module)
{
    uint64_t h = (address ^ ((uint64_t)parent << 32 | parent)) *
                 UINT64_C(0x9E3779B97F4A7C15);

    h ^= h >> 29;
    return (struct place){
        .key = {.address = address, .parent = parent, .module = module},
        .hash = h,
        .tag = (uint32_t)h << NODE_BITS,
        .last_bits = s->header->hash_bits,
    };
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

// Tries to fill a slot, if it is empty still. Returns what stands there then;
// 0: no node is left. *fresh is a node already filled for this key, kept for
// the next try.
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

// The slots of all levels before one: 1 + 8 + 64 ... of the first.
#define BEFORE(level)                                                          \
    (((1u << (level)*MS_HASH_STEP_BITS) - 1) / ((1u << MS_HASH_STEP_BITS) - 1) \
     << MS_HASH_FIRST_BITS)

static _Atomic uint32_t *children_of(const struct ms_store *s, uint32_t parent)
{
    return &s->children[(size_t)(parent / MS_WINDOW_PARENTS) * MS_WINDOW_SLOTS];
}

static _Atomic uint32_t *window_of(const struct ms_store *s,
                                   const struct place *p, uint32_t level)
{
    static const uint32_t before[] = {BEFORE(0), BEFORE(1), BEFORE(2),
                                      BEFORE(3), BEFORE(4), BEFORE(5)};
    uint32_t bits = MS_HASH_FIRST_BITS + level * MS_HASH_STEP_BITS;

    bits = bits < p->last_bits ? bits : p->last_bits;
    return &s->hash[before[level] + (p->hash >> (64 - bits) &
                                     ~(uint64_t)(MS_WINDOW_SLOTS - 1))];
}

// The key's node if it is one of those in `like`, slots of a window; 0: it is
// not.
MS_ALWAYS_INLINE uint32_t among(const struct ms_store *s,
                                const _Atomic uint32_t *window, uint32_t like,
                                const struct place *p)
{
    for (; like != 0; like &= like - 1) {
        // acquire: pairs with [D]
        uint32_t found = ms_load_acquire(&window[__builtin_ctz(like)]);
        if (found != 0 && is_node(s, found, &p->key))
            return found & NODE_MASK;
    }
    return 0;
}

// Takes the first slot of a window that is empty, if none before is the key's
// by then. 0: it is full of others, or no node is left.
static MS_NOINLINE uint32_t take_slot(struct ms_store *s,
                                      _Atomic uint32_t *window, uint32_t empty,
                                      const struct place *p, uint32_t *fresh)
{
    // Those before were not empty, and stay what they were.
    for (uint32_t k = (uint32_t)__builtin_ctz(empty); k < MS_WINDOW_SLOTS;
         k++) {
        uint32_t found = fill_slot(s, &window[k], &p->key, p->tag, fresh);
        if (((found ^ p->tag) & ~NODE_MASK) == 0 && found != 0 &&
            is_node(s, found, &p->key))
            return found & NODE_MASK;
    }
    return 0;
}

uint32_t ms_store_known_stack(const struct ms_store *s, uint64_t address,
                              uint32_t parent)
{
    struct place p = place_of(s, address, parent, 0);

    // What stands for the segment where a fork came in between: see fork.c.
    if (ms_unlikely(p.last_bits == 0))
        return 0;
    const _Atomic uint32_t *window = children_of(s, parent);
    return among(s, window, ms_lanes_look(window, p.tag, ~NODE_MASK).like, &p);
}

// Looks through a window, and takes its first empty slot for the key.
MS_ALWAYS_INLINE uint32_t settle(struct ms_store *s, _Atomic uint32_t *window,
                                 const struct place *p, uint32_t *fresh)
{
    struct ms_lanes l = ms_lanes_look(window, p->tag, ~NODE_MASK);
    uint32_t node = among(s, window, l.like, p);

    if (ms_likely(node != 0) || l.zero == 0)
        return node;
    return take_slot(s, window, l.zero, p, fresh);
}

// The node of a key that its parent's window had no room for. A key is in one
// place only, so who only looks may do so in any order: from the largest level
// in use down, where most are.
static MS_NOINLINE uint32_t in_hash(struct ms_store *s, const struct place *p,
                                    uint32_t *fresh)
{
    uint32_t level = ms_load_relaxed(&s->deepest) + 1; // relaxed: a hint
    uint32_t node = 0;

    while (level-- > 0) {
        const _Atomic uint32_t *window = window_of(s, p, level);
        struct ms_lanes l = ms_lanes_look(window, p->tag, ~NODE_MASK);
        node = among(s, window, l.like, p);
        if (node != 0)
            return node;
    }
    for (level = 0;; level++) {
        node = settle(s, window_of(s, p, level), p, fresh);
        if (node != 0) {
            // relaxed: a hint, which a race may leave too small for a while
            if (level > ms_load_relaxed(&s->deepest))
                ms_store_relaxed(&s->deepest, level);
            return node;
        }
        if (MS_HASH_FIRST_BITS + level * MS_HASH_STEP_BITS >= p->last_bits)
            break;
    }
    ms_store_count_drop(s, MS_DROP_STACKS);
    return 0;
}

uint32_t ms_store_stack_in(struct ms_store *s, uint64_t address,
                           uint32_t parent, uint32_t module)
{
    struct place p = place_of(s, address, parent, module);
    uint32_t fresh = 0;

    // What stands for the segment where a fork came in between: see fork.c.
    if (ms_unlikely(p.last_bits == 0))
        return 0;
    uint32_t node = settle(s, children_of(s, parent), &p, &fresh);
    return ms_likely(node != 0) ? node : in_hash(s, &p, &fresh);
}

uint32_t ms_store_stack(struct ms_store *s, uint64_t address, uint32_t parent)
{
    return ms_store_stack_in(s, address, parent,
                             ms_is_pseudo(address) ? 0 : MS_MODULE_UNKNOWN);
}
