// SPDX-License-Identifier: MIT
// See tables.h for the contract.

#include "wire/tables.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum kind { U64, U32, DOUBLE, TEXT, POINTER };

struct column {
    const char *name;
    enum kind kind;
    size_t offset;
};

#define T(member, kind)                                                        \
    {                                                                          \
#member, kind, offsetof(struct ms_thread_row, member)                  \
    }
static const struct column thread_columns[] = {
    T(live_bytes, U64),
    T(live_blocks, U64),
    T(alloc_bytes, U64),
    T(alloc_count, U64),
    T(free_bytes, U64),
    T(free_count, U64),
    T(cross_frees, U64),
    T(alloc_bytes_rate, DOUBLE),
    T(alloc_count_rate, DOUBLE),
    T(cpu, DOUBLE),
    T(id, U32),
    T(tid, U32),
    T(name, TEXT),
};

#define S(member, kind)                                                        \
    {                                                                          \
#member, kind, offsetof(struct ms_site_row, member)                    \
    }
static const struct column site_columns[] = {
    S(live_bytes, U64),
    S(live_blocks, U64),
    S(alloc_bytes, U64),
    S(alloc_count, U64),
    S(free_bytes, U64),
    S(free_count, U64),
    S(realloc_count, U64),
    S(temporary_count, U64),
    S(alloc_count_rate, DOUBLE),
    S(free_count_rate, DOUBLE),
    S(mean_lifetime_ns, DOUBLE),
    S(delta_bytes, DOUBLE),
    S(id, U32),
    S(line, U32),
    S(function, POINTER),
    S(file, POINTER),
    S(module, POINTER),
};

static int find(const struct column *columns, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(columns[i].name, name) == 0)
            return (int)i;
    return -1;
}

int ms_table_thread_column(const char *name)
{
    return find(thread_columns, sizeof thread_columns / sizeof *thread_columns,
                name);
}

int ms_table_site_column(const char *name)
{
    return find(site_columns, sizeof site_columns / sizeof *site_columns, name);
}

struct order {
    const char *rows;
    size_t stride;
    const struct column *column;
    bool ascending;
};

static int compare_doubles(double a, double b)
{
    // Unknown is below everything.
    if (isnan(a) || isnan(b))
        return isnan(b) - isnan(a);
    return (a > b) - (a < b);
}

static int compare(const struct order *o, size_t a, size_t b)
{
    const char *x = o->rows + a * o->stride + o->column->offset;
    const char *y = o->rows + b * o->stride + o->column->offset;
    int result = 0;
    uint64_t u, v;
    uint32_t p, q;
    double d, e;
    const char *s, *t;

    switch (o->column->kind) {
    case U64:
        memcpy(&u, x, sizeof u);
        memcpy(&v, y, sizeof v);
        result = (u > v) - (u < v);
        break;
    case U32:
        memcpy(&p, x, sizeof p);
        memcpy(&q, y, sizeof q);
        result = (p > q) - (p < q);
        break;
    case DOUBLE:
        memcpy(&d, x, sizeof d);
        memcpy(&e, y, sizeof e);
        result = compare_doubles(d, e);
        break;
    case TEXT:
        result = strcasecmp(x, y);
        break;
    case POINTER:
        memcpy(&s, x, sizeof s);
        memcpy(&t, y, sizeof t);
        result = strcasecmp(s, t);
        break;
    }
    if (!o->ascending)
        result = -result;
    return result != 0 ? result : (a > b) - (a < b); // rows come by id
}

static void sift_down(const struct order *o, size_t *heap, size_t count,
                      size_t at)
{
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= count)
            return;
        if (child + 1 < count && compare(o, heap[child + 1], heap[child]) > 0)
            child++;
        if (compare(o, heap[child], heap[at]) <= 0)
            return;
        size_t swap = heap[at];
        heap[at] = heap[child];
        heap[child] = swap;
        at = child;
    }
}

// Keeps the first `room` rows in a heap whose top is the last of them.
static void offer(const struct order *o, size_t *heap, size_t *count,
                  size_t room, size_t row)
{
    if (*count < room) {
        size_t at = (*count)++;
        heap[at] = row;
        while (at > 0 && compare(o, heap[at], heap[(at - 1) / 2]) > 0) {
            size_t parent = (at - 1) / 2;
            size_t swap = heap[at];
            heap[at] = heap[parent];
            heap[parent] = swap;
            at = parent;
        }
    } else if (room != 0 && compare(o, row, heap[0]) < 0) {
        heap[0] = row;
        sift_down(o, heap, *count, 0);
    }
}

// Takes the heap apart, last first: what remains is in order.
static void unheap(const struct order *o, size_t *heap, size_t count)
{
    for (size_t n = count; n > 1; n--) {
        size_t last = heap[0];
        heap[0] = heap[n - 1];
        heap[n - 1] = last;
        sift_down(o, heap, n - 1, 0);
    }
}

static size_t pick(const struct order *o, size_t count,
                   bool (*matches)(const void *row, const char *filter),
                   const struct ms_window *w, size_t *picked, size_t *total)
{
    size_t kept = 0;
    size_t room = w->offset + w->limit < count ? w->offset + w->limit : count;
    size_t *heap = malloc((room + 1) * sizeof *heap);

    *total = 0;
    if (heap == NULL)
        return 0;
    for (size_t i = 0; i < count; i++) {
        if (w->filter[0] != '\0' &&
            !matches(o->rows + i * o->stride, w->filter))
            continue;
        ++*total;
        offer(o, heap, &kept, room, i);
    }
    unheap(o, heap, kept);
    size_t n = kept > w->offset ? kept - w->offset : 0;
    if (n > w->limit)
        n = w->limit;
    if (n != 0)
        memcpy(picked, heap + w->offset, n * sizeof *picked);
    free(heap);
    return n;
}

static bool thread_matches(const void *row, const char *filter)
{
    const struct ms_thread_row *r = row;

    return strcasestr(r->name, filter) != NULL;
}

static bool site_matches(const void *row, const char *filter)
{
    const struct ms_site_row *r = row;

    return strcasestr(r->function, filter) != NULL ||
           strcasestr(r->file, filter) != NULL ||
           strcasestr(r->module, filter) != NULL;
}

size_t ms_table_thread_window(const struct ms_thread_row *rows, size_t count,
                              const struct ms_window *window, size_t *picked,
                              size_t *total)
{
    struct order o = {(const char *)rows, sizeof *rows,
                      &thread_columns[window->column], window->ascending};

    return pick(&o, count, thread_matches, window, picked, total);
}

size_t ms_table_site_window(const struct ms_site_row *rows, size_t count,
                            const struct ms_window *window, size_t *picked,
                            size_t *total)
{
    struct order o = {(const char *)rows, sizeof *rows,
                      &site_columns[window->column], window->ascending};

    return pick(&o, count, site_matches, window, picked, total);
}
