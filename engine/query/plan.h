// SPDX-License-Identifier: MIT
//
// plan: which comparisons of a query a table makes itself, and which rows are
// left to look at then.

#ifndef MS_ENGINE_QUERY_PLAN_H
#define MS_ENGINE_QUERY_PLAN_H

#include "query/query.h"

#define MS_PLAN_CONSTRAINTS 12
#define MS_PLAN_LABELS 1 // idxNum: somebody looks at the labels of blocks

struct ms_vtab_table {
    sqlite3_vtab base; // first: SQLite's own
    struct ms_sql *query;
    const struct ms_table *table;
    enum ms_sql_table number;
};

struct ms_vtab_constraint {
    const struct ms_column *column;
    unsigned char op; // SQLITE_INDEX_CONSTRAINT_...
    long double value;
};

struct ms_vtab_cursor {
    sqlite3_vtab_cursor base; // first
    const void *row;          // NULL: the end
    sqlite3_int64 number;     // of the row
    struct ms_vtab_constraint constraints[MS_PLAN_CONSTRAINTS];
    size_t constraint_count;
    // Where rows come from: an array, or one of these.
    const char *rows;
    size_t at, end;
    struct ms_block_rows *blocks;
    struct ms_frame_rows frames;
};

// ms_table_best_index is SQLite's xBestIndex. The plan is a text: for each
// argument its column and operator.
int ms_table_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info);

// ms_table_is_ordered says whether rows come in order of the first column and
// can be searched by it. An imported snapshot may have them in any order.
bool ms_table_is_ordered(const struct ms_vtab_table *t);

// ms_cursor_matches says whether the constraints hold for the current row.
bool ms_cursor_matches(const struct ms_vtab_cursor *c);

// ms_cursor_key_range is what the constraints leave of the first column, both
// ends inclusive.
void ms_cursor_key_range(const struct ms_vtab_cursor *c,
                         const struct ms_vtab_table *t, uint64_t *low,
                         uint64_t *high);

// ms_table_lower_bound is the first of `count` rows, in order, whose first
// column is not below `value`.
size_t ms_table_lower_bound(const struct ms_table *t, const char *rows,
                            size_t count, long double value);

#endif
