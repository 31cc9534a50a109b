// SPDX-License-Identifier: MIT
//
// cut: what one query sees: copies of those tables that it reads, all taken
// under one lock of the session, or out of a snapshot.

#ifndef MS_ENGINE_QUERY_CUT_H
#define MS_ENGINE_QUERY_CUT_H

#include "engine/annotations.h"
#include "engine/snapshot.h"
#include "engine/stacks.h"
#include "session.h"

enum ms_sql_table {
    MS_TABLE_ALLOCATIONS,
    MS_TABLE_SITES,
    MS_TABLE_STACKS,
    MS_TABLE_FRAMES,
    MS_TABLE_THREADS,
    MS_TABLE_TASKS,
    MS_TABLE_SCOPES,
    MS_TABLE_POOLS,
    MS_TABLE_TYPES,
    MS_TABLE_MODULES,
    MS_TABLE_MAPPINGS,
    MS_TABLE_HISTORY, // every 100 ms
    MS_TABLE_HISTORY_1S,
    MS_TABLE_HISTORY_10S,
    MS_TABLE_EVENTS,
    MS_TABLE_MARKS,
    MS_TABLE_STATS,
    MS_SQL_TABLES
};

// A recorded event of a thread.
struct ms_event_row {
    uint32_t thread;       // ms_thread_row.id
    uint64_t number;       // of the thread's events, from 1
    const char *operation; // static
    uint64_t address;
    uint64_t time_ns; // uptime, in steps of 0.52 ms
    uint32_t site, stack;
    uint64_t size_at_most; // of its size class
};

struct ms_sql_cut {
    struct ms_engine *engine;
    struct ms_session *session;         // held; NULL: of a snapshot
    const struct ms_snapshot *snapshot; // held; NULL: of a session
    struct ms_stats stats;
    struct {
        void *rows;
        size_t count;
    } tables[MS_SQL_TABLES];
    uint32_t unordered;      // tables, bits: rows not in order of their id
    size_t unnamed; // call sites and frames taken, names of which are to come
    struct ms_stacks stacks; // frames and stacks; rows in order of id
};

// ms_sql_cut_open finds the source and its numbers (stats), so that plans can
// be made. NOT_FOUND, or STATE: no tick yet. When it fails nothing is left.
enum memscope_status ms_sql_cut_open(struct ms_sql_cut *cut,
                                     struct ms_engine *engine, uint32_t session,
                                     uint32_t snapshot) MEMSCOPE_MUST_CHECK;

// ms_sql_cut_keeps says whether the source has a table at all.
bool ms_sql_cut_keeps(const struct ms_sql_cut *cut, enum ms_sql_table table);

// ms_sql_cut_take copies the tables of `mask` (bits by number), at one cut.
enum memscope_status ms_sql_cut_take(struct ms_sql_cut *cut,
                                     uint32_t mask) MEMSCOPE_MUST_CHECK;
void ms_sql_cut_close(struct ms_sql_cut *cut);

#endif
