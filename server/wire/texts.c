// SPDX-License-Identifier: MIT
// See texts.h for the contract.

#include "wire/texts.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "engine/render.h"

static uint64_t hash_of(const char *text)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (; *text != '\0'; text++)
        h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return h ^ h >> 32;
}

void ms_texts_clear(struct ms_texts *t)
{
    for (size_t i = 0; i < t->room; i++)
        free(t->slots[i]);
    free(t->slots);
    free(t->numbers);
    *t = (struct ms_texts){0};
}

static size_t find(char **slots, size_t room, const char *text)
{
    size_t i = hash_of(text) & (room - 1);

    while (slots[i] != NULL && strcmp(slots[i], text) != 0)
        i = (i + 1) & (room - 1);
    return i;
}

static bool grow(struct ms_texts *t)
{
    size_t room = t->room == 0 ? 256 : t->room * 2;
    char **slots = calloc(room, sizeof *slots);
    uint32_t *numbers = calloc(room, sizeof *numbers);

    if (slots == NULL || numbers == NULL) {
        free(slots);
        free(numbers);
        return false;
    }
    for (size_t i = 0; i < t->room; i++) {
        if (t->slots[i] == NULL)
            continue;
        size_t at = find(slots, room, t->slots[i]);
        slots[at] = t->slots[i];
        numbers[at] = t->numbers[i];
    }
    free(t->slots);
    free(t->numbers);
    t->slots = slots;
    t->numbers = numbers;
    t->room = room;
    return true;
}

uint32_t ms_texts_number(struct ms_texts *t, const char *text, json_t *news)
{
    if (t->count * 2 >= t->room && !grow(t))
        return 0;
    size_t i = find(t->slots, t->room, text);
    if (t->slots[i] != NULL)
        return t->numbers[i];
    if (t->count >= MS_TEXTS_LIMIT)
        return 0;
    t->slots[i] = strdup(text);
    if (t->slots[i] == NULL)
        return 0;
    t->numbers[i] = (uint32_t)++t->count;
    json_array_append_new(
        news, json_pack("[i,o]", (int)t->numbers[i], ms_render_text(text)));
    return t->numbers[i];
}
