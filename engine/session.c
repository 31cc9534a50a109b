// SPDX-License-Identifier: MIT
// See session.h for the contract. Opening, closing, and what a reader sees.

#include "session.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "platform/atomics.h"
#include "platform/clock.h"

#define PSS_PAGE_NS 200 // until one has been asked for

bool ms_list_add(struct ms_list *list, uint32_t item)
{
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 256 : list->room * 2;
        uint32_t *items = realloc(list->items, room * sizeof *items);
        if (items == NULL)
            return false;
        list->items = items;
        list->room = room;
    }
    list->items[list->count++] = item;
    return true;
}

static void make_epoch(char epoch[17])
{
    uint64_t random;

    if (getrandom(&random, sizeof random, 0) != sizeof random)
        random = ms_clock_realtime_ns(); // different is all it must be
    snprintf(epoch, 17, "%016llx", (unsigned long long)random);
}

enum memscope_status ms_session_open(int fd, pid_t pid, uint32_t id,
                                     struct ms_symbols *symbols,
                                     uint64_t tick_ns, struct ms_session **out)
{
    struct ms_session *s = calloc(1, sizeof *s);
    enum memscope_status status = MEMSCOPE_ERROR_MEMORY;
    struct ms_reader reader;

    *out = NULL;
    enum memscope_status opened = ms_reader_open(&reader, fd);
    if (opened != MEMSCOPE_OK) {
        free(s);
        return opened;
    }
    if (s == NULL)
        goto fail_reader;
    s->reader = reader;
    s->stats = calloc(MS_STATS_KEPT, sizeof *s->stats);
    if (s->stats == NULL)
        goto fail_session;
    status = ms_model_init(&s->model);
    if (status != MEMSCOPE_OK)
        goto fail_stats;
    status = ms_history_init(&s->history, tick_ns);
    if (status != MEMSCOPE_OK)
        goto fail_model;
    ms_past_init(&s->past, MS_PAST_BUDGET);
    s->id = id;
    s->refs = 1;
    s->pid = pid;
    s->symbols = symbols;
    s->wait_status = -1;
    s->mappings.gain = ms_session_book_mapping;
    s->mappings.gain_arg = s;
    s->pss_bytes = UINT64_MAX;
    s->pss_ns = ms_clock_monotonic_ns();
    s->pss_page_ns = PSS_PAGE_NS;
    ms_governor_init(&s->governor, &s->reader);
    make_epoch(s->epoch);
    pthread_mutex_init(&s->lock, NULL);
    // Without it, the numbers of the operating system are unknown.
    if (ms_process_stats_create(pid, &s->process) != 0)
        s->process = NULL;
    *out = s;
    return MEMSCOPE_OK;

fail_model:
    ms_model_fini(&s->model);
fail_stats:
    free(s->stats);
fail_session:
    free(s);
fail_reader:
    ms_reader_close(&reader);
    return status;
}

void ms_session_close(struct ms_session *s)
{
    if (s->process != NULL)
        ms_process_stats_destroy(s->process);
    pthread_mutex_destroy(&s->lock);
    ms_history_fini(&s->history);
    ms_past_fini(&s->past);
    ms_growth_fini(&s->growth);
    ms_expressions_fini(&s->expressions);
    free(s->scan.report.rows);
    ms_fragmentation_fini(&s->scan.fragmentation);
    ms_mappings_fini(&s->mappings);
    ms_model_fini(&s->model);
    ms_reader_close(&s->reader);
    free(s->stats);
    free(s->modules);
    free(s->unnamed.items);
    free(s->untyped.items);
    free(s->fresh.own.items);
    free(s->fresh.foreign.items);
    free(s->carry.own.items);
    free(s->carry.foreign.items);
    free(s->thread_samples);
    free(s);
}

uint64_t ms_session_uptime_ns(const struct ms_session *s)
{
    uint64_t now = ms_clock_monotonic_ns();

    if (s->state == MS_SESSION_ENDED)
        return s->end_uptime_ns;
    if (s->gone_ns != 0)
        now = s->gone_ns;
    return now > s->reader.head.start_ns ? now - s->reader.head.start_ns : 0;
}

void ms_session_gone(struct ms_session *s)
{
    pthread_mutex_lock(&s->lock);
    if (s->gone_ns == 0)
        s->gone_ns = ms_clock_monotonic_ns();
    pthread_mutex_unlock(&s->lock);
}

