// SPDX-License-Identifier: MIT
// See unwinder.h for the contract.

#include "unwind/unwinder.h"

#include "platform/compiler.h"
#include "platform/memory.h"
#include "store/modules.h"
#include "unwind/machine.h"

#define PAGE UINT64_C(4096)

static void begin(struct ms_unwinder *u, struct ms_store *store,
                  struct ms_rules *rules, uint64_t stack_low,
                  uint64_t stack_high)
{
    u->store = store;
    u->rules = rules;
    u->stack_low = stack_low;
    u->stack_high = stack_high;
    u->generation = ms_load_relaxed(&rules->generation);
}

struct ms_unwinder *ms_unwinder_create(struct ms_store *store,
                                       struct ms_rules *rules,
                                       uint64_t stack_low, uint64_t stack_high)
{
    struct ms_unwinder *u = ms_memory_map_wiped(sizeof *u);

    if (u != NULL)
        begin(u, store, rules, stack_low, stack_high);
    return u;
}

void ms_unwinder_renew(struct ms_unwinder *u, uint64_t stack_low,
                       uint64_t stack_high)
{
    // To give the memory back and be given it anew, page by page, costs more
    // than all else of a thread's birth. What is known of stacks is held
    // against the words on them; but not beyond where they end.
    if (u->stack_low != stack_low || u->stack_high != stack_high) {
        u->count = 0;
        ms_memo_forget(&u->memo);
    }
    ms_memo_disown(&u->memo);
    u->stack_low = stack_low;
    u->stack_high = stack_high;
}

void ms_unwinder_destroy(struct ms_unwinder *u)
{
    if (u != NULL)
        ms_memory_unmap(u, sizeof *u);
}

// The stack of this very thread, within bounds.
#define load ms_stack_load

MS_ALWAYS_INLINE bool readable(const struct ms_unwinder *u, uint64_t address)
{
    return address >= u->read_low && address <= u->read_high - 8 &&
           (address & 7) == 0;
}

MS_ALWAYS_INLINE bool on_own_stack(const struct ms_unwinder *u, uint64_t sp)
{
    return sp >= u->stack_low && sp < u->stack_high;
}

// On a stack that is not the thread's own (a coroutine's, a signal's) only the
// page that we stand on is known to be there.
static void set_range(struct ms_unwinder *u, uint64_t sp)
{
    u->read_low = sp - 8;
    u->read_high =
        on_own_stack(u, sp) ? u->stack_high : (sp - 8 + PAGE) & ~(PAGE - 1);
}

static ms_rule find_rule(struct ms_unwinder *u, uint64_t pc)
{
    // Meets new objects, and notices those that were unloaded for them.
    (void)ms_modules_find(u->store, pc - 1);
    return ms_rules_find(u->rules, pc);
}

MS_ALWAYS_INLINE ms_rule rule_of(struct ms_unwinder *u, uint64_t pc)
{
    ms_rule r = ms_rules_known(u->rules, pc);

    return ms_likely(r != MS_RULE_NONE) ? r : find_rule(u, pc);
}

// From a signal's frame to the one that was interrupted.
static bool step_signal(struct ms_unwinder *u, struct ms_frame *f)
{
    uint64_t saved = f->sp;

    if (!readable(u, saved + MS_SIGNAL_PC) ||
        !readable(u, saved + MS_SIGNAL_SP) ||
        !readable(u, saved + MS_SIGNAL_FP))
        return false;
    uint64_t sp = load(saved + MS_SIGNAL_SP);
    // Not a return address: one more, so that one less is in its instruction.
    f->pc = load(saved + MS_SIGNAL_PC) + 1;
    f->fp = load(saved + MS_SIGNAL_FP);
    bool changes_stack = !on_own_stack(u, f->sp) && on_own_stack(u, sp);
    if (!changes_stack && (sp <= f->sp || sp > u->read_high))
        return false;
    f->sp = sp;
    if (changes_stack)
        set_range(u, sp);
    return f->pc > 1;
}

// Goes from a frame to its caller. False: this was the last one.
MS_ALWAYS_INLINE bool step(struct ms_unwinder *u, ms_rule rule,
                           struct ms_frame *f)
{
    enum ms_rule_kind kind = ms_rule_kind_of(rule);
    uint64_t cfa;

