// SPDX-License-Identifier: MIT
// See reach.h for the contract.

#include "analysis/reach.h"

#include <stdlib.h>
#include <string.h>

#include "platform/memory.h"

#define ADDRESS_BITS 47u
#define UNIT_SHIFT 14u // 16 KiB
#define TOP_SHIFT 30u  // 1 GiB
#define TOPS (UINT64_C(1) << (ADDRESS_BITS - TOP_SHIFT))
#define UNITS (UINT64_C(1) << (TOP_SHIFT - UNIT_SHIFT))
#define BUFFER_BYTES ((size_t)1 << 20)
#define BATCH 256u

// All of it is mapped, so that it is no root of its own when the engine runs
// inside the program.
static bool place(struct ms_reach *r, size_t i)
{
    const struct ms_reach_block *b = &r->blocks[i];
    uint64_t last = b->address + (b->size != 0 ? b->size - 1 : 0);

    if (last < b->address || last >> ADDRESS_BITS != 0)
        return true; // can be no block: never found
    for (uint64_t u = b->address >> UNIT_SHIFT; u <= last >> UNIT_SHIFT; u++) {
        uint32_t **top = &r->units[u / UNITS];
        if (*top == NULL)
            *top = ms_memory_map_wiped(UNITS * sizeof **top);
        if (*top == NULL)
            return false;
        if ((*top)[u % UNITS] == 0)
            (*top)[u % UNITS] = (uint32_t)i + 1;
    }
    return true;
}

enum memscope_status ms_reach_init(struct ms_reach *r,
                                   struct ms_reach_block *blocks, size_t count)
{
    *r = (struct ms_reach){.blocks = blocks, .count = count};
    r->work_room = 2 * count + 1;
    r->units = ms_memory_map_wiped(TOPS * sizeof *r->units);
    r->work = ms_memory_map_wiped(r->work_room * sizeof *r->work);
    r->buffer = ms_memory_map_wiped(BUFFER_BYTES);
    if (r->units == NULL || r->work == NULL || r->buffer == NULL)
        goto fail;
    for (size_t i = 0; i < count; i++) {
        blocks[i].state = MS_REACH_NONE;
        if (!place(r, i))
            goto fail;
    }
    return MEMSCOPE_OK;

fail:
    ms_reach_fini(r);
    return MEMSCOPE_ERROR_MEMORY;
}

void ms_reach_fini(struct ms_reach *r)
{
    for (size_t i = 0; r->units != NULL && i < TOPS; i++)
        if (r->units[i] != NULL)
            ms_memory_unmap(r->units[i], UNITS * sizeof **r->units);
    if (r->units != NULL)
        ms_memory_unmap(r->units, TOPS * sizeof *r->units);
    if (r->work != NULL)
        ms_memory_unmap(r->work, r->work_room * sizeof *r->work);
    if (r->buffer != NULL)
        ms_memory_unmap(r->buffer, BUFFER_BYTES);
    *r = (struct ms_reach){0};
}

struct ms_reach_block *ms_reach_find(const struct ms_reach *r, uint64_t address)
{
    uint64_t unit = address >> UNIT_SHIFT;

    if (address >> ADDRESS_BITS != 0 || r->units[unit / UNITS] == NULL)
        return NULL;
    uint32_t first = r->units[unit / UNITS][unit % UNITS];
    if (first == 0 || r->blocks[first - 1].address > address)
        return NULL;
    // The last block that begins at or before it. No unit has more beginnings
    // than granules of 16 bytes.
    size_t low = first - 1, high = low + (UINT64_C(1) << UNIT_SHIFT) / 16 + 1;
    if (high > r->count)
        high = r->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (r->blocks[middle].address <= address)
            low = middle;
        else
            high = middle;
    }
    struct ms_reach_block *b = &r->blocks[low];
    return address == b->address || address - b->address < b->size ? b : NULL;
}

static void push(struct ms_reach *r, const struct ms_reach_block *b)
{
    if (r->work_count < r->work_room)
        r->work[r->work_count++] = (uint32_t)(b - r->blocks);
    else
        r->out_of_memory = true; // cannot be
}

// Each block comes to wait twice at most: a possible one may become reachable.
static void meet(struct ms_reach *r, struct ms_reach_block *b, uint32_t state)
{
    if (b->state >= state)
        return;
    b->state = state;
    push(r, b);
}

