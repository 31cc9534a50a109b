// SPDX-License-Identifier: MIT
// See shown.h for the contract.

#include "wire/shown.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TREND_STEP_NS (MS_TREND_STEP_MS * UINT64_C(1000000))
#define SECOND_NS UINT64_C(1000000000)

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static bool has(const uint32_t *sorted, size_t count, uint32_t value)
{
    return count != 0 &&
           bsearch(&value, sorted, count, sizeof value, by_value) != NULL;
}

static struct ms_shown *create(struct ms_texts *table, size_t ids,
                               size_t numbers)
{
    struct ms_shown *s = calloc(1, sizeof *s);

    if (s == NULL)
        return NULL;
    s->holders = 1;
    s->texts = table;
    s->trend_step = s->second = UINT64_MAX;
    s->ids = malloc((ids + 1) * sizeof *s->ids);
    s->numbers = malloc((numbers + 1) * sizeof *s->numbers);
    if (s->ids != NULL && s->numbers != NULL)
        return s;
    ms_shown_let_go(s);
    return NULL;
}

// False: out of memory; those that it holds are those before it.
static bool hold_text(struct ms_shown *s, const char *text, uint32_t *number)
{
    *number = ms_texts_hold(s->texts, text);
    s->numbers[s->number_count] = *number;
    s->number_count += *number != 0;
    return *number != 0;
}

static bool hold_texts(struct ms_shown *s, const struct ms_cut *cut,
                       uint32_t *texts)
{
    char address[32];
    bool good = true;

    for (size_t i = 0; good && i < cut->thread_count; i++)
        good = hold_text(s, cut->threads[i].name, texts++);
    for (size_t i = 0; good && i < cut->site_count; i++) {
        const struct ms_site_row *r = &cut->sites[i];
        snprintf(address, sizeof address, "0x%llx",
                 (unsigned long long)r->address);
        good = hold_text(s, r->function, texts) &&
               hold_text(s, r->file, texts + 1) &&
               hold_text(s, r->module, texts + 2) &&
               hold_text(s, address, texts + 3);
        texts += MS_SHOWN_SITE_TEXTS;
    }
    return good;
}

// One of each is enough to know, and to hold.
static void make_unique(struct ms_shown *s)
{
    size_t kept = 0;

    qsort(s->numbers, s->number_count, sizeof *s->numbers, by_value);
    for (size_t i = 0; i < s->number_count; i++) {
        if (kept != 0 && s->numbers[kept - 1] == s->numbers[i])
            ms_texts_let_go(s->texts, s->numbers[i]);
        else
            s->numbers[kept++] = s->numbers[i];
    }
    s->number_count = kept;
    uint32_t *fit = realloc(s->numbers, (kept + 1) * sizeof *fit);
    if (fit != NULL)
        s->numbers = fit;
}

struct ms_shown *ms_shown_create(struct ms_texts *table,
                                 const struct ms_cut *cut, uint32_t *texts)
{
    struct ms_shown *s =
        create(table, cut->thread_count + cut->site_count,
               cut->thread_count + MS_SHOWN_SITE_TEXTS * cut->site_count);

    if (s == NULL)
        return NULL;
    s->session = cut->stats.session;
    memcpy(s->epoch, cut->stats.epoch, sizeof s->epoch);
    s->seq = cut->stats.seq;
    s->uptime_ns = cut->stats.uptime_ns;
    s->trend_step = cut->stats.uptime_ns / TREND_STEP_NS;
    s->second = cut->stats.uptime_ns / SECOND_NS;
    s->thread_count = cut->thread_count;
    s->site_count = cut->site_count;
    for (size_t i = 0; i < s->thread_count; i++)
        s->ids[i] = cut->threads[i].id;
    uint32_t *sites = s->ids + s->thread_count;
    for (size_t i = 0; i < s->site_count; i++)
        sites[i] = cut->sites[i].id;
    qsort(s->ids, s->thread_count, sizeof *s->ids, by_value);
    qsort(sites, s->site_count, sizeof *sites, by_value);
    if (hold_texts(s, cut, texts)) {
        make_unique(s);
        return s;
    }
    ms_shown_let_go(s);
    return NULL;
}

struct ms_shown *ms_shown_blank(struct ms_texts *table, uint32_t session,
                                const char *epoch, uint64_t seq)
{
    struct ms_shown *s = create(table, 0, 0);

    if (s == NULL)
        return NULL;
    s->session = session;
    snprintf(s->epoch, sizeof s->epoch, "%s", epoch);
    s->seq = seq;
    return s;
}

bool ms_shown_is_blank(const struct ms_shown *s)
{
    return s->second == UINT64_MAX;
}

struct ms_shown *ms_shown_hold(struct ms_shown *s)
{
    s->holders++;
    return s;
}

void ms_shown_let_go(struct ms_shown *s)
{
    if (s == NULL || --s->holders != 0)
        return;
    for (size_t i = 0; i < s->number_count; i++)
        ms_texts_let_go(s->texts, s->numbers[i]);
    free(s->ids);
    free(s->numbers);
    free(s);
}

bool ms_shown_thread(const struct ms_shown *s, uint32_t id)
{
    return has(s->ids, s->thread_count, id);
}

bool ms_shown_site(const struct ms_shown *s, uint32_t id)
{
    return has(s->ids + s->thread_count, s->site_count, id);
}

bool ms_shown_text(const struct ms_shown *s, uint32_t number)
{
    return has(s->numbers, s->number_count, number);
}
