// SPDX-License-Identifier: MIT
// See query/cut.h for the contract.

#include "query/cut.h"

#include <stdlib.h>
#include <string.h>

#include "engine/measured_types.h"
#include "engine_private.h"
#include "query/events.h"
#include "stack_set.h"

#define BIT(table) (1u << (table))
#define STACK_TABLES (BIT(MS_TABLE_STACKS) | BIT(MS_TABLE_FRAMES))
#define GROUP_TABLES                                                           \
    (BIT(MS_TABLE_TASKS) | BIT(MS_TABLE_SCOPES) | BIT(MS_TABLE_POOLS))

static enum memscope_status no_memory_unless(bool good)
{
    return good ? MEMSCOPE_OK : MEMSCOPE_ERROR_MEMORY;
}

// An imported snapshot may have its rows in any order.
#define CHECK_ORDER(cut, table, rows, n)                                       \
    do {                                                                       \
        for (size_t i = 1; i < (n); i++)                                       \
            if ((rows)[i - 1].id >= (rows)[i].id)                              \
                (cut)->unordered |= BIT(table);                                \
    } while (0)

static void take_snapshot(struct ms_sql_cut *cut)
{
    const struct ms_snapshot *from = cut->snapshot;

    cut->stats = from->stats;
    cut->tables[MS_TABLE_SITES].rows = from->sites;
    cut->tables[MS_TABLE_SITES].count = from->site_count;
    cut->tables[MS_TABLE_THREADS].rows = from->threads;
    cut->tables[MS_TABLE_THREADS].count = from->thread_count;
    cut->tables[MS_TABLE_MODULES].rows = from->modules;
    cut->tables[MS_TABLE_MODULES].count = from->module_count;
    cut->tables[MS_TABLE_STACKS].rows = from->stacks.rows;
    cut->tables[MS_TABLE_STACKS].count = from->stacks.row_count;
    cut->stacks = from->stacks;
    CHECK_ORDER(cut, MS_TABLE_SITES, from->sites, from->site_count);
    CHECK_ORDER(cut, MS_TABLE_THREADS, from->threads, from->thread_count);
    CHECK_ORDER(cut, MS_TABLE_STACKS, from->stacks.rows,
                from->stacks.row_count);
    if ((cut->unordered & BIT(MS_TABLE_STACKS)) != 0)
        cut->unordered |= BIT(MS_TABLE_FRAMES);
}

enum memscope_status ms_sql_cut_open(struct ms_sql_cut *cut,
                                     struct ms_engine *e, uint32_t session,
                                     uint32_t snapshot)
{
    *cut = (struct ms_sql_cut){.engine = e};
    if (snapshot != 0) {
        cut->snapshot = ms_snapshot_acquire(e, snapshot);
        if (cut->snapshot == NULL)
            return MEMSCOPE_ERROR_NOT_FOUND;
        take_snapshot(cut);
        return MEMSCOPE_OK;
    }
    struct ms_session *s = ms_engine_hold(e, session);
    if (s == NULL) {
        cut->snapshot = ms_saved_acquire(e, &session);
        if (cut->snapshot == NULL)
            return MEMSCOPE_ERROR_NOT_FOUND;
        take_snapshot(cut);
        cut->stats.session = session;
        return MEMSCOPE_OK;
    }
    pthread_mutex_lock(&s->lock);
    bool ready = s->seq != 0;
    cut->stats = s->stats[s->seq % MS_STATS_KEPT];
    pthread_mutex_unlock(&s->lock);
    if (!ready) {
        ms_engine_let_go(e, s);
        return MEMSCOPE_ERROR_STATE;
    }
    cut->session = s;
    return MEMSCOPE_OK;
}

bool ms_sql_cut_keeps(const struct ms_sql_cut *cut, enum ms_sql_table table)
{
    return cut->snapshot == NULL || table == MS_TABLE_SITES ||
           table == MS_TABLE_THREADS || table == MS_TABLE_MODULES ||
           table == MS_TABLE_STACKS || table == MS_TABLE_FRAMES ||
           table == MS_TABLE_STATS;
}

static enum memscope_status take_sites(struct ms_sql_cut *cut)
{
    struct ms_session *s = cut->session;
    size_t n = s->model.site_count;
    struct ms_site_row *rows = malloc((n + 1) * sizeof *rows);

