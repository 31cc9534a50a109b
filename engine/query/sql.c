// SPDX-License-Identifier: MIT
// See engine/sql.h for the contract.

#include "engine/sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/clock.h"
#include "query/query.h"

#define TIME_DEFAULT_NS UINT64_C(10000000000)
#define ROWS_DEFAULT 10000
#define MEMORY_DEFAULT (UINT64_C(256) << 20)

static bool fail(struct ms_sql_error *error, const char *code, int offset,
                 const char *message)
{
    error->code = code;
    error->offset = offset;
    snprintf(error->message, sizeof error->message, "%s", message);
    return false;
}

static bool fail_status(struct ms_sql_error *error, enum memscope_status status)
{
    switch (status) {
    case MEMSCOPE_ERROR_NOT_FOUND:
        return fail(error, "not_found", -1,
                    "there is no such session or snapshot");
    case MEMSCOPE_ERROR_STATE:
        return fail(error, "unavailable", -1, "nothing has been read yet");
    default:
        return fail(error, "internal", -1, "out of memory");
    }
}

// Makes an error of what SQLite says and of what we know better.
static bool fail_sqlite(struct ms_sql *q, struct ms_sql_error *error, int rc)
{
    char text[96];

    if (q->was_cancelled)
        return fail(error, "cancelled", -1, "the query was cancelled");
    if (q->timed_out)
        return fail(error, "timeout", -1,
                    "the query took longer than it may: narrow it, or give "
                    "it a LIMIT");
    if (q->memory_ended)
        return fail(error, "too_large", -1,
                    "the query needs more memory than it may, to sort or to "
                    "group");
    if (q->denied != NULL)
        return fail(error, "not_allowed", -1, q->denied);
    int offset = sqlite3_error_offset(q->db);
    if (rc == SQLITE_TOOBIG)
        return fail(error, "too_large", offset,
                    "a text or a row is longer than 50,000 bytes");
    if (rc == SQLITE_NOMEM)
        return fail(error, "internal", -1, "out of memory");
    const char *message = sqlite3_errmsg(q->db);
    snprintf(text, sizeof text, "SQLite error %d", rc);
    return fail(error, "bad_query", offset, message != NULL ? message : text);
}

// Work is timed, waiting for the reader is not.
static void begin_work(struct ms_sql *q)
{
    ms_sql_memory_files_of(q);
    q->deadline_ns = ms_clock_monotonic_ns() + q->time_left_ns;
}

static void end_work(struct ms_sql *q)
{
    uint64_t now = ms_clock_monotonic_ns();

    q->time_left_ns = now < q->deadline_ns ? q->deadline_ns - now : 0;
    ms_sql_memory_files_of(NULL);
}

