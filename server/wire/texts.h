// SPDX-License-Identifier: MIT
//
// texts: the numbers by which viewers know the texts that they are sent, the
// same for all viewers. A text that nobody holds any more is forgotten, and
// its number may come again for another one. Service thread only.

#ifndef MS_SERVER_WIRE_TEXTS_H
#define MS_SERVER_WIRE_TEXTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ms_texts_entry {
    char *text;       // NULL: the number is free
    uint64_t hash;    // of it
    uint32_t holders; // or, of a free one, the next free number
    uint32_t message; // the last that carried it
};

struct ms_texts {
    struct ms_texts_entry *entries; // by number; 0 is none
    size_t room, used;              // used: numbers ever given, and 0
    uint32_t free;                  // the first free number; 0: none
    uint32_t *slots;                // numbers by hash, at most half full
    size_t slot_room, count;
    uint32_t message;
};

void ms_texts_fini(struct ms_texts *t);

// ms_texts_hold gives a text's number, which stays its own until it has been
// let go as often. 0: out of memory.
uint32_t ms_texts_hold(struct ms_texts *t, const char *text);
void ms_texts_let_go(struct ms_texts *t, uint32_t number);
const char *ms_texts_text(const struct ms_texts *t, uint32_t number);

// ms_texts_begin begins a message; ms_texts_first says whether a number is the
// first of its kind in it.
void ms_texts_begin(struct ms_texts *t);
bool ms_texts_first(struct ms_texts *t, uint32_t number);

#endif