    // A frame's own words alone, so that its caller does not depend on who
    // asks.
    u->read_low = f->sp - 8;
    if (ms_likely(kind == MS_RULE_FROM_SP)) {
        cfa = f->sp + (uint64_t)ms_rule_cfa_bytes(rule);
    } else if (kind == MS_RULE_FROM_FP) {
        cfa = f->fp + (uint64_t)ms_rule_cfa_bytes(rule);
    } else if (kind == MS_RULE_FROM_SLOT) {
        uint64_t at = f->fp + (uint64_t)ms_rule_cfa_bytes(rule);
        if (!readable(u, at))
            return false;
        cfa = load(at);
    } else {
        return kind == MS_RULE_SIGNAL && step_signal(u, f);
    }
    uint64_t slot = cfa + (uint64_t)ms_rule_ra_bytes(rule);
    if (ms_unlikely(cfa <= f->sp || cfa > u->read_high || !readable(u, slot)))
        return false;
    enum ms_rule_saved saved = ms_rule_saved_of(rule);
    if (saved != MS_SAVED_NOT) {
        uint64_t base = ms_likely(saved == MS_SAVED_AT_CFA) ? cfa : f->fp;
        uint64_t at = base + (uint64_t)ms_rule_fp_bytes(rule);
        if (ms_unlikely(!readable(u, at)))
            return false;
        f->fp = load(at);
    }
    f->pc = ms_machine_return_address(load(slot));
    f->sp = cfa;
    return f->pc != 0;
}

static bool same_frame(const struct ms_known_frame *known,
                       const struct ms_frame *f)
{
    return known->at.sp == f->sp && known->at.pc == f->pc &&
           (!known->needs_fp || known->at.fp == f->fp);
}

// Drops the known frames that are no more: those further in than the current
// one, and those of which a word has changed.
static void drop_changed(struct ms_unwinder *u, uint64_t sp)
{
    uint32_t n = u->count, i = 0;

    while (n > 0 && u->frames[n - 1].at.sp < sp)
        n--;
    uint32_t words = n > 0 ? u->frames[n - 1].words_end : 0;
    for (; i + 4 <= words; i += 4)
        if (((load(u->addresses[i]) ^ u->values[i]) |
             (load(u->addresses[i + 1]) ^ u->values[i + 1]) |
             (load(u->addresses[i + 2]) ^ u->values[i + 2]) |
             (load(u->addresses[i + 3]) ^ u->values[i + 3])) != 0)
            break;
    while (i < words && load(u->addresses[i]) == u->values[i])
        i++;
    while (n > 0 && u->frames[n - 1].words_end > i)
        n--;
    u->count = n;
}

// Whether what lies outwards of a frame depends on its fp.
static bool needs_fp(ms_rule rule, bool outer_needs)
{
    enum ms_rule_kind kind = ms_rule_kind_of(rule);
    enum ms_rule_saved saved = ms_rule_saved_of(rule);

    if (kind == MS_RULE_FROM_FP || kind == MS_RULE_FROM_SLOT ||
        saved == MS_SAVED_AT_FP)
        return true;
    return kind == MS_RULE_FROM_SP && saved == MS_SAVED_NOT && outer_needs;
}

static void note_word(struct ms_unwinder *u, uint32_t *n, uint64_t address,
                      uint64_t value)
{
    u->addresses[*n] = address;
    u->values[*n] = value;
    (*n)++;
}

// The words that the step from `f` to `outer` has read.
static uint32_t note_words(struct ms_unwinder *u, uint32_t n,
                           const struct ms_fresh_frame *f,
                           const struct ms_known_frame *outer)
{
    enum ms_rule_kind kind = ms_rule_kind_of(f->rule);
    enum ms_rule_saved saved = ms_rule_saved_of(f->rule);
    uint64_t cfa = outer->at.sp;

    if (kind == MS_RULE_SIGNAL) {
        note_word(u, &n, f->at.sp + MS_SIGNAL_PC, outer->at.pc - 1);
        note_word(u, &n, f->at.sp + MS_SIGNAL_SP, cfa);
        note_word(u, &n, f->at.sp + MS_SIGNAL_FP, outer->at.fp);
        return n;
    }
    // In the order that the memo wants: each after those that follow from it.
    if (saved != MS_SAVED_NOT && outer->needs_fp)
        note_word(u, &n,
                  (saved == MS_SAVED_AT_CFA ? cfa : f->at.fp) +
                      (uint64_t)ms_rule_fp_bytes(f->rule),
                  outer->at.fp);
    uint64_t slot = cfa + (uint64_t)ms_rule_ra_bytes(f->rule);
    note_word(u, &n, slot, load(slot));
    if (kind == MS_RULE_FROM_SLOT)
        note_word(u, &n, f->at.fp + (uint64_t)ms_rule_cfa_bytes(f->rule), cfa);
    return n;
}

