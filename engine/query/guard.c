// SPDX-License-Identifier: MIT
// See query/query.h for the contract: what a query may do, and for how long.
// Settings of the connection only: in a linked program SQLite may be the
// program's own as well.

#include <string.h>
#include <strings.h>

#include "platform/clock.h"
#include "query/query.h"

#define STEPS_BETWEEN 1000     // of SQLite's machine, between two looks
#define ASK_AFTER_NS 10000000u // between two questions whether to go on

bool ms_sql_expired(struct ms_sql *q)
{
    uint64_t now = ms_clock_monotonic_ns();

    if (now >= q->deadline_ns)
        q->timed_out = true;
    if (q->cancelled != NULL && now >= q->ask_ns) {
        q->ask_ns = now + ASK_AFTER_NS;
        q->was_cancelled |= q->cancelled(q->arg);
    }
    return q->timed_out || q->was_cancelled;
}

static int look_up(void *arg)
{
    return ms_sql_expired(arg);
}

// The number of a table by its name; MS_SQL_TABLES: none such.
static unsigned table_number(const char *name)
{
    unsigned i = 0;

    while (i < MS_SQL_TABLES &&
           sqlite3_stricmp(ms_sql_tables[i].name, name) != 0)
        i++;
    return i;
}

static int deny(struct ms_sql *q, const char *what)
{
    if (q->denied == NULL)
        q->denied = what;
    return SQLITE_DENY;
}

static int read_table(struct ms_sql *q, const char *name)
{
    unsigned table = table_number(name);

    if (table < MS_SQL_TABLES) {
        q->used |= 1u << table;
        return SQLITE_OK;
    }
    // What else has a name is a part of the query itself.
    if (strncasecmp(name, "sqlite_", 7) == 0 ||
        strncasecmp(name, "pragma_", 7) == 0)
        return deny(q, "SQLite's own tables are not for queries");
    return SQLITE_OK;
}

static int authorize(void *arg, int action, const char *a, const char *b,
                     const char *database, const char *inner)
{
    struct ms_sql *q = arg;

    (void)database;
    (void)inner;
    if (q->declaring)
        return SQLITE_OK;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_READ:
        return read_table(q, a != NULL ? a : "");
    case SQLITE_FUNCTION:
        if (b != NULL && sqlite3_stricmp(b, "load_extension") == 0)
            return deny(q, "extensions are not loaded");
        return SQLITE_OK;
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
        return deny(q, "no other database can be attached");
    case SQLITE_PRAGMA:
        return deny(q, "PRAGMA is not for queries");
    default:
        return deny(q, "a query can only read: SELECT, WITH, VALUES");
    }
}

static int set_limits(sqlite3 *db)
{
    static const struct {
        int what, most;
    } limits[] = {
        // Of a text or a row. What one function does with two such texts
        // cannot be interrupted, and takes the square of it at worst.
        {SQLITE_LIMIT_LENGTH, 100000},
        {SQLITE_LIMIT_SQL_LENGTH, MS_SQL_TEXT_BYTES},
        {SQLITE_LIMIT_COLUMN, MS_SQL_COLUMNS},
        {SQLITE_LIMIT_EXPR_DEPTH, 100},
        {SQLITE_LIMIT_COMPOUND_SELECT, 50},
        {SQLITE_LIMIT_VDBE_OP, 100000},
        {SQLITE_LIMIT_FUNCTION_ARG, 32},
        {SQLITE_LIMIT_ATTACHED, 0},
        {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 100},
        {SQLITE_LIMIT_VARIABLE_NUMBER, MS_SQL_PARAMETERS},
        {SQLITE_LIMIT_TRIGGER_DEPTH, 1},
        {SQLITE_LIMIT_WORKER_THREADS, 0},
    };
    static const struct {
        int what, value;
    } settings[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},
        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
        {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
        {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
        {SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0},
        {SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0},
        {SQLITE_DBCONFIG_DQS_DDL, 0},
        {SQLITE_DBCONFIG_DQS_DML, 0}, // "x" is a column, never a text
    };
    int rc = SQLITE_OK;

    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        sqlite3_limit(db, limits[i].what, limits[i].most);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (rc == SQLITE_OK)
            rc = sqlite3_db_config(db, settings[i].what, settings[i].value,
                                   NULL);
    return rc;
}

int ms_sql_guard(struct ms_sql *q)
{
    int rc = set_limits(q->db);

    sqlite3_progress_handler(q->db, STEPS_BETWEEN, look_up, q);
    if (rc == SQLITE_OK)
        rc = sqlite3_set_authorizer(q->db, authorize, q);
    return rc;
}
