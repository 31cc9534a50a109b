// SPDX-License-Identifier: MIT
// See engine/sql.h for the contract: what comes out of a query, and what there
// is to ask.

#include <string.h>

#include "query/query.h"

const char *ms_sql_type_name(enum ms_sql_type type)
{
    static const char *const names[] = {
        [MS_SQL_NULL] = "null",
        [MS_SQL_INTEGER] = "integer",
        [MS_SQL_REAL] = "real",
        [MS_SQL_STRING] = "text",
    };

    return names[type];
}

size_t ms_sql_column_count(const struct ms_sql *q)
{
    return (size_t)sqlite3_column_count(q->statement);
}

static bool ends_with(const char *text, const char *end)
{
    size_t a = strlen(text), b = strlen(end);

    return a >= b && strcmp(text + a - b, end) == 0;
}

// An expression has no unit but by its name.
static const char *unit_of_name(const char *name)
{
    static const char *const ends[][2] = {
        {"_bytes", "bytes"},     {"_blocks", "count"},    {"_count", "count"},
        {"_ns", "ns"},           {"_ms", "ms"},           {"bytes", "bytes"},
        {"_address", "address"}, {"_percent", "percent"}, {"blocks", "count"},
        {"address", "address"},  {"count", "count"},
    };

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends_with(name, ends[i][0]))
            return ends[i][1];
    return "";
}

void ms_sql_column(const struct ms_sql *q, size_t i, struct ms_sql_column *out)
{
    const char *name = sqlite3_column_name(q->statement, (int)i);
    const char *declared = sqlite3_column_decltype(q->statement, (int)i);
    const char *unit = declared != NULL ? strchr(declared, ' ') : NULL;

    *out = (struct ms_sql_column){
        .name = name != NULL ? name : "",
        .unit = "",
        .type = declared == NULL     ? MS_SQL_NULL
                : declared[0] == 'I' ? MS_SQL_INTEGER
                : declared[0] == 'R' ? MS_SQL_REAL
                                     : MS_SQL_STRING,
    };
    if (unit != NULL)
        out->unit = unit + 1;
    else if (declared == NULL)
        out->unit = unit_of_name(out->name);
}

void ms_sql_value(const struct ms_sql *q, size_t column,
                  struct ms_sql_value *out)
{
    sqlite3_stmt *s = q->statement;
    int i = (int)column;

    *out = (struct ms_sql_value){.type = MS_SQL_NULL};
    switch (sqlite3_column_type(s, i)) {
    case SQLITE_INTEGER:
        out->type = MS_SQL_INTEGER;
        out->integer = sqlite3_column_int64(s, i);
        break;
    case SQLITE_FLOAT:
        out->type = MS_SQL_REAL;
        out->real = sqlite3_column_double(s, i);
        break;
    case SQLITE_TEXT:
        out->type = MS_SQL_STRING;
        out->text = (const char *)sqlite3_column_text(s, i);
        out->text_bytes = (size_t)sqlite3_column_bytes(s, i);
        break;
    case SQLITE_BLOB: // its bytes, as a text
        out->type = MS_SQL_STRING;
        out->text = sqlite3_column_blob(s, i);
        out->text_bytes = (size_t)sqlite3_column_bytes(s, i);
        break;
    default:
        break;
    }
    if (out->type == MS_SQL_STRING && out->text == NULL)
        out->text = "";
}

bool ms_sql_table_info(size_t n, struct ms_sql_table_info *out,
                       struct ms_sql_column *columns)
{
    if (n >= MS_SQL_TABLES)
        return false;
    const struct ms_table *t = &ms_sql_tables[n];
    for (size_t i = 0; i < t->column_count; i++)
        columns[i] = (struct ms_sql_column){
            .name = t->columns[i].name,
            .unit = t->columns[i].unit,
            .type = t->columns[i].kind <= MS_COLUMN_LAST_NUMBER ? MS_SQL_INTEGER
                    : t->columns[i].kind == MS_COLUMN_DOUBLE    ? MS_SQL_REAL
                                                                : MS_SQL_STRING,
        };
    *out = (struct ms_sql_table_info){
        .name = t->name,
        .description = t->description,
        .columns = columns,
        .column_count = t->column_count,
    };
    return true;
}