    s->names_wanted = true;
    for (size_t i = 0; rows != NULL && i < n; i++)
        ms_session_site_numbers(s, i, &rows[i]);
    cut->tables[MS_TABLE_SITES].rows = rows;
    cut->tables[MS_TABLE_SITES].count = n;
    cut->unnamed += s->unnamed.count;
    return no_memory_unless(rows != NULL);
}

static enum memscope_status take_threads(struct ms_sql_cut *cut)
{
    struct ms_session *s = cut->session;
    uint32_t n = (uint32_t)s->model.thread_count;
    struct ms_thread_row *rows = malloc((n + (size_t)1) * sizeof *rows);
    size_t count = 0;

    for (uint32_t i = 0; rows != NULL && i < n; i++)
        if (s->model.threads[i].known)
            ms_session_thread_row(s, i, &rows[count++]);
    cut->tables[MS_TABLE_THREADS].rows = rows;
    cut->tables[MS_TABLE_THREADS].count = count;
    return no_memory_unless(rows != NULL);
}

static enum memscope_status take_modules(struct ms_sql_cut *cut)
{
    struct ms_session *s = cut->session;
    struct ms_module_info *rows = malloc((s->module_count + 1) * sizeof *rows);

    for (size_t i = 0; rows != NULL && i < s->module_count; i++)
        ms_session_module_info(s, &s->modules[i], &rows[i]);
    cut->tables[MS_TABLE_MODULES].rows = rows;
    cut->tables[MS_TABLE_MODULES].count = s->module_count;
    return no_memory_unless(rows != NULL);
}

// All three lists are one copy, of which each has a part.
static enum memscope_status take_groups(struct ms_sql_cut *cut)
{
    struct ms_group_row *rows;
    size_t count, at = 0;

    enum memscope_status status =
        ms_session_groups(cut->session, &rows, &count);
    if (status != MEMSCOPE_OK)
        return status;
    for (unsigned kind = 0; kind < 3; kind++) {
        enum ms_sql_table table = kind == MS_GROUP_TASK    ? MS_TABLE_TASKS
                                  : kind == MS_GROUP_SCOPE ? MS_TABLE_SCOPES
                                                           : MS_TABLE_POOLS;
        size_t begin = at;
        while (at < count && rows[at].kind == kind)
            at++;
        size_t bytes = (at - begin) * sizeof *rows;
        struct ms_group_row *part = malloc(bytes + 1);
        if (part == NULL) {
            status = MEMSCOPE_ERROR_MEMORY;
            break;
        }
        memcpy(part, rows + begin, bytes);
        cut->tables[table].rows = part;
        cut->tables[table].count = at - begin;
    }
    free(rows);
    return status;
}

static enum memscope_status take_history(struct ms_sql_cut *cut, uint32_t mask)
{
    enum memscope_status status = MEMSCOPE_OK;

    for (unsigned step = 0; status == MEMSCOPE_OK && step < 3; step++) {
        unsigned table = MS_TABLE_HISTORY + step;
        struct ms_sample *samples = NULL;
        size_t n = 0;
        if ((mask & BIT(table)) != 0)
            status =
                ms_history_copy(&cut->session->history,
                                (enum ms_history_step)step, 0, &samples, &n);
        cut->tables[table].rows = samples;
        cut->tables[table].count = n;
    }
    return status;
}

static enum memscope_status take_rest(struct ms_sql_cut *cut, uint32_t mask,
                                      struct ms_mappings_picture *mappings)
{
    enum memscope_status status = MEMSCOPE_OK;
    struct ms_session *s = cut->session;
    struct ms_event_row *events;
    struct ms_type_row *types;
    struct ms_mark_row *marks;
    size_t n;

    if ((mask & BIT(MS_TABLE_TYPES)) != 0) {
        status = ms_session_types(s, &types, &n);
        cut->tables[MS_TABLE_TYPES].rows = types;
        cut->tables[MS_TABLE_TYPES].count = n;
    }
    if (status == MEMSCOPE_OK && (mask & BIT(MS_TABLE_EVENTS)) != 0) {
        status = ms_session_events(s, &events, &n);
        cut->tables[MS_TABLE_EVENTS].rows = events;
        cut->tables[MS_TABLE_EVENTS].count = n;
    }
    if (status == MEMSCOPE_OK && (mask & BIT(MS_TABLE_MARKS)) != 0) {
        status = ms_session_marks(s, &marks, &n);
        cut->tables[MS_TABLE_MARKS].rows = marks;
        cut->tables[MS_TABLE_MARKS].count = n;
    }
    if (status == MEMSCOPE_OK && (mask & BIT(MS_TABLE_MAPPINGS)) != 0) {
        status = ms_session_regions(s, mappings);
        cut->tables[MS_TABLE_MAPPINGS].rows = mappings->rows;
        cut->tables[MS_TABLE_MAPPINGS].count = mappings->count;
    }
    return status;
}