void ms_reach_roots(struct ms_reach *r, const uint64_t *words, size_t count,
                    bool allocator)
{
    r->words += count;
    for (size_t i = 0; i < count; i++) {
        struct ms_reach_block *b = ms_reach_find(r, words[i]);
        if (b == NULL)
            continue;
        if (b->address == words[i])
            meet(r, b, MS_REACH_REACHABLE);
        else if (!allocator || words[i] % 16 != 0 ||
                 words[i] + 16 <= b->address + b->size)
            meet(r, b, MS_REACH_POSSIBLE);
    }
}

static void follow_words(struct ms_reach *r, const uint64_t *words,
                         size_t count, uint32_t state)
{
    r->words += count;
    for (size_t i = 0; i < count; i++) {
        struct ms_reach_block *b = ms_reach_find(r, words[i]);
        if (b != NULL)
            meet(r, b, b->address == words[i] ? state : MS_REACH_POSSIBLE);
    }
}

// In a lost block: whom it points to is lost with it. An earlier leader that is
// met is none any more, and its followers are this one's.
static void follow_lost(struct ms_reach *r, const uint64_t *words, size_t count,
                        const struct ms_reach_block *leader)
{
    r->words += count;
    for (size_t i = 0; i < count; i++) {
        struct ms_reach_block *b = ms_reach_find(r, words[i]);
        if (b == NULL || b == leader)
            continue;
        if (b->state == MS_REACH_NONE)
            push(r, b);
        if (b->state == MS_REACH_NONE || b->state == MS_REACH_DEFINITE)
            b->state = MS_REACH_INDIRECT;
    }
}

static void follow(struct ms_reach *r, const uint64_t *words, size_t count,
                   const struct ms_reach_block *from,
                   const struct ms_reach_block *leader)
{
    if (leader != NULL)
        follow_lost(r, words, count, leader);
    else
        follow_words(r, words, count, from->state);
}

// One block, however large, a buffer at a time.
static bool follow_large(struct ms_reach *r, const struct ms_reach_block *b,
                         const struct ms_reach_block *leader,
                         ms_reach_read *read, void *arg)
{
    for (uint64_t offset = 0; offset + 8 <= b->size;) {
        uint64_t left = (b->size - offset) & ~UINT64_C(7);
        size_t bytes = left < BUFFER_BYTES ? (size_t)left : BUFFER_BYTES;
        struct ms_memory_part part = {b->address + offset, bytes};
        if (!read(arg, &part, 1, r->buffer))
            return false;
        follow(r, r->buffer, bytes / 8, b, leader);
        offset += bytes;
    }
    return true;
}

// Reads as many waiting blocks at once as are small enough.
static bool follow_batch(struct ms_reach *r,
                         const struct ms_reach_block *leader,
                         ms_reach_read *read, void *arg)
{
    struct ms_memory_part parts[BATCH];
    const struct ms_reach_block *taken[BATCH];
    size_t count = 0, bytes = 0;

    while (r->work_count > 0 && count < BATCH) {
        const struct ms_reach_block *b = &r->blocks[r->work[r->work_count - 1]];
        size_t whole = (size_t)b->size & ~(size_t)7;
        if (bytes + whole > BUFFER_BYTES) {
            if (count > 0)
                break;
            r->work_count--;
            return follow_large(r, b, leader, read, arg);
        }
        r->work_count--;
        if (whole == 0)
            continue;
        taken[count] = b;
        parts[count++] = (struct ms_memory_part){b->address, whole};
        bytes += whole;
    }
    if (count == 0)
        return true;
    if (!read(arg, parts, count, r->buffer))
        return false;
    const uint64_t *words = r->buffer;
    for (size_t i = 0; i < count; i++) {
        follow(r, words, parts[i].bytes / 8, taken[i], leader);
        words += parts[i].bytes / 8;
    }
    return true;
}

bool ms_reach_mark(struct ms_reach *r, ms_reach_read *read, void *arg)
{
    while (r->work_count > 0)
        if (!follow_batch(r, NULL, read, arg))
            return false;
    for (size_t i = 0; i < r->count; i++) {
        if (r->blocks[i].state != MS_REACH_NONE)
            continue;
        r->blocks[i].state = MS_REACH_DEFINITE;
        push(r, &r->blocks[i]);
        while (r->work_count > 0)
            if (!follow_batch(r, &r->blocks[i], read, arg))
                return false;
    }
    return !r->out_of_memory;
}