static bool connect(struct ms_sql *q, struct ms_sql_error *error)
{
    static const char *const no_modules[] = {NULL};
    const char *files = ms_sql_memory_files();
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX |
                SQLITE_OPEN_PRIVATECACHE;

    if (files == NULL)
        return fail(error, "internal", -1, "SQLite could not be started");
    int rc = sqlite3_open_v2(":memory:", &q->db, flags, files);
    if (rc == SQLITE_OK)
        rc = sqlite3_drop_modules(q->db, (const char **)no_modules);
    // To sort, files are wanted (ours), whatever SQLite was built for.
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(q->db, "PRAGMA temp_store=1;PRAGMA cache_size=-512",
                          NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = ms_sql_register_tables(q);
    if (rc == SQLITE_OK)
        rc = ms_sql_guard(q);
    return rc == SQLITE_OK || fail_sqlite(q, error, rc);
}

// Whether nothing but blanks and comments follows: SQLite would see nothing.
static bool nothing_follows(struct ms_sql *q, const char *tail)
{
    sqlite3_stmt *more = NULL;
    bool nothing;

    while (*tail != '\0') {
        const char *next = tail;
        int rc = sqlite3_prepare_v2(q->db, tail, -1, &more, &next);
        nothing = rc == SQLITE_OK && more == NULL && next > tail;
        sqlite3_finalize(more);
        if (!nothing)
            return false;
        tail = next;
    }
    return true;
}

static bool prepare(struct ms_sql *q, const char *sql,
                    struct ms_sql_error *error)
{
    const char *tail = NULL;

    if (strlen(sql) > MS_SQL_TEXT_BYTES)
        return fail(error, "too_large", -1, "a query may have 65,536 bytes");
    int rc = sqlite3_prepare_v3(q->db, sql, -1, 0, &q->statement, &tail);
    if (rc != SQLITE_OK)
        return fail_sqlite(q, error, rc);
    if (q->statement == NULL)
        return fail(error, "bad_query", 0, "there is no statement in it");
    if (!nothing_follows(q, tail))
        return fail(error, "bad_query", (int)(tail - sql),
                    "one statement at a time");
    if (!sqlite3_stmt_readonly(q->statement) ||
        sqlite3_stmt_isexplain(q->statement) != 0 ||
        sqlite3_column_count(q->statement) == 0)
        return fail(error, "not_allowed", 0,
                    "a query can only read: SELECT, WITH, VALUES");
    for (unsigned i = 0; i < MS_SQL_TABLES; i++) {
        char text[120];
        if ((q->used >> i & 1) == 0 ||
            ms_sql_cut_keeps(&q->cut, (enum ms_sql_table)i))
            continue;
        snprintf(text, sizeof text, "a snapshot keeps no table %s",
                 ms_sql_tables[i].name);
        return fail(error, "not_kept", -1, text);
    }
    return true;
}

static int bind_value(sqlite3_stmt *s, int at, const struct ms_sql_value *v)
{
    switch (v->type) {
    case MS_SQL_INTEGER:
        return sqlite3_bind_int64(s, at, v->integer);
    case MS_SQL_REAL:
        return sqlite3_bind_double(s, at, v->real);
    case MS_SQL_STRING:
        return sqlite3_bind_text64(s, at, v->text, v->text_bytes,
                                   SQLITE_TRANSIENT, SQLITE_UTF8);
    default:
        return sqlite3_bind_null(s, at);
    }
}

// Every parameter must be given, and every one given must be one.
static bool bind(struct ms_sql *q, const struct ms_sql_request *r,
                 struct ms_sql_error *error)
{
    int wanted = sqlite3_bind_parameter_count(q->statement);
    bool given[MS_SQL_PARAMETERS + 1] = {false};
    char text[200];

    for (size_t i = 0; i < r->parameter_count; i++) {
        int at = 0;
        for (int k = 1; at == 0 && k <= wanted; k++) {
            const char *name = sqlite3_bind_parameter_name(q->statement, k);
            if (name != NULL && strcmp(name + 1, r->parameters[i].name) == 0)
                at = k;
        }
        if (at == 0) {
            snprintf(text, sizeof text, "the query has no parameter :%.100s",
                     r->parameters[i].name);
            return fail(error, "bad_query", -1, text);
        }
        int rc = bind_value(q->statement, at, &r->parameters[i].value);
        if (rc != SQLITE_OK)
            return fail_sqlite(q, error, rc);
        given[at] = true;
    }
    for (int k = 1; k <= wanted; k++) {
        const char *name = sqlite3_bind_parameter_name(q->statement, k);
        if (given[k])
            continue;
        snprintf(text, sizeof text, "parameter %.100s is not given",
                 name != NULL ? name : "?");
        return fail(error, "bad_query", -1, text);
    }
    return true;
}

bool ms_sql_open(struct ms_engine *engine, const struct ms_sql_request *r,
                 struct ms_sql **out, struct ms_sql_error *error)
{
    struct ms_sql *q = calloc(1, sizeof *q);

    *out = NULL;
    if (q == NULL)
        return fail_status(error, MEMSCOPE_ERROR_MEMORY);
    const struct ms_sql_limits *l = &r->limits;
    q->time_left_ns = l->time_ns != 0 ? l->time_ns : TIME_DEFAULT_NS;
    q->rows_left = l->rows != 0 ? l->rows : ROWS_DEFAULT;
    q->memory_left = l->memory_bytes != 0 ? l->memory_bytes : MEMORY_DEFAULT;
    q->cancelled = r->cancelled;
    q->arg = r->arg;
    enum memscope_status status =
        ms_sql_cut_open(&q->cut, engine, r->session, r->snapshot);
    if (status != MEMSCOPE_OK) {
        free(q);
        return fail_status(error, status);
    }
    begin_work(q);
    bool good = ms_sql_expired(q)
                    ? fail_sqlite(q, error, SQLITE_INTERRUPT)
                    : connect(q, error) && prepare(q, r->sql, error) &&
                          bind(q, r, error);
    if (good) {
        status = ms_sql_cut_take(&q->cut, q->used);
        good = status == MEMSCOPE_OK || fail_status(error, status);
    }
    end_work(q);
    if (!good) {
        ms_sql_close(q);
        return false;
    }
    *out = q;
    return true;
}

enum ms_sql_step ms_sql_step(struct ms_sql *q, struct ms_sql_error *error)
{
    begin_work(q);
    int rc = sqlite3_step(q->statement);
    end_work(q);
    if (rc == SQLITE_DONE)
        return MS_SQL_DONE;
    if (rc != SQLITE_ROW) {
        (void)fail_sqlite(q, error, rc);
        return MS_SQL_FAILED;
    }
    if (q->rows_left == 0) {
        q->truncated = true;
        return MS_SQL_DONE;
    }
    q->rows_left--;
    return MS_SQL_ROW;
}

void ms_sql_close(struct ms_sql *q)
{
    if (q == NULL)
        return;
    ms_sql_memory_files_of(q);
    sqlite3_finalize(q->statement);
    sqlite3_close(q->db);
    ms_sql_memory_files_of(NULL);
    ms_sql_cut_close(&q->cut);
    free(q);
}

bool ms_sql_truncated(const struct ms_sql *q)
{
    return q->truncated;
}

uint32_t ms_sql_session(const struct ms_sql *q)
{
    return q->cut.stats.session;
}

uint64_t ms_sql_seq(const struct ms_sql *q)
{
    return q->cut.stats.seq;
}

size_t ms_sql_unnamed(const struct ms_sql *q)
{
    return q->cut.unnamed;
}