// {session lock}
static enum memscope_status take_all(struct ms_sql_cut *cut, uint32_t mask,
                                     struct ms_mappings_picture *mappings,
                                     struct ms_stack_set *set, bool *has_set)
{
    static const struct {
        uint32_t tables;
        enum memscope_status (*take)(struct ms_sql_cut *);
    } parts[] = {
        {BIT(MS_TABLE_SITES), take_sites},
        {BIT(MS_TABLE_THREADS), take_threads},
        {BIT(MS_TABLE_MODULES), take_modules},
        {GROUP_TABLES, take_groups},
    };
    struct ms_session *s = cut->session;
    enum memscope_status status = MEMSCOPE_OK;

    cut->stats = s->stats[s->seq % MS_STATS_KEPT];
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (status == MEMSCOPE_OK && (mask & parts[i].tables) != 0)
            status = parts[i].take(cut);
    if (status == MEMSCOPE_OK)
        status = take_history(cut, mask);
    if (status == MEMSCOPE_OK)
        status = take_rest(cut, mask, mappings);
    if (status == MEMSCOPE_OK && (mask & STACK_TABLES) != 0) {
        status = ms_stack_set_copy(s, set);
        *has_set = status == MEMSCOPE_OK;
    }
    return status;
}

// Without the lock: it asks the program.
static enum memscope_status take_measured_types(struct ms_sql_cut *cut)
{
    struct ms_type_row *rows = cut->tables[MS_TABLE_TYPES].rows;
    struct ms_measured_types types;

    enum memscope_status status =
        ms_engine_measured_types(cut->engine, cut->stats.session, &types);
    if (status == MEMSCOPE_OK)
        status = ms_measured_types_append(&types, &rows,
                                          &cut->tables[MS_TABLE_TYPES].count);
    ms_measured_types_fini(&types);
    cut->tables[MS_TABLE_TYPES].rows = rows;
    return status;
}

enum memscope_status ms_sql_cut_take(struct ms_sql_cut *cut, uint32_t mask)
{
    struct ms_mappings_picture mappings = {0};
    struct ms_session *s = cut->session;
    enum memscope_status status;
    struct ms_stack_set set;
    bool has_set = false;

    cut->tables[MS_TABLE_STATS].rows = &cut->stats;
    cut->tables[MS_TABLE_STATS].count = 1;
    if (cut->snapshot != NULL)
        return MEMSCOPE_OK;
    pthread_mutex_lock(&s->lock);
    status = take_all(cut, mask, &mappings, &set, &has_set);
    pthread_mutex_unlock(&s->lock);
    if (has_set) {
        enum memscope_status made =
            ms_stack_set_complete(s, &set, &cut->stacks);
        status = status == MEMSCOPE_OK ? made : status;
    }
    if (status != MEMSCOPE_OK)
        return status;
    if ((mask & BIT(MS_TABLE_TYPES)) != 0)
        status = take_measured_types(cut);
    if (status != MEMSCOPE_OK)
        return status;
    if ((mask & BIT(MS_TABLE_MAPPINGS)) != 0)
        ms_session_join_regions(s, &mappings);
    if ((mask & BIT(MS_TABLE_FRAMES)) != 0)
        cut->unnamed += ms_stacks_name(cut->engine, &cut->stacks);
    cut->tables[MS_TABLE_STACKS].rows = cut->stacks.rows;
    cut->tables[MS_TABLE_STACKS].count = cut->stacks.row_count;
    return MEMSCOPE_OK;
}

void ms_sql_cut_close(struct ms_sql_cut *cut)
{
    cut->tables[MS_TABLE_STATS].rows = NULL;
    cut->tables[MS_TABLE_STACKS].rows = NULL;
    for (size_t i = 0; cut->snapshot == NULL && i < MS_SQL_TABLES; i++)
        free(cut->tables[i].rows);
    if (cut->snapshot == NULL)
        ms_stacks_fini(&cut->stacks);
    if (cut->snapshot != NULL)
        ms_snapshot_release(cut->engine, cut->snapshot);
    if (cut->session != NULL)
        ms_engine_let_go(cut->engine, cut->session);
}
