// SPDX-License-Identifier: MIT
// See query/query.h for the contract: the virtual tables. One module serves
// them all: rows are C structs, columns their fields. Comparisons of numbers
// are made here (plan.c), before SQLite sees a row; it makes them again, so
// that what is not understood here costs time and no more.

#include <stdlib.h>

#include "query/plan.h"

static int declare(sqlite3 *db, const struct ms_table *t)
{
    sqlite3_str *text = sqlite3_str_new(db);

    sqlite3_str_appendf(text, "CREATE TABLE x(");
    for (size_t i = 0; i < t->column_count; i++) {
        const struct ms_column *c = &t->columns[i];
        const char *type = c->kind <= MS_COLUMN_LAST_NUMBER ? "INTEGER"
                           : c->kind == MS_COLUMN_DOUBLE    ? "REAL"
                                                            : "TEXT";
        sqlite3_str_appendf(text, "%s\"%w\" %s %s", i == 0 ? "" : ", ", c->name,
                            type, c->unit);
    }
    sqlite3_str_appendf(text, ")");
    char *sql = sqlite3_str_finish(text);
    if (sql == NULL)
        return SQLITE_NOMEM;
    int rc = sqlite3_declare_vtab(db, sql);
    sqlite3_free(sql);
    return rc;
}

static int connect(sqlite3 *db, void *arg, int argc, const char *const *argv,
                   sqlite3_vtab **out, char **error)
{
    struct ms_sql_module *m = arg;

    (void)argc;
    (void)argv;
    (void)error;
    m->query->declaring = true;
    int rc = declare(db, &ms_sql_tables[m->table]);
    m->query->declaring = false;
    if (rc != SQLITE_OK)
        return rc;
    struct ms_vtab_table *t = calloc(1, sizeof *t);
    if (t == NULL)
        return SQLITE_NOMEM;
    t->query = m->query;
    t->table = &ms_sql_tables[m->table];
    t->number = m->table;
    *out = &t->base;
    return SQLITE_OK;
}

static int disconnect(sqlite3_vtab *vtab)
{
    free(vtab);
    return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out)
{
    struct ms_vtab_cursor *c = calloc(1, sizeof *c);

    (void)vtab;
    if (c == NULL)
        return SQLITE_NOMEM;
    *out = &c->base;
    return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *base)
{
    struct ms_vtab_cursor *c = (struct ms_vtab_cursor *)base;

    ms_block_rows_destroy(c->blocks);
    free(c);
    return SQLITE_OK;
}

static const void *next_row(struct ms_vtab_cursor *c)
{
    struct ms_vtab_table *t = (struct ms_vtab_table *)c->base.pVtab;

    if (c->blocks != NULL)
        return ms_block_rows_next(c->blocks);
    if (t->number == MS_TABLE_FRAMES)
        return ms_frame_rows_next(&c->frames);
    if (c->at == c->end)
        return NULL;
    return c->rows + c->at++ * t->table->row_bytes;
}

static int next(sqlite3_vtab_cursor *base)
{
    struct ms_vtab_cursor *c = (struct ms_vtab_cursor *)base;
    struct ms_vtab_table *t = (struct ms_vtab_table *)base->pVtab;
    unsigned left_out = 0;

    do {
        if (++left_out % 4096 == 0 && ms_sql_expired(t->query))
            return SQLITE_INTERRUPT;
        c->row = next_row(c);
        c->number++;
    } while (c->row != NULL && !ms_cursor_matches(c));
    if (t->query->timed_out || t->query->was_cancelled)
        return SQLITE_INTERRUPT;
    return SQLITE_OK;
}

static int begin(struct ms_vtab_cursor *c, struct ms_vtab_table *t, bool labels)
{
    struct ms_sql_cut *cut = &t->query->cut;
    size_t count = cut->tables[t->number].count;
    uint64_t low = 0, high = UINT64_MAX;

    ms_block_rows_destroy(c->blocks);
    c->blocks = NULL;
    if (ms_table_is_ordered(t))
        ms_cursor_key_range(c, t, &low, &high);
    if (t->number == MS_TABLE_ALLOCATIONS) {
        c->blocks = ms_block_rows_create(t->query, low, high, labels);
        return c->blocks != NULL ? SQLITE_OK : SQLITE_NOMEM;
    }
    // A frame's key is its stack's.
    const struct ms_table *keys = t->table;
    c->rows = cut->tables[t->number].rows;
    if (t->number == MS_TABLE_FRAMES) {
        keys = &ms_sql_tables[MS_TABLE_STACKS];
        c->rows = (const char *)cut->stacks.rows;
        count = cut->stacks.row_count;
    }
    c->at = 0;
    c->end = count;
    if (low != 0)
        c->at = ms_table_lower_bound(keys, c->rows, count, low);
    if (high < INT64_MAX)
        c->end =
            ms_table_lower_bound(keys, c->rows, count, (long double)high + 1);
    if (c->end < c->at)
        c->end = c->at;
    if (t->number == MS_TABLE_FRAMES)
        c->frames = (struct ms_frame_rows){.engine = cut->snapshot != NULL
                                                         ? cut->snapshot->engine
                                                         : cut->engine,
                                           .stacks = &cut->stacks,
                                           .stack = c->at,
                                           .end = c->end};
    return SQLITE_OK;
}

