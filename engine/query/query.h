// SPDX-License-Identifier: MIT
//
// query: one query under way, for the files of this folder.

#ifndef MS_ENGINE_QUERY_QUERY_H
#define MS_ENGINE_QUERY_QUERY_H

#include <sqlite3.h>

#include "engine/sql.h"
#include "query/cut.h"
#include "query/tables.h"

struct ms_sql_module { // what a virtual table knows of its query
    struct ms_sql *query;
    enum ms_sql_table table;
};

struct ms_sql {
    struct ms_sql_cut cut;
    sqlite3 *db;
    sqlite3_stmt *statement;
    const char *sql; // the caller's; only while it is opened
    struct ms_sql_module modules[MS_SQL_TABLES];
    uint32_t used; // tables that it reads, bits by number
    uint64_t rows_left;
    bool truncated;

    // What may stop it.
    uint64_t time_left_ns; // of work
    uint64_t deadline_ns;  // of the step under way
    uint64_t ask_ns;       // when `cancelled` is asked next
    bool (*cancelled)(void *arg);
    void *arg;
    bool timed_out, was_cancelled;
    bool declaring;       // a table says what it looks like: SQL of our own
    const char *denied;   // static: what the authorizer did not allow
    uint64_t memory_left; // of temporary files
    bool memory_ended;
};

// ms_sql_expired says whether the query must end now, and notes why. Cheap
// enough for every thousand steps.
bool ms_sql_expired(struct ms_sql *q);

// ms_sql_register_tables makes the tables known to the connection.
int ms_sql_register_tables(struct ms_sql *q);

// ms_sql_guard takes everything away that a query could do harm with.
int ms_sql_guard(struct ms_sql *q);

// ms_sql_memory_files is the name of the file system of queries: temporary
// files in memory, which ms_sql.memory_left bounds, and no others. NULL: it
// could not be had. ms_sql_memory_files_of says whose the files are that this
// thread opens from now on.
const char *ms_sql_memory_files(void);
void ms_sql_memory_files_of(struct ms_sql *q);

// A walk over rows that are made as they are read: see rows.c.
struct ms_block_rows;
struct ms_block_rows *ms_block_rows_create(struct ms_sql *q, uint64_t low,
                                           uint64_t high, bool labels);
// The next row; NULL: the end, or the query has expired.
const struct ms_block_row *ms_block_rows_next(struct ms_block_rows *rows);
void ms_block_rows_destroy(struct ms_block_rows *rows);

struct ms_frame_rows {
    const struct ms_stacks *stacks;
    size_t stack, end; // index in stacks.rows
    uint32_t node;     // 0: the next stack's
    uint32_t depth;
    struct ms_frame_row row;
};
const struct ms_frame_row *ms_frame_rows_next(struct ms_frame_rows *rows);

#endif
