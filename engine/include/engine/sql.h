// SPDX-License-Identifier: MIT
//
// sql: questions in SQL about a session or a snapshot, answered by SQLite over
// virtual tables. Nothing can be written, no file is touched, and each query
// has limits of time, rows, bytes and memory.
//
// All sums of one query are of one cut (one seq). What is read as the query
// runs, and so of no single moment while the program runs, are the tables
// allocations, types, marks, events_recent, and what is resident of mappings.
//
//   function        waits for                              allocates
//   ms_sql_open     a tick in progress, at most            yes
//   ms_sql_step     nothing, or a tick at most             yes
//   ms_sql_close    nothing                                no
//
// A query belongs to one thread at a time; there may be many at once.

#ifndef MS_ENGINE_SQL_H
#define MS_ENGINE_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/engine.h"

#define MS_SQL_TEXT_BYTES 65536u // of the longest query
#define MS_SQL_PARAMETERS 32u
#define MS_SQL_COLUMNS 200u

enum ms_sql_type {
    MS_SQL_NULL,
    MS_SQL_INTEGER,
    MS_SQL_REAL,
    MS_SQL_STRING,
};

struct ms_sql_value {
    enum ms_sql_type type;
    int64_t integer;
    double real;
    const char *text; // need not be UTF-8
    size_t text_bytes;
};

struct ms_sql_parameter {
    const char *name; // without its ':'
    struct ms_sql_value value;
};

struct ms_sql_limits {
    uint64_t time_ns;      // of work; 0: 10 s
    uint64_t rows;         // 0: 10,000
    uint64_t memory_bytes; // for sorting and the like; 0: 256 MiB
};

struct ms_sql_request {
    const char *sql;
    uint32_t session;  // 0: the primary one
    uint32_t snapshot; // not 0: instead of a session
    const struct ms_sql_parameter *parameters;
    size_t parameter_count;
    struct ms_sql_limits limits;
    // Asked every few milliseconds, on the query's thread: true ends it. May
    // be NULL.
    bool (*cancelled)(void *arg);
    void *arg;
};

// What went wrong, in SQLite's own words where it was SQLite.
struct ms_sql_error {
    // Static: "bad_query", "not_allowed", "not_kept", "timeout", "cancelled",
    // "too_large", "not_found", "unavailable", "internal".
    const char *code;
    char message[400];
    int offset; // byte of the query at which it went wrong; -1: none
};

struct ms_sql;

enum ms_sql_step { MS_SQL_ROW, MS_SQL_DONE, MS_SQL_FAILED };

// ms_sql_open prepares a query and takes the cut. False: *error says why.
bool ms_sql_open(struct ms_engine *engine, const struct ms_sql_request *request,
                 struct ms_sql **out,
                 struct ms_sql_error *error) MEMSCOPE_MUST_CHECK;

// ms_sql_step gives the next row. DONE: there are no more, or the limit of
// rows was reached (ms_sql_truncated). FAILED: *error says why.
enum ms_sql_step ms_sql_step(struct ms_sql *q,
                             struct ms_sql_error *error) MEMSCOPE_MUST_CHECK;
void ms_sql_close(struct ms_sql *q);

// The columns: names and types; `type` is MS_SQL_NULL where it is not known
// (an expression), `unit` "" likewise. Texts live as long as the query.
struct ms_sql_column {
    const char *name;
    enum ms_sql_type type;
    const char *unit; // "bytes", "ns", "ms", "count", "address", …
};
size_t ms_sql_column_count(const struct ms_sql *q);
void ms_sql_column(const struct ms_sql *q, size_t column,
                   struct ms_sql_column *out);

// A value of the current row; its text lives until the next step.
void ms_sql_value(const struct ms_sql *q, size_t column,
                  struct ms_sql_value *out);

bool ms_sql_truncated(const struct ms_sql *q);
uint32_t ms_sql_session(const struct ms_sql *q);
uint64_t ms_sql_seq(const struct ms_sql *q); // of the cut

// ms_sql_unnamed is how many call sites and frames of the cut have no name
// yet; the names are on their way, so the same query may say more later.
size_t ms_sql_unnamed(const struct ms_sql *q);

const char *ms_sql_type_name(enum ms_sql_type type); // "integer", …

// The tables, as they are described to users; ends with a NULL name.
struct ms_sql_table_info {
    const char *name;
    const char *description;
    const struct ms_sql_column *columns;
    size_t column_count;
};
// ms_sql_table_info describes table number n; false: there are no more.
// `columns` has room for MS_SQL_COLUMNS.
bool ms_sql_table_info(size_t n, struct ms_sql_table_info *out,
                       struct ms_sql_column *columns);

// Ready-made queries.
struct ms_ready_parameter {
    const char *name;
    const char *type; // "integer", "real", "text", "address"
    const char *unit;
    const char *otherwise; // default, as text; NULL: it must be given
};
struct ms_ready_query {
    const char *name;
    const char *description;
    const char *sql;
    struct ms_ready_parameter parameters[4]; // ends with a NULL name
    bool live_only; // reads what a snapshot does not keep
};
extern const struct ms_ready_query ms_ready_queries[]; // ends with a NULL name

// ms_ready_find finds one by name; NULL: there is none.
const struct ms_ready_query *ms_ready_find(const char *name);

// ms_ready_parameters fills in what is missing in `given` with defaults, in
// `out`, which has room for MS_SQL_PARAMETERS. False: *error says what is
// missing, unknown or of another type.
bool ms_ready_parameters(const struct ms_ready_query *query,
                         const struct ms_sql_parameter *given, size_t count,
                         struct ms_sql_parameter *out, size_t *out_count,
                         struct ms_sql_error *error) MEMSCOPE_MUST_CHECK;

#endif
