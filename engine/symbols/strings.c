// SPDX-License-Identifier: MIT
// See strings.h for the contract.

#include "symbols/strings.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static uint64_t hash_of(const char *text)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (const char *p = text; *p != '\0'; p++)
        h = (h ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
    return h ^ h >> 32;
}

void ms_strings_fini(struct ms_strings *s)
{
    for (size_t i = 0; i < s->room; i++)
        free(s->slots[i]);
    free(s->slots);
    *s = (struct ms_strings){0};
}

static char **find_slot(char **slots, size_t room, const char *text)
{
    size_t i = hash_of(text) & (room - 1);

    while (slots[i] != NULL && strcmp(slots[i], text) != 0)
        i = (i + 1) & (room - 1);
    return &slots[i];
}

static bool grow(struct ms_strings *s)
{
    size_t room = s->room == 0 ? 1024 : s->room * 2;
    char **slots = calloc(room, sizeof *slots);

    if (slots == NULL)
        return false;
    for (size_t i = 0; i < s->room; i++)
        if (s->slots[i] != NULL)
            *find_slot(slots, room, s->slots[i]) = s->slots[i];
    free(s->slots);
    s->slots = slots;
    s->room = room;
    return true;
}

const char *ms_strings_keep(struct ms_strings *s, const char *text)
{
    static const char full[] = "(names are full)";

    if (text[0] == '\0')
        return "";
    if (s->count * 2 >= s->room && !grow(s))
        return full;
    char **slot = find_slot(s->slots, s->room, text);
    if (*slot != NULL)
        return *slot;
    size_t bytes = strlen(text) + 1;
    if (s->bytes + bytes > MS_STRINGS_LIMIT)
        return full;
    *slot = strdup(text);
    if (*slot == NULL)
        return full;
    s->count++;
    s->bytes += bytes;
    return *slot;
}
