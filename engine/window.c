// SPDX-License-Identifier: MIT
// See engine/window.h for the contract. Every row becomes a key that sorts as
// a number; the window is found among the keys by partition, so that its
// place in the table does not matter; only its own rows are then made whole.

#include "engine/window.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine_private.h"

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

static int find(const struct column *columns, size_t count, const char *name)
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

// One row that matches, as far as sorting needs it.
struct entry {
    uint64_t key;     // sorts upwards, whatever the window's order
    const char *text; // decides between equal keys of texts; NULL: a number
    uint32_t row;
};

struct order {
    const struct column *column;
    bool ascending;
};

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

// The text of a thread lies in the row itself, which goes away: `lasting` is
// where it stays.
static void make_entry(const struct order *o, const void *row,
                       const char *lasting, struct entry *e)
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

static bool before(const struct order *o, const struct entry *a,
                   const struct entry *b)
{
    int texts = 0;

    if (a->key != b->key)
        return a->key < b->key;
    if (a->text != NULL && b->text != NULL)
        texts = strcasecmp(a->text, b->text);
    if (texts != 0)
        return o->ascending ? texts < 0 : texts > 0;
    return a->row < b->row;
}

static void swap(struct entry *a, struct entry *b)
{
    struct entry keep = *a;

    *a = *b;
    *b = keep;
}

// Sorts [0, count) in place: a heap, which needs no memory and has no bad day.
static void sort(const struct order *o, struct entry *e, size_t count)
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
static void split(const struct order *o, struct entry *e, size_t count,
                  size_t place)
{
    size_t from = 0, to = count;

    for (int round = 0; to - from > 16 && place > from && place < to; round++) {
        if (round == 64)
            break;
        struct entry *middle = &e[from + (to - from) / 2];
        if (before(o, middle, &e[from]))
            swap(middle, &e[from]);
        if (before(o, &e[to - 1], middle))
            swap(&e[to - 1], middle);
        if (before(o, middle, &e[from]))
            swap(middle, &e[from]);
        struct entry pivot = *middle;
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

// Brings the window to e[offset]..., in order. Returns how many there are.
static size_t cut_window(const struct order *o, const struct ms_window *w,
                         struct entry *e, size_t count)
{
    if (w->offset >= count)
        return 0;
    size_t n = count - w->offset < w->limit ? count - w->offset : w->limit;
    split(o, e, count, w->offset);
    split(o, e + w->offset, count - w->offset, n);
    sort(o, e + w->offset, n);
    return n;
}

// Files and modules are few and shared: whether one matches is looked up
// again by its address.
#define REMEMBERED 1024
struct matcher {
    const char *filter;
    struct {
        const char *text;
        bool matches;
    } known[REMEMBERED];
};

static bool shared_matches(struct matcher *m, const char *text)
{
    size_t at = ((uintptr_t)text >> 3) % REMEMBERED;

    if (m->known[at].text != text) {
        m->known[at].text = text;
        m->known[at].matches = strcasestr(text, m->filter) != NULL;
    }
    return m->known[at].matches;
}

static bool site_matches(struct matcher *m, const struct ms_site *s)
{
    return shared_matches(m, s->module) || shared_matches(m, s->file) ||
           strcasestr(s->function, m->filter) != NULL;
}

static enum memscope_status cut_sites(const struct ms_session *s,
                                      const struct ms_window *w,
                                      struct ms_cut *out)
{
    struct order o = {&site_columns[w->column], w->ascending};
    struct matcher m = {.filter = w->filter};
    size_t all = s->model.site_count;
    struct entry *e = calloc(all + 1, sizeof *e);
    struct ms_site_row row;

    if (e == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    for (size_t i = 0; i < all; i++) {
        if (w->filter[0] != '\0' && !site_matches(&m, &s->model.sites[i]))
            continue;
        ms_session_site_numbers(s, i, &row);
        if (w->heap_only && row.alloc_count == 0 && row.free_count == 0)
            continue;
        e[out->site_total].row = (uint32_t)i;
        make_entry(&o, &row, NULL, &e[out->site_total++]);
    }
    out->site_count = cut_window(&o, w, e, out->site_total);
    out->sites = malloc((out->site_count + 1) * sizeof *out->sites);
    for (size_t i = 0; out->sites != NULL && i < out->site_count; i++)
        ms_session_site_row(s, e[w->offset + i].row, &out->sites[i]);
    free(e);
    return out->sites != NULL ? MEMSCOPE_OK : MEMSCOPE_ERROR_MEMORY;
}

static enum memscope_status cut_threads(const struct ms_session *s,
                                        const struct ms_window *w,
                                        struct ms_cut *out)
{
    struct order o = {&thread_columns[w->column], w->ascending};
    size_t all = s->model.thread_count;
    struct entry *e = calloc(all + 1, sizeof *e);
    struct ms_thread_row row;

    if (e == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    for (uint32_t i = 0; i < all; i++) {
        const struct ms_thread *t = &s->model.threads[i];
        if (!t->known ||
            (w->filter[0] != '\0' && strcasestr(t->name, w->filter) == NULL))
            continue;
        ms_session_thread_row(s, i, &row);
        e[out->thread_total].row = i;
        make_entry(&o, &row, t->name, &e[out->thread_total++]);
    }
    out->thread_count = cut_window(&o, w, e, out->thread_total);
    out->threads = malloc((out->thread_count + 1) * sizeof *out->threads);
    for (size_t i = 0; out->threads != NULL && i < out->thread_count; i++)
        ms_session_thread_row(s, e[w->offset + i].row, &out->threads[i]);
    free(e);
    return out->threads != NULL ? MEMSCOPE_OK : MEMSCOPE_ERROR_MEMORY;
}

enum memscope_status ms_engine_cut(struct ms_engine *engine, uint32_t session,
                                   const struct ms_window *threads,
                                   const struct ms_window *sites,
                                   struct ms_cut *out)
{
    struct ms_session *s = ms_engine_hold(engine, session);
    enum memscope_status status = MEMSCOPE_ERROR_NOT_FOUND;

    *out = (struct ms_cut){0};
    if (s == NULL)
        return status;
    pthread_mutex_lock(&s->lock);
    s->names_wanted |= sites != NULL;
    if (s->seq != 0) {
        out->stats = s->stats[s->seq % MS_STATS_KEPT];
        status = MEMSCOPE_OK;
    }
    if (status == MEMSCOPE_OK && threads != NULL)
        status = cut_threads(s, threads, out);
    if (status == MEMSCOPE_OK && sites != NULL)
        status = cut_sites(s, sites, out);
    pthread_mutex_unlock(&s->lock);
    ms_engine_let_go(engine, s);
    if (status != MEMSCOPE_OK) {
        ms_cut_fini(out);
        *out = (struct ms_cut){0};
    }
    return status;
}

void ms_cut_fini(struct ms_cut *cut)
{
    free(cut->threads);
    free(cut->sites);
    cut->threads = NULL;
    cut->sites = NULL;
}
