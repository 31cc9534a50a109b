// SPDX-License-Identifier: MIT
//
// answers: what has been asked about addresses, in the order in which it was
// asked, and what is known. Under the lock of whoever owns it.

#ifndef MS_ENGINE_SYMBOLS_ANSWERS_H
#define MS_ENGINE_SYMBOLS_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbols/symbols.h"

#define MS_ANSWERS_LIMIT (1u << 24) // more keep their "module+0x..."

enum ms_question {
    MS_QUESTION_NAME, // of the functions at an address
    MS_QUESTION_TYPE, // of what the call there gives
};

struct ms_answer {
    uint64_t address;
    uint32_t module;
    uint8_t question; // enum ms_question
    bool known;
    uint8_t more_count;
    union {
        struct {
            struct ms_symbol symbol; // innermost
            struct ms_symbol *more;  // what it was inlined into
        };
        struct ms_symbol_type type;
    };
};

struct ms_answers {
    struct ms_answer **slots; // open addressing, at most half full
    size_t room, count;
    struct ms_answer **queue; // all of them, [next, count) wait
    size_t next;
    uint64_t more_bytes;
};

// ms_answers_find gives the answer about an address; NULL: not asked yet.
struct ms_answer *ms_answers_find(const struct ms_answers *s,
                                  enum ms_question question, uint32_t module,
                                  uint64_t address);

// ms_answers_add puts a new question, not there yet, on the queue. NULL: no
// room.
struct ms_answer *ms_answers_add(struct ms_answers *s,
                                 enum ms_question question, uint32_t module,
                                 uint64_t address);

uint64_t ms_answers_bytes(const struct ms_answers *s);
void ms_answers_fini(struct ms_answers *s);

#endif