// Takes the walked frames over, from the outermost in. Without `keep` they are
// found anew every time: slower, not wrong.
static uint32_t take_over(struct ms_unwinder *u, uint32_t fresh, bool keep)
{
    uint32_t n = u->count;
    uint32_t node = n > 0 ? u->frames[n - 1].node : 0;

    while (fresh > 0) {
        const struct ms_fresh_frame *f = &u->fresh[--fresh];
        const struct ms_known_frame *outer = n > 0 ? &u->frames[n - 1] : NULL;
        uint32_t words = outer != NULL ? outer->words_end : 0;

        node = ms_nodes_node(&u->nodes, u->store, f->at.pc, node);
        if (ms_unlikely(node == 0)) { // no part of it would be the truth
            u->count = 0;
            return MS_NODE_UNKNOWN;
        }
        if (n == MS_UNWIND_FRAMES || words + 4 > MS_UNWIND_WORDS)
            keep = false;
        if (!keep)
            continue;
        if (outer != NULL)
            words = note_words(u, words, f, outer);
        u->frames[n++] = (struct ms_known_frame){
            .at = f->at,
            .node = node,
            .words_end = (uint16_t)words,
            .needs_fp = needs_fp(f->rule, outer != NULL && outer->needs_fp),
        };
    }
    u->count = keep ? n : 0;
    return node;
}

static uint32_t walk(struct ms_unwinder *u, const struct ms_frame *from)
{
    struct ms_frame f = *from;
    uint32_t fresh = 0;
    bool keep = true;

    set_range(u, f.sp);
    // A stack that is not ours may be gone when we look again: what was found
    // on it is not asked for its words.
    bool foreign = !on_own_stack(u, f.sp);
    if (ms_unlikely(foreign || u->foreign))
        u->count = 0;
    u->foreign = foreign;
    drop_changed(u, f.sp);
    for (;;) {
        while (u->count > 0 && u->frames[u->count - 1].at.sp < f.sp)
            u->count--;
        if (u->count > 0 && same_frame(&u->frames[u->count - 1], &f))
            break;
        ms_rule rule = rule_of(u, f.pc);
        u->fresh[fresh++] = (struct ms_fresh_frame){.at = f, .rule = rule};
        if (fresh == MS_UNWIND_FRAMES || !step(u, rule, &f)) {
            u->count = 0; // it ended without meeting a known frame
            // Where no rule says that it ends, it is words that do: others
            // than those that are noted.
            keep = ms_rule_kind_of(rule) <= MS_RULE_BOTTOM;
            break;
        }
    }
    return take_over(u, fresh, keep);
}

// A walk, and another if an object turned out to have been unloaded.
static uint32_t walk_fresh(struct ms_unwinder *u, const struct ms_frame *from)
{
    uint32_t node = walk(u, from);
    uint32_t unloads = ms_load_relaxed(&u->store->unloads);
    uint32_t known = ms_load_relaxed(&u->rules->unloads);

    if (ms_likely(unloads == known))
        return node;
    // Whoever notices first forgets for all.
    if (ms_cas_relaxed(&u->rules->unloads, &known, unloads))
        ms_rules_forget(u->rules);
    u->count = 0;
    ms_nodes_forget_modules(&u->nodes);
    return walk(u, from);
}

// Keeps the frames just found, when they are all of the stack.
static struct ms_memo_entry *keep(struct ms_unwinder *u,
                                  const struct ms_frame *from, uint32_t node)
{
    if (u->count == 0 || node == 0)
        return NULL;
    const struct ms_known_frame *top = &u->frames[u->count - 1];
    if (top->at.sp != from->sp || top->at.pc != from->pc)
        return NULL;
    set_range(u, from->sp);
    return ms_memo_keep(&u->memo, from, u->read_low, u->read_high,
                        !top->needs_fp, node, u->addresses, u->values,
                        top->words_end);
}

static void forget(struct ms_unwinder *u, uint32_t generation)
{
    u->count = 0;
    u->generation = generation;
    ms_memo_forget(&u->memo);
    ms_nodes_forget_modules(&u->nodes);
}

MS_NOINLINE uint32_t ms_unwinder_stack(struct ms_unwinder *u,
                                       const struct ms_frame *from,
                                       struct ms_row_hint **hint)
{
    uint32_t generation = ms_load_relaxed(&u->rules->generation);
    uint32_t node;

    if (ms_unlikely(generation != u->generation))
        forget(u, generation);
    set_range(u, from->sp);
    // This event may have looked there already.
    struct ms_memo_entry *e =
        u->memo.missed
            ? NULL
            : ms_memo_find(&u->memo, from, u->read_low, u->read_high);
    u->memo.missed = false;
    if (e != NULL && ms_memo_matches(&u->memo, e, *from)) {
        node = e->node;
    } else {
        node = walk_fresh(u, from);
        e = keep(u, from, node);
    }
    if (e != NULL)
        ms_memo_meet(&u->memo, ms_memo_recent(&u->memo, *from), e);
    *hint = e != NULL ? &e->hint : NULL;
    return node;
}
