// SPDX-License-Identifier: MIT
//
// memo: the stacks that a thread has walked, each with the words of memory that
// justify it, so that it is found again by comparing these. Where a stack is
// kept follows from its first frame and those of its words by which it differs
// from others that begin alike: a tree, of which each branch names one place on
// the stack, and the word there leads to the next branch or to the entry. A
// place is known to lie on the stack, as all words before it are the same.
//
// The owner thread only; nothing is allocated. All zero is an empty one.

#ifndef MS_RUNTIME_UNWIND_MEMO_H
#define MS_RUNTIME_UNWIND_MEMO_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "platform/compiler.h"
#include "store/row_map.h"

#define MS_MEMO_BITS 11u     // entries, in sets of
#define MS_MEMO_SET 4u       // so many: a stack is in one of them
#define MS_BRANCH_BITS 12u   // branches
#define MS_MEMO_WORDS 48u    // of a stack; with more it is not kept
#define MS_MEMO_BRANCHES 24u // between a first frame and an entry
#define MS_PREDICTED_BITS 8u

// A frame: a return address and the registers as they are after the return.
struct ms_frame {
    uint64_t pc, sp, fp;
};

// Four words by their distance from the first frame's sp. A stack has its own
// from the inside out, the last one repeated to make four.
struct ms_memo_words {
    int16_t places[4]; // in words
    uint64_t values[4];
};

struct ms_memo_entry {
    struct ms_frame at; // pc 0: empty
    uint32_t node;
    uint16_t groups;
    bool any_fp; // nothing depends on the first frame's fp
    struct ms_row_hint hint;
    struct ms_memo_words words[MS_MEMO_WORDS / 4];
};

#define MS_PLACE_FP INT16_MIN // the first frame's fp itself
struct ms_memo_branch {
    uint32_t tag; // of the way to it
    int16_t place;
};

struct ms_memo {
    uint32_t tries, hits; // since it was last judged
    uint32_t pass_over;   // 1 of so many and one stacks is kept; 2^n - 1
    // Entry that a first frame was recognized by last, by its hash.
    uint16_t predicted[1u << MS_PREDICTED_BITS];
    struct ms_memo_branch branches[1u << MS_BRANCH_BITS];
    uint32_t tags[1u << MS_MEMO_BITS]; // of the ways to the entries
    struct ms_memo_entry entries[1u << MS_MEMO_BITS];
};

// Where a stack is, or would be.
struct ms_memo_place {
    struct ms_memo_entry *entry;
    uint64_t hash;   // of the way
    unsigned passed; // branches
};

// ms_memo_find says where the stack that begins with `from` would be. Only
// words within [low, high) are read.
struct ms_memo_place ms_memo_find(struct ms_memo *m,
                                  const struct ms_frame *from, uint64_t low,
                                  uint64_t high);

// ms_memo_keep puts a stack there that was not found: its node and its words,
// from the outermost in. NULL: it is not kept.
struct ms_memo_entry *ms_memo_keep(struct ms_memo *m,
                                   const struct ms_memo_place *place,
                                   const struct ms_frame *from, bool any_fp,
                                   uint32_t node, const uint64_t *addresses,
                                   const uint64_t *values, uint32_t count);

void ms_memo_forget(struct ms_memo *m);

MS_ALWAYS_INLINE uint64_t ms_stack_load(uint64_t address)
{
    uint64_t word;

    memcpy(&word, (const void *)(uintptr_t)address, sizeof word);
    return word;
}

MS_ALWAYS_INLINE uint64_t ms_memo_load(uint64_t sp, int16_t place)
{
    return ms_stack_load(sp + (uint64_t)(int64_t)place * 8);
}

MS_ALWAYS_INLINE bool ms_memo_begins(const struct ms_memo_entry *e,
                                     const struct ms_frame *from)
{
    return e->at.pc == from->pc && e->at.sp == from->sp;
}

MS_ALWAYS_INLINE bool ms_memo_matches(const struct ms_memo_entry *e,
                                      const struct ms_frame *from)
{
    if (ms_unlikely(!ms_memo_begins(e, from) ||
                    !(e->any_fp || e->at.fp == from->fp)))
        return false;
    const struct ms_memo_words *w = e->words, *end = w + e->groups;
    for (; w != end; w++) {
        uint64_t differs = 0;
        for (int k = 0; k < 4; k++)
            differs |= ms_memo_load(from->sp, w->places[k]) ^ w->values[k];
        if (ms_unlikely(differs != 0))
            return false;
    }
    return true;
}

MS_ALWAYS_INLINE uint64_t ms_memo_hash(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 32;
}

MS_ALWAYS_INLINE uint16_t *ms_memo_predicted(struct ms_memo *m,
                                             const struct ms_frame *from)
{
    uint64_t h = (from->pc ^ from->sp << 7) * UINT64_C(0x9E3779B97F4A7C15);

    return &m->predicted[h >> (64 - MS_PREDICTED_BITS)];
}

#endif