uint64_t ms_session_gone_ns(struct ms_session *s)
{
    pthread_mutex_lock(&s->lock);
    uint64_t ns = s->state == MS_SESSION_RUNNING ? s->gone_ns : 0;
    pthread_mutex_unlock(&s->lock);
    return ns;
}

void ms_session_info(struct ms_session *s, struct ms_session_info *out)
{
    *out = (struct ms_session_info){
        .id = s->id,
        .pid = s->pid,
        .state = s->state,
        .wait_status = s->wait_status,
        .start_realtime_ns = s->reader.head.start_realtime_ns,
        .uptime_ns = ms_session_uptime_ns(s),
        .seq = s->seq,
    };
    memcpy(out->end_reason, s->end_reason, sizeof out->end_reason);
    memcpy(out->epoch, s->epoch, sizeof out->epoch);
    memcpy(out->exe, s->reader.head.exe, sizeof out->exe);
    memcpy(out->command, s->reader.head.command, sizeof out->command);
}

// The ring begins at its head: the oldest point.
static void copy_trend(const float ring[MS_TREND_POINTS], uint32_t head,
                       float out[MS_TREND_POINTS])
{
    for (uint32_t i = 0; i < MS_TREND_POINTS; i++)
        out[i] = ring[(head + i) % MS_TREND_POINTS];
}

void ms_session_thread_row(const struct ms_session *s, uint32_t slot,
                           struct ms_thread_row *out)
{
    const struct ms_thread *t = &s->model.threads[slot];

    *out = (struct ms_thread_row){
        .id = slot + 1,
        .tid = t->tid,
        .state = t->state,
        .ended = t->ended || s->state == MS_SESSION_ENDED,
        .cpu = t->cpu,
        .alloc_bytes_rate = t->bytes_rate,
        .alloc_count_rate = t->count_rate,
        .live_bytes = t->alloc_bytes - t->free_bytes,
        .live_blocks = t->alloc_count - t->free_count,
        .alloc_bytes = t->alloc_bytes,
        .alloc_count = t->alloc_count,
        .free_bytes = t->free_bytes,
        .free_count = t->free_count,
        .cross_frees = t->cross_frees,
        .birth_ns = t->birth_ns,
        .changed_seq = t->changed_seq,
    };
    memcpy(out->name, t->name, sizeof out->name);
    if (out->ended) {
        out->state = 'X';
        out->cpu = NAN;
    }
    copy_trend(t->trend, s->model.trend_head, out->trend);
}

void ms_session_site_numbers(const struct ms_session *s, size_t site,
                             struct ms_site_row *out)
{
    const struct ms_site *from = &s->model.sites[site];
    uint64_t live = from->alloc_bytes - from->free_bytes;
    uint64_t unit = UINT64_C(1) << MS_BIRTH_SHIFT;

    // One by one: a whole initializer would clear the trend as well.
    out->id = (uint32_t)site + 1;
    out->stack = from->stack;
    out->address = from->address;
    out->function = from->function;
    out->file = from->file;
    out->line = from->line;
    out->module = from->module;
    out->declared_type =
        ms_symbol_type_of_sum(from->type, from->alloc_count, from->alloc_bytes);
    out->live_bytes = live;
    out->live_blocks = from->alloc_count - from->free_count;
    out->alloc_bytes = from->alloc_bytes;
    out->alloc_count = from->alloc_count;
    out->free_bytes = from->free_bytes;
    out->free_count = from->free_count;
    out->realloc_count = from->realloc_count;
    out->temporary_count = from->temporary_count;
    out->mapped_bytes = from->mapped_bytes;
    out->mean_lifetime_ns = NAN;
    out->alloc_count_rate = (double)from->alloc_rate;
    out->free_count_rate = (double)from->free_rate;
    out->changed_seq = from->changed_seq;
    if (from->free_count != 0)
        out->mean_lifetime_ns = (double)from->lifetime_units * (double)unit /
                                (double)from->free_count;
    // A site that is younger than a minute had nothing then.
    float before = from->trend[s->model.trend_head % MS_TREND_POINTS];
    out->delta_bytes = (double)live - (isnan(before) ? 0 : (double)before);
}

void ms_session_site_row(const struct ms_session *s, size_t site,
                         struct ms_site_row *out)
{
    ms_session_site_numbers(s, site, out);
    copy_trend(s->model.sites[site].trend, s->model.trend_head, out->trend);
}