static int filter(sqlite3_vtab_cursor *base, int number, const char *plan,
                  int argc, sqlite3_value **argv)
{
    struct ms_vtab_cursor *c = (struct ms_vtab_cursor *)base;
    struct ms_vtab_table *t = (struct ms_vtab_table *)base->pVtab;

    c->constraint_count = 0;
    for (int i = 0; i < argc; i++, plan += 2) {
        struct ms_vtab_constraint *k = &c->constraints[c->constraint_count];
        int type = sqlite3_value_type(argv[i]);
        k->column = &t->table->columns[plan[0] - '0'];
        k->op = (unsigned char)plan[1];
        // Texts are left to SQLite, which may make a number of them.
        if (type == SQLITE_INTEGER)
            k->value = sqlite3_value_int64(argv[i]);
        else if (type == SQLITE_FLOAT)
            k->value = sqlite3_value_double(argv[i]);
        else
            continue;
        c->constraint_count++;
    }
    c->number = 0;
    int rc = begin(c, t, number == MS_PLAN_LABELS);
    return rc == SQLITE_OK ? next(base) : rc;
}

static int at_end(sqlite3_vtab_cursor *base)
{
    return ((struct ms_vtab_cursor *)base)->row == NULL;
}

static void give_protection(sqlite3_context *out,
                            const struct ms_mapping_row *r)
{
    char text[] = {r->readable ? 'r' : '-', r->writable ? 'w' : '-',
                   r->executable ? 'x' : '-', r->shared ? 's' : 'p', '\0'};

    sqlite3_result_text(out, text, -1, SQLITE_TRANSIENT);
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *out, int i)
{
    struct ms_vtab_cursor *c = (struct ms_vtab_cursor *)base;
    struct ms_vtab_table *t = (struct ms_vtab_table *)base->pVtab;
    const struct ms_column *col = &t->table->columns[i];
    const char *at = (const char *)c->row + col->offset;
    long double n;

    switch (col->kind) {
    case MS_COLUMN_POINTER:
        // Such texts outlive the statement, others are made on the way.
        sqlite3_result_text(out, *(const char *const *)(const void *)at, -1,
                            SQLITE_STATIC);
        break;
    case MS_COLUMN_INLINE:
        sqlite3_result_text(out, at, -1, SQLITE_TRANSIENT);
        break;
    case MS_COLUMN_LETTER:
        sqlite3_result_text(out, at, 1, SQLITE_TRANSIENT);
        break;
    case MS_COLUMN_PROTECTION:
        give_protection(out, c->row);
        break;
    case MS_COLUMN_DOUBLE: // NaN becomes NULL
        sqlite3_result_double(out, *(const double *)(const void *)at);
        break;
    default:
        if (ms_column_number(col, c->row, &n))
            sqlite3_result_int64(out, (sqlite3_int64)n);
    }
    return SQLITE_OK;
}

static int row_id(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
    *out = ((struct ms_vtab_cursor *)base)->number;
    return SQLITE_OK;
}

int ms_sql_register_tables(struct ms_sql *q)
{
    // Without xCreate: each name is a table by itself.
    static const sqlite3_module module = {
        .iVersion = 2,
        .xConnect = connect,
        .xBestIndex = ms_table_best_index,
        .xDisconnect = disconnect,
        .xOpen = open_cursor,
        .xClose = close_cursor,
        .xFilter = filter,
        .xNext = next,
        .xEof = at_end,
        .xColumn = column,
        .xRowid = row_id,
    };
    int rc = SQLITE_OK;

    for (unsigned i = 0; rc == SQLITE_OK && i < MS_SQL_TABLES; i++) {
        q->modules[i] = (struct ms_sql_module){q, (enum ms_sql_table)i};
        rc = sqlite3_create_module_v2(q->db, ms_sql_tables[i].name, &module,
                                      &q->modules[i], NULL);
    }
    return rc;
}
