// SPDX-License-Identifier: MIT
//
// unwinder: the call stack of the thread it belongs to, as a node of the
// stack table. Unwinding is a function of the first frame, of the rules and of
// the words of the stack that it reads; so what was found is found again by
// comparing those words:
//
//   memo   the same words as at an earlier call: the same stack, not walked
//   frames the last stack. Its outer frames whose words are unchanged are
//          still there; only the inner ones are walked, by rules
//
// The owner thread only. No lock, no system call, no allocation; it reads
// nothing but this thread's stack, checked against its bounds word by word. A
// stack that cannot be followed to its end is short, never wrong.

#ifndef MS_RUNTIME_UNWIND_UNWINDER_H
#define MS_RUNTIME_UNWIND_UNWINDER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "platform/compiler.h"
#include "runtime/store.h"
#include "store/row_map.h"
#include "unwind/machine.h"
#include "unwind/rules.h"

#define MS_UNWIND_FRAMES 1024u // deeper stacks are cut at the outer end
#define MS_UNWIND_WORDS 2048u
#define MS_MEMO_BITS 11u
#define MS_MEMO_WORDS 48u
#define MS_PREDICTED_BITS 8u

// A frame: a return address and the registers as they are after the return.
struct ms_frame {
    uint64_t pc, sp, fp;
};

struct ms_known_frame {
    struct ms_frame at;
    uint32_t node;
    uint16_t words_end; // of the words read from the outermost to this one
    bool needs_fp;      // what lies outwards depends on its fp
};

// A stack that has been walked: its words by their distance from the first
// frame's sp, from the inside out, the last one repeated up to a multiple of 4.
struct ms_memo_entry {
    struct ms_frame at; // pc 0: empty
    uint32_t node;
    uint16_t count;
    bool any_fp;
    struct ms_row_hint hint;
    uint64_t values[MS_MEMO_WORDS];
    int16_t places[MS_MEMO_WORDS]; // in words
};

// A frame of the current walk, not yet known.
struct ms_fresh_frame {
    struct ms_frame at;
    ms_rule rule;
};

struct ms_unwinder {
    struct ms_rules *rules;         // constant
    struct ms_store *store;         // constant
    uint64_t stack_low, stack_high; // constant: the thread's own stack
    uint32_t generation;            // of the rules that the rest comes from
    uint32_t count;                 // known frames, outermost first
    bool foreign; // they are of a stack that is not the thread's own
    uint64_t read_low, read_high;   // what may be read in this walk
    uint32_t memo_tries, memo_hits; // since the memo was last judged
    uint32_t memo_rest;             // calls for which it is not asked
    struct ms_known_frame frames[MS_UNWIND_FRAMES];
    uint64_t addresses[MS_UNWIND_WORDS];
    uint64_t values[MS_UNWIND_WORDS];
    struct ms_fresh_frame fresh[MS_UNWIND_FRAMES];
    // Entry that a first frame was recognized by last, by its hash.
    uint16_t predicted[1u << MS_PREDICTED_BITS];
    struct ms_memo_entry memo[1u << MS_MEMO_BITS];
};

// ms_unwinder_create makes one for the calling thread, in memory that a forked
// child finds zeroed. NULL: no memory. Allocates, once per thread.
struct ms_unwinder *ms_unwinder_create(struct ms_store *store,
                                       struct ms_rules *rules,
                                       uint64_t stack_low, uint64_t stack_high);
void ms_unwinder_destroy(struct ms_unwinder *u);

// ms_unwinder_renew makes it another thread's, that calls this: as new.
void ms_unwinder_renew(struct ms_unwinder *u, uint64_t stack_low,
                       uint64_t stack_high);

// ms_unwinder_stack gives the node of the stack whose innermost frame is
// `from`, and where the row last used for it can be kept, or NULL.
// MS_NODE_UNKNOWN: the stack table is full.
uint32_t ms_unwinder_stack(struct ms_unwinder *u, const struct ms_frame *from,
                           struct ms_row_hint **hint);

// ms_frame_of_hook is the frame of the function that has called a hook, whose
// own frame is given as MS_HOOK_FRAME gives it.
MS_ALWAYS_INLINE struct ms_frame ms_frame_of_hook(const void *frame)
{
    uint64_t words[2]; // the caller's frame pointer and return address

    memcpy(words, frame, sizeof words);
    return (struct ms_frame){
        .pc = ms_machine_return_address(words[1]),
        .sp = ms_machine_caller_sp(frame),
        .fp = words[0],
    };
}

MS_ALWAYS_INLINE uint64_t ms_unwinder_load(uint64_t address)
{
    uint64_t word;

    memcpy(&word, (const void *)(uintptr_t)address, sizeof word);
    return word;
}

MS_ALWAYS_INLINE bool ms_memo_matches(const struct ms_memo_entry *m,
                                      const struct ms_frame *from)
{
    if (ms_unlikely(m->at.pc != from->pc || m->at.sp != from->sp ||
                    !(m->any_fp || m->at.fp == from->fp)))
        return false;
#define DIFFERS(k)                                                             \
    (ms_unwinder_load(from->sp + (uint64_t)(int64_t)m->places[k] * 8) ^        \
     m->values[k])
    for (uint32_t i = 0, n = m->count; i < n; i += 4)
        if (ms_unlikely((DIFFERS(i) | DIFFERS(i + 1) | DIFFERS(i + 2) |
                         DIFFERS(i + 3)) != 0))
            return false;
#undef DIFFERS
    return true;
}

MS_ALWAYS_INLINE uint32_t ms_predicted_hash(const struct ms_frame *from)
{
    return (
        uint32_t)(((from->pc ^ from->sp << 7) * UINT64_C(0x9E3779B97F4A7C15)) >>
                  (64 - MS_PREDICTED_BITS));
}

// ms_unwinder_recognize is ms_unwinder_stack for a stack that is the same as
// the last time that its first frame was met; 0: it is not.
MS_ALWAYS_INLINE uint32_t ms_unwinder_recognize(struct ms_unwinder *u,
                                                const struct ms_frame *from,
                                                struct ms_row_hint **hint)
{
    struct ms_memo_entry *m = &u->memo[u->predicted[ms_predicted_hash(from)]];

    // relaxed: whoever unloads an object comes here before he loads another
    if (ms_unlikely(ms_load_relaxed(&u->rules->generation) != u->generation ||
                    !ms_memo_matches(m, from)))
        return 0;
    *hint = &m->hint;
    return m->node;
}

#endif
