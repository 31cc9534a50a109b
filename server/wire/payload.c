// SPDX-License-Identifier: MIT
// See payload.h for the contract.

#include "wire/payload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUB_DIGITS 10

struct ms_payload *ms_payload_create(size_t *sum)
{
    struct ms_payload *p = malloc(sizeof *p);

    if (p != NULL)
        *p = (struct ms_payload){.sum = sum, .holders = 1};
    return p;
}

struct ms_payload *ms_payload_hold(struct ms_payload *p)
{
    p->holders++;
    return p;
}

void ms_payload_let_go(struct ms_payload *p)
{
    if (p == NULL || --p->holders != 0)
        return;
    *p->sum -= p->room;
    if (p->text != NULL)
        free(p->text - MS_PAYLOAD_ROOM);
    free(p);
}

static bool make_room(struct ms_payload *p, size_t bytes)
{
    size_t room = p->room == 0 ? 2048 : p->room;
    char *was = p->text != NULL ? p->text - MS_PAYLOAD_ROOM : NULL;

    while (room < bytes)
        room *= 2;
    if (room == p->room)
        return true;
    char *grown = realloc(was, MS_PAYLOAD_ROOM + room);
    if (grown == NULL)
        return false;
    *p->sum += room - p->room;
    p->room = room;
    p->text = grown + MS_PAYLOAD_ROOM;
    return true;
}

void ms_payload_add(struct ms_payload *p, const char *text, size_t bytes)
{
    if (p->failed || !make_room(p, p->bytes + bytes)) {
        p->failed = true;
        return;
    }
    memcpy(p->text + p->bytes, text, bytes);
    p->bytes += bytes;
}

static int take_piece(const char *text, size_t bytes, void *arg)
{
    ms_payload_add(arg, text, bytes);
    return 0;
}

void ms_payload_add_json(struct ms_payload *p, json_t *value, bool inside)
{
    size_t flags = JSON_COMPACT | (inside ? JSON_EMBED : 0);

    if (value == NULL || json_dump_callback(value, take_piece, p, flags) != 0)
        p->failed = true;
    json_decref(value);
}

bool ms_payload_done(const struct ms_payload *p)
{
    return !p->failed && p->bytes != 0;
}

struct ms_payload *ms_payload_of(size_t *sum, json_t *value)
{
    struct ms_payload *p = ms_payload_create(sum);

    if (p == NULL) {
        json_decref(value);
        return NULL;
    }
    ms_payload_add_json(p, value, false);
    if (ms_payload_done(p))
        return p;
    ms_payload_let_go(p);
    return NULL;
}

void ms_payload_add_sub(struct ms_payload *p)
{
    static const char blank[SUB_DIGITS] = "         0";

    p->sub_at = p->bytes;
    ms_payload_add(p, blank, sizeof blank);
}

void ms_payload_set_sub(struct ms_payload *p, uint32_t sub)
{
    char digits[SUB_DIGITS + 1];

    if (p->sub_at == 0)
        return;
    // White space before a number means nothing in JSON.
    snprintf(digits, sizeof digits, "%*u", SUB_DIGITS, sub);
    memcpy(p->text + p->sub_at, digits, SUB_DIGITS);
}
