// SPDX-License-Identifier: MIT
// See past.h for the contract. How changes are written down: for each series,
// its changed rows and a 0. A row is the distance to the one before it (so
// written that it is never 0), a byte that says which fields have changed, and
// by how much. All numbers have 7 bits a byte, the lowest first; the sign is
// the lowest bit.

#include "past.h"

#include <stdlib.h>
#include <string.h>

static void put_number(struct ms_past_buffer *b, uint64_t n)
{
    if (b->room - b->count < 10) {
        size_t room = b->room == 0 ? 4096 : b->room * 2;
        uint8_t *grown = b->failed ? NULL : realloc(b->bytes, room);
        if (grown == NULL) {
            b->failed = true;
            return;
        }
        b->bytes = grown;
        b->room = room;
    }
    while (n >= 0x80) {
        b->bytes[b->count++] = (uint8_t)(n | 0x80);
        n >>= 7;
    }
    b->bytes[b->count++] = (uint8_t)n;
}

static uint64_t get_number(const uint8_t **at)
{
    uint64_t n = 0;

    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = *(*at)++;
        n |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return n;
    }
}

// A difference, whatever its sign, as a number that is small when it is.
static uint64_t fold(uint64_t difference)
{
    return difference << 1 ^ (difference >> 63 != 0 ? UINT64_MAX : 0);
}

static uint64_t unfold(uint64_t n)
{
    return n >> 1 ^ ((n & 1) != 0 ? UINT64_MAX : 0);
}

uint64_t *ms_past_row(struct ms_past_table *t, uint32_t row)
{
    if (row >= t->room) {
        size_t room = t->room == 0 ? 256 : t->room;
        while (room <= row)
            room *= 2;
        void *grown = realloc(t->rows, room * sizeof *t->rows);
        if (grown == NULL)
            return NULL;
        t->rows = grown;
        memset(t->rows[t->room], 0, (room - t->room) * sizeof *t->rows);
        t->room = (uint32_t)room;
    }
    return t->rows[row];
}

void ms_past_put_row(struct ms_past_buffer *b, uint32_t row, uint32_t *previous,
                     const uint64_t change[MS_PAST_FIELDS])
{
    uint64_t mask = 0;

    for (unsigned i = 0; i < MS_PAST_FIELDS; i++)
        mask |= (uint64_t)(change[i] != 0) << i;
    if (mask == 0)
        return;
    put_number(b, fold((uint64_t)row - *previous) + 1);
    *previous = row;
    put_number(b, mask);
    for (unsigned i = 0; i < MS_PAST_FIELDS; i++)
        if (change[i] != 0)
            put_number(b, fold(change[i]));
}

void ms_past_put_end(struct ms_past_buffer *b)
{
    put_number(b, 0);
}

// Reads the next row of a series. False: its end.
static bool get_row(const uint8_t **at, uint32_t *row,
                    uint64_t change[MS_PAST_FIELDS])
{
    uint64_t distance = get_number(at);

    if (distance == 0)
        return false;
    *row += (uint32_t)unfold(distance - 1);
    uint64_t mask = get_number(at);
    for (unsigned i = 0; i < MS_PAST_FIELDS; i++)
        change[i] = (mask >> i & 1) != 0 ? unfold(get_number(at)) : 0;
    return true;
}

bool ms_past_sum(const struct ms_past_frame *frame,
                 struct ms_past_table tables[MS_PAST_SERIES])
{
    const uint8_t *at = frame->data;

    for (unsigned i = 0; i < MS_PAST_SERIES; i++) {
        uint64_t change[MS_PAST_FIELDS];
        uint32_t row = 0;
        while (get_row(&at, &row, change)) {
            uint64_t *sum = ms_past_row(&tables[i], row);
            if (sum == NULL)
                return false;
            for (unsigned f = 0; f < MS_PAST_FIELDS; f++)
                sum[f] += change[f];
        }
    }
    return true;
}

void ms_past_tables_fini(struct ms_past_table tables[MS_PAST_SERIES])
{
    for (unsigned i = 0; i < MS_PAST_SERIES; i++) {
        free(tables[i].rows);
        tables[i] = (struct ms_past_table){0};
    }
}

// Where a frame's series begin.
static const uint8_t *skip_series(const uint8_t *at)
{
    uint64_t change[MS_PAST_FIELDS];
    uint32_t row = 0;

    while (get_row(&at, &row, change))
        ;
    return at;
}

bool ms_past_merge(struct ms_past_frame *const *frames, size_t count,
                   struct ms_past_table sums[MS_PAST_SERIES],
                   struct ms_past_buffer *out)
{
    out->count = 0;
    for (size_t i = 0; i < count; i++)
        if (!ms_past_sum(frames[i], sums))
            return false;
    // The rows are met again in the frames' order; one that was written is
    // zero from then on, and is not written again.
    for (unsigned i = 0; i < MS_PAST_SERIES; i++) {
        uint32_t previous = 0;
        for (size_t n = 0; n < count; n++) {
            const uint8_t *at = frames[n]->data;
            uint64_t change[MS_PAST_FIELDS];
            uint32_t row = 0;
            for (unsigned k = 0; k < i; k++)
                at = skip_series(at);
            while (get_row(&at, &row, change)) {
                uint64_t *sum = sums[i].rows[row];
                ms_past_put_row(out, row, &previous, sum);
                memset(sum, 0, sizeof *sums[i].rows);
            }
        }
        ms_past_put_end(out);
    }
    return !out->failed;
}
