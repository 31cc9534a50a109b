// SPDX-License-Identifier: MIT
// See leak_scan.h for the contract.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analysis/leak_scan.h"
#include "session.h"

#define NAME_WAIT_MS 5000
#define NAME_STEP_MS 20

static enum ms_leak_kind kind_of(const struct ms_reach_block *b)
{
    switch (b->state) {
    case MS_REACH_DEFINITE:
        return MS_LEAK_DEFINITE;
    case MS_REACH_INDIRECT:
        return MS_LEAK_INDIRECT;
    case MS_REACH_POSSIBLE:
        return MS_LEAK_POSSIBLE;
    default:
        return MS_LEAK_REACHABLE;
    }
}

static int by_kind_and_stack(const void *a, const void *b)
{
    const struct ms_reach_block *x = a, *y = b;

    if (kind_of(x) != kind_of(y))
        return (int)kind_of(x) - (int)kind_of(y);
    return (x->stack > y->stack) - (x->stack < y->stack);
}

static int by_kind_and_bytes(const void *a, const void *b)
{
    const struct ms_leak_row *x = a, *y = b;

    if (x->kind != y->kind)
        return (int)x->kind - (int)y->kind;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return (x->stack > y->stack) - (x->stack < y->stack);
}

static void add_block(struct ms_leak_row *row, const struct ms_reach_block *b)
{
    row->bytes += b->size;
    row->blocks++;
    if (b->birth_ns < row->oldest_ns)
        row->oldest_ns = b->birth_ns;
}

// The blocks are in order of kind and stack.
static size_t sum_up(const struct ms_reach_block *blocks, size_t count,
                     struct ms_leak_row *rows)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        const struct ms_reach_block *b = &blocks[i];
        if (n == 0 || rows[n - 1].kind != kind_of(b) ||
            rows[n - 1].stack != b->stack)
            rows[n++] = (struct ms_leak_row){
                .kind = kind_of(b),
                .site = b->site,
                .stack = b->stack,
                .example = b->address,
                .oldest_ns = UINT64_MAX,
            };
        add_block(&rows[n - 1], b);
    }
    return n;
}

static bool name_rows(struct ms_session *s, struct ms_leak_row *rows,
                      size_t count)
{
    bool all = true;

    // Young programs are scanned before the first tick has read any.
    pthread_mutex_lock(&s->lock);
    ms_session_read_modules(s);
    pthread_mutex_unlock(&s->lock);
    for (size_t i = 0; i < count; i++) {
        // Row by row, so that no tick waits for long.
        pthread_mutex_lock(&s->lock);
        for (size_t f = 0; f < rows[i].frame_count; f++)
            all &= ms_session_name_frame(s, &rows[i].frames[f]);
        pthread_mutex_unlock(&s->lock);
    }
    return all;
}

static void suppress(const struct ms_suppressions *known,
                     struct ms_leak_row *row)
{
    size_t by = 0;

    for (size_t f = 0; f < row->frame_count && by == 0; f++) {
        by = ms_suppressions_match(known, row->frames[f].function);
        if (by == 0)
            by = ms_suppressions_match(known, row->frames[f].file);
        if (by == 0)
            by = ms_suppressions_match(known, row->frames[f].module);
    }
    if (by != 0)
        snprintf(row->suppressed, sizeof row->suppressed, "%s",
                 ms_suppressions_pattern(known, by));
}

static size_t drop_reachable(struct ms_reach_block *blocks, size_t count,
                             struct ms_leak_report *out)
{
    size_t kept = 0;

    memset(out->kinds, 0, sizeof out->kinds);
    for (size_t i = 0; i < count; i++) {
        enum ms_leak_kind kind = kind_of(&blocks[i]);
        out->kinds[kind].blocks++;
        out->kinds[kind].bytes += blocks[i].size;
        if (kind != MS_LEAK_REACHABLE)
            blocks[kept++] = blocks[i];
    }
    return kept;
}

bool ms_leak_rows(struct ms_session *s, const struct ms_suppressions *known,
                  struct ms_reach_block *blocks, size_t count,
                  struct ms_leak_report *out)
{
    count = drop_reachable(blocks, count, out);
    qsort(blocks, count, sizeof *blocks, by_kind_and_stack);
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += i == 0 || by_kind_and_stack(&blocks[i - 1], &blocks[i]) != 0;
    out->rows = calloc(total + 1, sizeof *out->rows);
    if (out->rows == NULL)
        return false;
    out->row_total = sum_up(blocks, count, out->rows);
    qsort(out->rows, total, sizeof *out->rows, by_kind_and_bytes);
    out->row_count = total < MS_LEAK_ROWS ? total : MS_LEAK_ROWS;
    for (size_t i = 0; i < out->row_count; i++) {
        pthread_mutex_lock(&s->lock);
        out->rows[i].frame_count = ms_session_frames(
            s, out->rows[i].stack, out->rows[i].frames, MS_LEAK_FRAMES);
        pthread_mutex_unlock(&s->lock);
    }
    for (int waited = 0;
         !name_rows(s, out->rows, out->row_count) && waited < NAME_WAIT_MS;
         waited += NAME_STEP_MS)
        nanosleep(&(struct timespec){.tv_nsec = NAME_STEP_MS * 1000000L}, NULL);
    for (size_t i = 0; i < out->row_count; i++) {
        struct ms_leak_row *row = &out->rows[i];
        suppress(known, row);
        if (row->suppressed[0] == '\0' || row->kind > MS_LEAK_INDIRECT)
            continue;
        out->suppressed.blocks += row->blocks;
        out->suppressed.bytes += row->bytes;
    }
    return true;
}
