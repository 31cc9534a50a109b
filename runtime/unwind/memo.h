// SPDX-License-Identifier: MIT
//
// memo: the stacks that a thread has walked, each with the words of memory that
// justify it, so that it is found again by comparing these. The way to a stack
// follows from its first frame and those of its words by which it differs from
// others that begin alike: a branch of the way names a place on the stack, and
// the word there leads to the next branch, or to the entry. A place is known to
// lie on the stack, as all words before it are the same.
//
// That way is a chain of loads, each waiting for the last. So first of all that
// stack is tried which has followed the last one before: programs repeat
// themselves; or, where that begins elsewhere, the last one that began here.
// Only then those are tried that have followed earlier.
//
// The owner thread only; nothing is allocated. All zero is an empty one.

#ifndef MS_RUNTIME_UNWIND_MEMO_H
#define MS_RUNTIME_UNWIND_MEMO_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "platform/compiler.h"
#include "store/row_map.h"
#include "unwind/machine.h"

#define MS_MEMO_ENTRIES 2048u
#define MS_MEMO_SLOTS 8192u
#define MS_MEMO_WORDS 16384u // in groups of four, of all stacks together
#define MS_MEMO_DEEPEST 128u // groups of one stack; with more it is not kept
#define MS_MEMO_NEXT 3u
#define MS_MEMO_RECENT_BITS 9u
#define MS_MEMO_BRANCHES 24u // between a first frame and an entry

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
    _Alignas(64) struct ms_frame at; // pc 0: empty
    uint32_t words, words_end;       // its own, in bytes from the memo's first
    struct ms_row_hint hint;
    uint32_t node;
    uint16_t next[MS_MEMO_NEXT]; // entries met after it, the newest first
    bool any_fp;                 // nothing depends on the first frame's fp
    bool met;                    // again, since it is here
};
_Static_assert(sizeof(struct ms_memo_entry) == 64, "an entry is a cache line");

#define MS_PLACE_FP INT16_MIN         // the first frame's fp itself
#define MS_PLACE_NONE (INT16_MIN + 1) // the way ends here, at an entry
struct ms_memo_slot {
    uint32_t tag; // of the way to it; 0: empty
    int16_t place;
    uint16_t entry;
};

struct ms_memo {
    // First, so that an entry is at no more than its number times its size.
    struct ms_memo_entry entries[MS_MEMO_ENTRIES];
    // Entries and words are filled in turn; the oldest ones make room.
    uint32_t next, oldest; // entry; without end
    uint32_t next_words;
    uint32_t last;      // the entry met last, in bytes from the first
    uint32_t unmet;     // of those that were replaced since it was last judged
    uint32_t pass_over; // 1 of so many and one is looked for; 2^n - 1
    uint32_t turn;
    uint64_t ended;    // the way that the last search was on when it ended; 0:
                       // that stack was passed over
    uint32_t branches; // that lay behind it there
    bool missed;       // it found nothing, and that has not been asked for yet
    uint16_t recent[1u << MS_MEMO_RECENT_BITS]; // entries, by where they begin
    struct ms_memo_slot slots[MS_MEMO_SLOTS];   // in pairs: one of two
    struct ms_memo_words words[MS_MEMO_WORDS];
};

// ms_memo_keep puts a stack there that ms_memo_find has just not found: its
// node and its words, from the outermost in. Only words within [low, high) are
// read. NULL: it is not kept.
struct ms_memo_entry *ms_memo_keep(struct ms_memo *m,
                                   const struct ms_frame *from, uint64_t low,
                                   uint64_t high, bool any_fp, uint32_t node,
                                   const uint64_t *addresses,
                                   const uint64_t *values, uint32_t count);

void ms_memo_forget(struct ms_memo *m);

// ms_memo_disown forgets in which rows the stacks were booked.
void ms_memo_disown(struct ms_memo *m);

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

MS_ALWAYS_INLINE const struct ms_memo_words *
ms_memo_words_at(const struct ms_memo *m, uint32_t bytes)
{
    return (const void *)((const char *)m->words + bytes);
}

MS_ALWAYS_INLINE bool ms_memo_begins(const struct ms_memo_entry *e,
                                     struct ms_frame from)
{
    return e->at.pc == from.pc && e->at.sp == from.sp;
}

// Of an entry that begins with `from`: whatever may be read for a stack that
// began there may be read again where one begins there now. The first frame's
// fp is not looked at.
MS_ALWAYS_INLINE bool ms_memo_goes_on(const struct ms_memo *m,
                                      const struct ms_memo_entry *e,
                                      struct ms_frame from)
{
    const struct ms_memo_words *w = ms_memo_words_at(m, e->words);
    for (const struct ms_memo_words *end = ms_memo_words_at(m, e->words_end);
         w != end; w++) {
#define DIFFERS(k) (ms_memo_load(from.sp, w->places[k]) ^ w->values[k])
        if (ms_unlikely((DIFFERS(0) | DIFFERS(1) | DIFFERS(2) | DIFFERS(3)) !=
                        0))
            return false;
#undef DIFFERS
    }
    return true;
}

