// SPDX-License-Identifier: MIT
// See engine/matrix.h for the contract.

#include "engine/matrix.h"

#include <stdlib.h>
#include <string.h>

#include "engine_private.h"

struct candidate {
    uint32_t slot;
    uint64_t across; // frees across threads, by it and of its blocks
    uint64_t frees;  // of its blocks
};

static int by_frees(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;

    if (x->across != y->across)
        return x->across < y->across ? 1 : -1;
    if (x->frees != y->frees)
        return x->frees < y->frees ? 1 : -1;
    return (x->slot > y->slot) - (x->slot < y->slot);
}

// The threads that stand by themselves, the most important first; *columns
// has 1 + number of its column for each of them, by slot. False: no memory.
static bool choose(const struct ms_session *s, size_t most,
                   struct ms_matrix *out, uint32_t *columns)
{
    const struct ms_model *m = &s->model;
    struct candidate *all = malloc((m->thread_count + 1) * sizeof *all);

    if (all == NULL)
        return false;
    for (uint32_t i = 0; i < m->thread_count; i++) {
        const struct ms_thread *t = &m->threads[i];
        if (t->known)
            all[out->thread_total++] = (struct candidate){
                i, t->cross_frees + t->free_count - t->own_frees,
                t->free_count};
    }
    qsort(all, out->thread_total, sizeof *all, by_frees);
    out->threads = malloc((most + 1) * sizeof *out->threads);
    out->cells = calloc((most + 1) * (most + 1), sizeof *out->cells);
    while (out->threads != NULL && out->count < most &&
           out->count < out->thread_total) {
        uint32_t slot = all[out->count].slot;
        ms_session_thread_row(s, slot, &out->threads[out->count++]);
        columns[slot] = (uint32_t)out->count;
    }
    free(all);
    return out->threads != NULL && out->cells != NULL;
}

static struct ms_matrix_cell *cell(struct ms_matrix *x, size_t row,
                                   size_t column)
{
    return &x->cells[row * (x->count + 1) + column];
}

static void move(struct ms_matrix_cell *from, struct ms_matrix_cell *to,
                 const struct ms_matrix_cell *what)
{
    from->blocks -= what->blocks;
    from->bytes -= what->bytes;
    to->blocks += what->blocks;
    to->bytes += what->bytes;
}

// Everything is the others' at first; what is known to be somebody's is taken
// out of there: so that it all adds up, also beyond the pairs that are kept.
static void fill(const struct ms_model *m, const uint32_t *columns,
                 struct ms_matrix *out)
{
    size_t rest = out->count;
    struct ms_matrix_cell *others = cell(out, rest, rest);

    *others = (struct ms_matrix_cell){m->heap.free_count_total,
                                      m->heap.free_bytes_total};
    for (uint32_t slot = 0; slot < m->thread_count; slot++) {
        const struct ms_thread *t = &m->threads[slot];
        size_t i = columns[slot];
        if (i == 0)
            continue;
        struct ms_matrix_cell own = {t->own_frees, t->own_free_bytes};
        struct ms_matrix_cell theirs = {t->free_count - t->own_frees,
                                        t->free_bytes - t->own_free_bytes};
        struct ms_matrix_cell by = {t->cross_frees, t->cross_free_bytes};
        move(others, cell(out, i - 1, i - 1), &own);
        move(others, cell(out, i - 1, rest), &theirs);
        move(others, cell(out, rest, i - 1), &by);
    }
    for (size_t i = 0; i < m->pairs.slot_count; i++) {
        const struct ms_pair *p = &m->pairs.slots[i];
        if (p->freer == 0 || columns[p->allocator - 1] == 0 ||
            columns[p->freer - 1] == 0)
            continue;
        size_t row = columns[p->allocator - 1] - 1;
        size_t column = columns[p->freer - 1] - 1;
        struct ms_matrix_cell sum = {p->blocks, p->bytes};
        move(cell(out, row, rest), cell(out, row, column), &sum);
        // It has been taken out of the others twice.
        move(cell(out, rest, column), others, &sum);
    }
}

enum memscope_status ms_engine_matrix(struct ms_engine *e, uint32_t session,
                                      size_t most, struct ms_matrix *out)
{
    struct ms_session *s = ms_engine_hold(e, session);
    enum memscope_status status = MEMSCOPE_ERROR_MEMORY;

    *out = (struct ms_matrix){0};
    if (s == NULL)
        return MEMSCOPE_ERROR_NOT_FOUND;
    if (most > MS_MATRIX_MOST)
        most = MS_MATRIX_MOST;
    pthread_mutex_lock(&s->lock);
    out->session = s->id;
    memcpy(out->epoch, s->epoch, sizeof out->epoch);
    out->seq = s->seq;
    uint32_t *columns = calloc(s->model.thread_count + 1, sizeof *columns);
    if (columns != NULL && choose(s, most, out, columns)) {
        fill(&s->model, columns, out);
        status = MEMSCOPE_OK;
    }
    pthread_mutex_unlock(&s->lock);
    free(columns);
    ms_engine_let_go(e, s);
    if (status != MEMSCOPE_OK)
        ms_matrix_fini(out);
    return status;
}

void ms_matrix_fini(struct ms_matrix *x)
{
    free(x->threads);
    free(x->cells);
    *x = (struct ms_matrix){0};
}
