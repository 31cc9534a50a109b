// SPDX-License-Identifier: MIT
// See answers.h for the contract.

#include "symbols/answers.h"

#include <stdlib.h>

static size_t hash_of(enum ms_question question, uint32_t module,
                      uint64_t address)
{
    uint64_t key = address ^ (uint64_t)module << 48 ^ (uint64_t)question << 47;
    uint64_t h = key * UINT64_C(0x9E3779B97F4A7C15);

    return (size_t)(h ^ h >> 29);
}

static struct ms_answer **find_slot(struct ms_answer **slots, size_t room,
                                    enum ms_question question, uint32_t module,
                                    uint64_t address)
{
    size_t i = hash_of(question, module, address) & (room - 1);

    while (slots[i] != NULL &&
           (slots[i]->module != module || slots[i]->address != address ||
            slots[i]->question != question))
        i = (i + 1) & (room - 1);
    return &slots[i];
}

static bool grow(struct ms_answers *s)
{
    size_t room = s->room == 0 ? 1024 : s->room * 2;
    struct ms_answer **slots = calloc(room, sizeof(struct ms_answer *));
    struct ms_answer **queue =
        realloc(s->queue, room * sizeof(struct ms_answer *));

    if (queue != NULL)
        s->queue = queue;
    if (slots == NULL || queue == NULL) {
        free(slots);
        return false;
    }
    for (size_t i = 0; i < s->count; i++)
        *find_slot(slots, room, s->queue[i]->question, s->queue[i]->module,
                   s->queue[i]->address) = s->queue[i];
    free(s->slots);
    s->slots = slots;
    s->room = room;
    return true;
}

struct ms_answer *ms_answers_find(const struct ms_answers *s,
                                  enum ms_question question, uint32_t module,
                                  uint64_t address)
{
    return s->room != 0
               ? *find_slot(s->slots, s->room, question, module, address)
               : NULL;
}

struct ms_answer *ms_answers_add(struct ms_answers *s,
                                 enum ms_question question, uint32_t module,
                                 uint64_t address)
{
    if (s->count >= MS_ANSWERS_LIMIT || (s->count * 2 >= s->room && !grow(s)))
        return NULL;
    struct ms_answer *a = calloc(1, sizeof *a);
    if (a == NULL)
        return NULL;
    a->question = (uint8_t)question;
    a->module = module;
    a->address = address;
    *find_slot(s->slots, s->room, question, module, address) = a;
    s->queue[s->count++] = a;
    return a;
}

uint64_t ms_answers_bytes(const struct ms_answers *s)
{
    return s->count * sizeof(struct ms_answer) +
           s->room * 2 * sizeof(struct ms_answer *) + s->more_bytes;
}

void ms_answers_fini(struct ms_answers *s)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->queue[i]->question == MS_QUESTION_NAME)
            free(s->queue[i]->more);
        free(s->queue[i]);
    }
    free(s->slots);
    free(s->queue);
}
