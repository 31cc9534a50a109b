// SPDX-License-Identifier: MIT
// See window_order.h and engine/window.h for the contracts.

#include "window_order.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <string.h>

enum kind { U64, U32, DOUBLE, TEXT, POINTER };

struct ms_column {
    const char *name;
    enum kind kind;
    size_t offset;
};

#define T(member, kind)                                                        \
    {                                                                          \
#member, kind, offsetof(struct ms_thread_row, member)                  \
    }
static const struct ms_column thread_columns[] = {
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
static const struct ms_column site_columns[] = {
    S(live_bytes, U64),
    S(live_blocks, U64),
    S(alloc_bytes, U64),
    S(alloc_count, U64),
    S(free_bytes, U64),
    S(free_count, U64),
    S(realloc_count, U64),
    S(temporary_count, U64),
    S(mapped_bytes, U64),
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

static int find(const struct ms_column *columns, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(columns[i].name, name) == 0)
            return (int)i;
    return -1;
}

int ms_window_thread_column(const char *name)
{
    return find(thread_columns, sizeof thread_columns / sizeof *thread_columns,
                name);
}

int ms_window_site_column(const char *name)
{
    return find(site_columns, sizeof site_columns / sizeof *site_columns, name);
}

struct ms_order ms_order_of_threads(const struct ms_window *w)
{
    return (struct ms_order){&thread_columns[w->column], w->ascending};
}

struct ms_order ms_order_of_sites(const struct ms_window *w)
{
    return (struct ms_order){&site_columns[w->column], w->ascending};
}

static uint64_t key_of_double(double d)
{
    uint64_t bits;

    if (isnan(d))
        return 0; // unknown is below everything
    memcpy(&bits, &d, sizeof bits);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

// The first letters of a text.
static uint64_t key_of_text(const char *text)
{
    uint64_t key = 0;

    for (size_t i = 0; i < sizeof key; i++) {
        key = key << 8 | (uint64_t)tolower((unsigned char)*text);
        text += *text != '\0';
    }
    return key;
}

void ms_order_entry_of(const struct ms_order *o, const void *row,
                       const char *lasting, struct ms_order_entry *e)
{
    const char *at = (const char *)row + o->column->offset;
    uint32_t u;
    double d;

    e->text = NULL;
    switch (o->column->kind) {
    case U64:
        memcpy(&e->key, at, sizeof e->key);
        break;
    case U32:
        memcpy(&u, at, sizeof u);
        e->key = u;
        break;
    case DOUBLE:
        memcpy(&d, at, sizeof d);
        e->key = key_of_double(d);
        break;
    case TEXT:
        assert(lasting != NULL);
        e->text = lasting;
        e->key = key_of_text(lasting);
        break;
    case POINTER:
        memcpy(&e->text, at, sizeof e->text);
        e->key = key_of_text(e->text);
        break;
    }
    if (!o->ascending)
        e->key = ~e->key;
}

static bool before(const struct ms_order *o, const struct ms_order_entry *a,
                   const struct ms_order_entry *b)
{
    int texts = 0;

    if (a->pinned != b->pinned)
        return a->pinned;
    if (a->key != b->key)
        return a->key < b->key;
    if (a->text != NULL && b->text != NULL)
        texts = strcasecmp(a->text, b->text);
    if (texts != 0)
        return o->ascending ? texts < 0 : texts > 0;
    return a->row < b->row;
}

static void swap(struct ms_order_entry *a, struct ms_order_entry *b)
{
    struct ms_order_entry keep = *a;

    *a = *b;
    *b = keep;
}

// Sorts [0, count) in place: a heap, which needs no memory and has no bad day.
static void sort(const struct ms_order *o, struct ms_order_entry *e,
                 size_t count)
{
    for (size_t n = count, top = count / 2; n > 1;) {
        if (top > 0)
            top--;
        else
            swap(&e[0], &e[--n]);
        for (size_t at = top; 2 * at + 1 < n;) {
            size_t child = 2 * at + 1;
            if (child + 1 < n && before(o, &e[child], &e[child + 1]))
                child++;
            if (!before(o, &e[at], &e[child]))
                break;
            swap(&e[at], &e[child]);
            at = child;
        }
    }
}

// Splits [0, count) so that what belongs below `place` lies there: quickselect
// with a middle of three. Entries differ, by their rows at least. After too
// many rounds, for an order made to be slow, it sorts instead.
static void split(const struct ms_order *o, struct ms_order_entry *e,
                  size_t count, size_t place)
{
    size_t from = 0, to = count;

    for (int round = 0; to - from > 16 && place > from && place < to; round++) {
        if (round == 64)
            break;
        struct ms_order_entry *middle = &e[from + (to - from) / 2];
        if (before(o, middle, &e[from]))
            swap(middle, &e[from]);
        if (before(o, &e[to - 1], middle))
            swap(&e[to - 1], middle);
        if (before(o, middle, &e[from]))
            swap(middle, &e[from]);
        struct ms_order_entry pivot = *middle;
        size_t low = from, high = to - 1;
        while (low <= high) {
            while (before(o, &e[low], &pivot))
                low++;
            while (before(o, &pivot, &e[high]))
                high--;
            if (low <= high)
                swap(&e[low++], &e[high--]);
        }
        if (place <= high)
            to = high + 1;
        else if (place >= low)
            from = low;
        else
            return; // the pivot alone lies between: all is in its place
    }
    if (place > from && place < to)
        sort(o, e + from, to - from);
}

size_t ms_order_cut(const struct ms_order *o, const struct ms_window *w,
                    struct ms_order_entry *e, size_t count)
{
    if (w->offset >= count)
        return 0;
    size_t n = count - w->offset < w->limit ? count - w->offset : w->limit;
    split(o, e, count, w->offset);
    split(o, e + w->offset, count - w->offset, n);
    sort(o, e + w->offset, n);
    return n;
}
