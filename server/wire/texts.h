// SPDX-License-Identifier: MIT
//
// texts: the numbers by which one viewer knows the texts that it was sent.
// Service thread. Bounded: see MS_TEXTS_LIMIT.

#ifndef MS_SERVER_WIRE_TEXTS_H
#define MS_SERVER_WIRE_TEXTS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define MS_TEXTS_LIMIT 65536u // one more, and the viewer has to begin anew

struct ms_texts {
    char **slots; // open addressing, at most half full
    uint32_t *numbers;
    size_t room, count;
};

void ms_texts_clear(struct ms_texts *t);

// ms_texts_number gives a text's number; a new one is appended to `news` as
// [number, text]. 0: out of memory, or the limit is reached.
uint32_t ms_texts_number(struct ms_texts *t, const char *text, json_t *news);

#endif
