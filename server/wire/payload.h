// SPDX-License-Identifier: MIT
//
// payload: the text of a message, one for all viewers that it goes to. It
// lives as long as somebody holds it. Service thread only.

#ifndef MS_SERVER_WIRE_PAYLOAD_H
#define MS_SERVER_WIRE_PAYLOAD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MS_PAYLOAD_ROOM 32 // before the text, for the head of its frame

struct ms_payload {
    size_t *sum;    // bytes of all of them
    size_t holders; // the last one to let go frees it
    size_t sub_at;  // where the number of a subscription stands; 0: nowhere
    size_t bytes, room;
    char *text; // with MS_PAYLOAD_ROOM bytes before it
    bool failed;
};

// ms_payload_create gives an empty one, held by the caller; it counts itself in
// *sum, which outlives it. NULL: out of memory.
struct ms_payload *ms_payload_create(size_t *sum);
struct ms_payload *ms_payload_hold(struct ms_payload *p);
void ms_payload_let_go(struct ms_payload *p); // NULL is allowed

// ms_payload_add appends bytes; ms_payload_add_json a value, or, with `inside`,
// what stands between the braces of an object. It takes the value over.
// ms_payload_done says whether nothing has failed since the creation.
void ms_payload_add(struct ms_payload *p, const char *text, size_t bytes);
void ms_payload_add_json(struct ms_payload *p, json_t *value, bool inside);
bool ms_payload_done(const struct ms_payload *p);

// ms_payload_of makes one of a value, which it takes over. NULL: out of memory.
struct ms_payload *ms_payload_of(size_t *sum, json_t *value);

// ms_payload_add_sub leaves room for the number of a subscription, which
// ms_payload_set_sub writes, before each sending, for one viewer.
void ms_payload_add_sub(struct ms_payload *p);
void ms_payload_set_sub(struct ms_payload *p, uint32_t sub);

#endif