MS_ALWAYS_INLINE bool ms_memo_matches(const struct ms_memo *m,
                                      const struct ms_memo_entry *e,
                                      struct ms_frame from)
{
    return ms_likely(ms_memo_begins(e, from)) &&
           (ms_likely(e->any_fp) || e->at.fp == from.fp) &&
           ms_memo_goes_on(m, e, from);
}

MS_ALWAYS_INLINE uint64_t ms_memo_hash(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 32;
}

MS_ALWAYS_INLINE uint64_t ms_memo_begin(const struct ms_frame *from)
{
    return ms_memo_hash(from->pc, from->sp << 16);
}

// The slot of a way, or one of its pair that is another's.
MS_ALWAYS_INLINE struct ms_memo_slot *ms_memo_slot(struct ms_memo *m,
                                                   uint64_t hash)
{
    struct ms_memo_slot *s = &m->slots[hash & (MS_MEMO_SLOTS - 2)];

    return s + (s->tag != (uint32_t)(hash >> 32)); // no branch: 50 to 50
}

// ms_memo_find says which stack the one that begins with `from` could be; NULL:
// none, or it was not looked for. Only words within [low, high) are read.
MS_ALWAYS_INLINE struct ms_memo_entry *ms_memo_find(struct ms_memo *m,
                                                    const struct ms_frame *from,
                                                    uint64_t low, uint64_t high)
{
    uint64_t hash = ms_memo_begin(from);

    // Where stacks hardly ever repeat, looking for each of them, and keeping
    // it, is work for nothing.
    if ((m->turn++ & m->pass_over) != 0) {
        m->ended = 0;
        return NULL;
    }
    for (uint32_t n = 0; n <= MS_MEMO_BRANCHES; n++) {
        m->ended = hash;
        m->branches = n;
        const struct ms_memo_slot *s = ms_memo_slot(m, hash);
        uint64_t word = from->fp;
        if (ms_unlikely(s->tag != (uint32_t)(hash >> 32)))
            return NULL;
        if (s->place == MS_PLACE_NONE)
            return &m->entries[s->entry];
        if (ms_likely(s->place != MS_PLACE_FP)) {
            uint64_t at = from->sp + (uint64_t)(int64_t)s->place * 8;
            // The tags of two ways may be the same.
            if (ms_unlikely(at - low > high - 8 - low))
                return NULL;
            word = ms_stack_load(at);
        }
        hash = ms_memo_hash(hash, word);
    }
    return NULL;
}

MS_ALWAYS_INLINE uint16_t *ms_memo_recent(struct ms_memo *m,
                                          struct ms_frame from)
{
    uint64_t hash = (from.pc ^ from.sp << 20) * UINT64_C(0x9E3779B97F4A7C15);

    return &m->recent[hash >> (64 - MS_MEMO_RECENT_BITS)];
}

// ms_memo_last is the entry that was met last.
MS_ALWAYS_INLINE struct ms_memo_entry *ms_memo_last(struct ms_memo *m)
{
    return (void *)((char *)m->entries + m->last);
}

MS_ALWAYS_INLINE void ms_memo_now(struct ms_memo *m,
                                  const struct ms_memo_entry *e)
{
    m->last = (uint32_t)((const char *)e - (const char *)m->entries);
}

// ms_memo_meet notes that a stack has been met.
MS_ALWAYS_INLINE void ms_memo_meet(struct ms_memo *m, uint16_t *recent,
                                   const struct ms_memo_entry *e)
{
    struct ms_memo_entry *last = ms_memo_last(m);

    for (uint32_t i = MS_MEMO_NEXT - 1; i > 0; i--)
        last->next[i] = last->next[i - 1];
    *recent = last->next[0] = (uint16_t)(e - m->entries);
    ms_memo_now(m, e);
}

// ms_memo_recognize_near gives the entry of the stack that begins with `from`,
// if it is one of the two that are the likeliest; or NULL. `frame` is the
// hook's, which has the fp: that is mostly not asked for, and last of all.
MS_ALWAYS_INLINE struct ms_memo_entry *
ms_memo_recognize_near(struct ms_memo *m, struct ms_frame from,
                       const void *frame)
{
    struct ms_memo_entry *e = ms_anew(&m->entries[ms_memo_last(m)->next[0]]);

    // Both ways to the end: what only one of them needs takes no register.
    if (ms_memo_begins(e, from)) {
        if (ms_unlikely(!ms_memo_goes_on(m, e, from)))
            return NULL;
    } else {
        struct ms_memo_entry *other =
            ms_anew(&m->entries[*ms_memo_recent(m, from)]);
        if (ms_unlikely(!ms_memo_begins(other, from) ||
                        !ms_memo_goes_on(m, other, from)))
            return NULL;
        struct ms_memo *again = ms_anew(m);
        ms_memo_last(again)->next[0] = (uint16_t)(other - again->entries);
        e = other;
    }
    if (ms_unlikely(!e->any_fp) &&
        e->at.fp != ms_machine_caller_fp(frame, from.sp))
        return NULL;
    ms_memo_now(m, e);
    return e;
}

// ms_memo_recognize_far looks for it among all others, on the thread's own
// stack [low, high); NULL: it has none.
struct ms_memo_entry *ms_memo_recognize_far(struct ms_memo *m,
                                            const struct ms_frame *from,
                                            uint64_t low, uint64_t high);

#endif
