// SPDX-License-Identifier: MIT
//
// rule: how to get from one frame to its caller, in one word: where the
// caller's stack pointer (the CFA) is, and where the return address and the
// caller's frame pointer were saved. The registers' names are those of
// machine.h; the word means the same on every machine.

#ifndef MS_RUNTIME_UNWIND_RULE_H
#define MS_RUNTIME_UNWIND_RULE_H

#include <stdbool.h>
#include <stdint.h>

enum ms_rule_kind {
    MS_RULE_NONE = 0,  // not known yet; never the rule of anything
    MS_RULE_UNKNOWN,   // no unwinding from here: the stack ends, short
    MS_RULE_BOTTOM,    // the first frame of a thread: the stack is complete
    MS_RULE_FROM_SP,   // CFA = sp + offset
    MS_RULE_FROM_FP,   // CFA = fp + offset
    MS_RULE_FROM_SLOT, // CFA = the word at fp + offset
    MS_RULE_SIGNAL,    // sp is at what the kernel saved when a signal came
};

// Where the caller's frame pointer is.
enum ms_rule_saved {
    MS_SAVED_NOT = 0, // still in the register
    MS_SAVED_AT_CFA,  // at CFA + offset
    MS_SAVED_AT_FP,   // at fp + offset
};

// kind 4 bits, saved 2, fp_words 13 signed, ra_words 13 signed, cfa_bytes 32
// signed.
typedef uint64_t ms_rule;

#define MS_RULE_WORDS_LIMIT 4096 // of fp_words and ra_words

static inline ms_rule ms_rule_pack(enum ms_rule_kind kind,
                                   enum ms_rule_saved saved, int32_t fp_words,
                                   int32_t ra_words, int32_t cfa_bytes)
{
    return (uint64_t)kind | (uint64_t)saved << 4 |
           (uint64_t)((uint32_t)fp_words & 0x1fff) << 6 |
           (uint64_t)((uint32_t)ra_words & 0x1fff) << 19 |
           (uint64_t)(uint32_t)cfa_bytes << 32;
}

static inline enum ms_rule_kind ms_rule_kind_of(ms_rule r)
{
    return (enum ms_rule_kind)(r & 15);
}

static inline enum ms_rule_saved ms_rule_saved_of(ms_rule r)
{
    return (enum ms_rule_saved)(r >> 4 & 3);
}

static inline int64_t ms_rule_cfa_bytes(ms_rule r)
{
    return (int64_t)r >> 32;
}

static inline int64_t ms_rule_ra_bytes(ms_rule r)
{
    return ((int64_t)(r << 32) >> 51) * 8;
}

static inline int64_t ms_rule_fp_bytes(ms_rule r)
{
    return ((int64_t)(r << 45) >> 51) * 8;
}

#endif
