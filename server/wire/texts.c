// SPDX-License-Identifier: MIT
// See texts.h for the contract.

#include "wire/texts.h"

#include <stdlib.h>
#include <string.h>

static uint64_t hash_of(const char *text)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (; *text != '\0'; text++)
        h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return h ^ h >> 32;
}

void ms_texts_fini(struct ms_texts *t)
{
    for (size_t i = 1; i < t->used; i++)
        free(t->entries[i].text);
    free(t->entries);
    free(t->slots);
    *t = (struct ms_texts){0};
}

// Where a text stands, or would stand.
static size_t find(const struct ms_texts *t, const char *text, uint64_t hash)
{
    size_t i = hash & (t->slot_room - 1);

    for (; t->slots[i] != 0; i = (i + 1) & (t->slot_room - 1)) {
        const struct ms_texts_entry *e = &t->entries[t->slots[i]];
        if (e->hash == hash && strcmp(e->text, text) == 0)
            break;
    }
    return i;
}

static bool grow_slots(struct ms_texts *t)
{
    size_t room = t->slot_room == 0 ? 256 : t->slot_room * 2;
    uint32_t *slots = calloc(room, sizeof *slots);

    if (slots == NULL)
        return false;
    free(t->slots);
    t->slots = slots;
    t->slot_room = room;
    for (uint32_t n = 1; n < t->used; n++)
        if (t->entries[n].text != NULL)
            slots[find(t, t->entries[n].text, t->entries[n].hash)] = n;
    return true;
}

static uint32_t new_number(struct ms_texts *t)
{
    uint32_t number = t->free;

    if (number != 0) {
        t->free = t->entries[number].holders;
        return number;
    }
    if (t->used == t->room) {
        size_t room = t->room == 0 ? 256 : t->room * 2;
        void *grown = realloc(t->entries, room * sizeof *t->entries);
        if (grown == NULL)
            return 0;
        t->entries = grown;
        t->room = room;
    }
    if (t->used == 0)
        t->entries[t->used++] = (struct ms_texts_entry){0};
    t->entries[t->used] = (struct ms_texts_entry){0};
    return (uint32_t)t->used++;
}

static void give_back(struct ms_texts *t, uint32_t number)
{
    t->entries[number] = (struct ms_texts_entry){.holders = t->free};
    t->free = number;
}

uint32_t ms_texts_hold(struct ms_texts *t, const char *text)
{
    uint64_t hash = hash_of(text);

    if (t->count * 2 >= t->slot_room && !grow_slots(t))
        return 0;
    size_t at = find(t, text, hash);
    if (t->slots[at] != 0) {
        t->entries[t->slots[at]].holders++;
        return t->slots[at];
    }
    uint32_t number = new_number(t);
    if (number == 0)
        return 0;
    char *copy = strdup(text);
    if (copy == NULL) {
        give_back(t, number);
        return 0;
    }
    t->entries[number] =
        (struct ms_texts_entry){.text = copy, .hash = hash, .holders = 1};
    t->slots[at] = number;
    t->count++;
    return number;
}

void ms_texts_let_go(struct ms_texts *t, uint32_t number)
{
    struct ms_texts_entry *e = &t->entries[number];
    size_t mask = t->slot_room - 1;

    if (--e->holders != 0)
        return;
    // Those behind it move up, so that no search ends at the hole.
    size_t hole = find(t, e->text, e->hash);
    for (size_t i = (hole + 1) & mask; t->slots[i] != 0; i = (i + 1) & mask) {
        size_t home = t->entries[t->slots[i]].hash & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            t->slots[hole] = t->slots[i];
            hole = i;
        }
    }
    t->slots[hole] = 0;
    t->count--;
    free(e->text);
    give_back(t, number);
}

const char *ms_texts_text(const struct ms_texts *t, uint32_t number)
{
    return t->entries[number].text;
}

void ms_texts_begin(struct ms_texts *t)
{
    t->message++;
}

bool ms_texts_first(struct ms_texts *t, uint32_t number)
{
    bool first = t->entries[number].message != t->message;

    t->entries[number].message = t->message;
    return first;
}
