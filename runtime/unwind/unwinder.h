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
#include "unwind/machine.h"
#include "unwind/memo.h"
#include "unwind/nodes.h"
#include "unwind/rules.h"

#define MS_UNWIND_FRAMES 1024u // deeper stacks are cut at the outer end
#define MS_UNWIND_WORDS 2048u

struct ms_known_frame {
    struct ms_frame at;
    uint32_t node;
    uint16_t words_end; // of the words read from the outermost to this one
    bool needs_fp;      // what lies outwards depends on its fp
};

// A frame of the current walk, not yet known.
struct ms_fresh_frame {
    struct ms_frame at;
    ms_rule rule;
};

struct ms_unwinder {
    struct ms_memo memo;            // first, as what every event looks at
    struct ms_rules *rules;         // constant
    struct ms_store *store;         // constant
    uint64_t stack_low, stack_high; // the thread's own stack
    uint32_t generation;            // of the rules that the rest comes from
    uint32_t count;                 // known frames, outermost first
    bool foreign; // they are of a stack that is not the thread's own
    uint64_t read_low, read_high; // what may be read in this walk
    struct ms_known_frame frames[MS_UNWIND_FRAMES];
    uint64_t addresses[MS_UNWIND_WORDS];
    uint64_t values[MS_UNWIND_WORDS];
    struct ms_fresh_frame fresh[MS_UNWIND_FRAMES];
    struct ms_nodes nodes;
};

// ms_unwinder_create makes one for the calling thread, in memory that a forked
// child finds zeroed. NULL: no memory. Allocates, once per thread.
struct ms_unwinder *ms_unwinder_create(struct ms_store *store,
                                       struct ms_rules *rules,
                                       uint64_t stack_low, uint64_t stack_high);
void ms_unwinder_destroy(struct ms_unwinder *u);

// ms_unwinder_renew makes it another thread's, that calls this.
void ms_unwinder_renew(struct ms_unwinder *u, uint64_t stack_low,
                       uint64_t stack_high);

// ms_unwinder_distrust makes it begin anew at the next stack: an event was left
// in the middle, and what it knows may be half written.
static inline void ms_unwinder_distrust(struct ms_unwinder *u)
{
    memset(&u->nodes, 0, sizeof u->nodes);
    // relaxed: any other number than this one, so that the rest is forgotten
    u->generation = ms_load_relaxed(&u->rules->generation) - 1;
}

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

MS_ALWAYS_INLINE bool ms_unwinder_is_current(const struct ms_unwinder *u)
{
    // relaxed: whoever unloads an object comes here before he loads another
    return ms_load_relaxed(&u->rules->generation) == u->generation;
}

// ms_unwinder_recognize_near finds a stack that is in the memo where it is most
// likely to be; NULL: it is not there. `from` is ms_frame_of_hook(frame).
MS_ALWAYS_INLINE struct ms_memo_entry *
ms_unwinder_recognize_near(struct ms_unwinder *u, struct ms_frame from,
                           const void *frame)
{
    if (ms_unlikely(!ms_unwinder_is_current(u)))
        return NULL;
    return ms_memo_recognize_near(&u->memo, from, frame);
}

// ms_unwinder_recognize_far finds one that is not there; NULL: it is not in the
// memo. ms_unwinder_recognize looks for that of a hook everywhere.
MS_ALWAYS_INLINE struct ms_memo_entry *
ms_unwinder_recognize_far(struct ms_unwinder *u, struct ms_frame from)
{
    if (ms_unlikely(!ms_unwinder_is_current(u)))
        return NULL;
    return ms_memo_recognize_far(&u->memo, &from, u->stack_low, u->stack_high);
}

MS_ALWAYS_INLINE struct ms_memo_entry *
ms_unwinder_recognize(struct ms_unwinder *u, const void *frame)
{
    struct ms_frame from = ms_frame_of_hook(frame);
    struct ms_memo_entry *e = ms_unwinder_recognize_near(u, from, frame);

    return ms_likely(e != NULL) ? e : ms_unwinder_recognize_far(u, from);
}

#endif
