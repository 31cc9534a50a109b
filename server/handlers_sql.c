// SPDX-License-Identifier: MIT
//
// handlers_sql: queries, ready-made and in SQL. See docs/PROTOCOL.md.

#include <string.h>

#include "engine/sql.h"
#include "routes.h"

#define ROWS_MOST 100000

static json_t *text_or_null(const char *text)
{
    return text == NULL || text[0] == '\0' ? json_null() : json_string(text);
}

static json_t *render_ready(const struct ms_ready_query *q)
{
    json_t *parameters = json_array();

    for (const struct ms_ready_parameter *p = q->parameters; p->name != NULL;
         p++)
        json_array_append_new(
            parameters,
            json_pack("{s:s,s:s,s:o,s:o}", "name", p->name, "type", p->type,
                      "unit", text_or_null(p->unit), "default",
                      p->otherwise != NULL ? json_string(p->otherwise)
                                           : json_null()));
    return json_pack("{s:s,s:s,s:s,s:b,s:o}", "name", q->name, "description",
                     q->description, "sql", q->sql, "live_only", q->live_only,
                     "parameters", parameters);
}

static json_t *render_table(const struct ms_sql_table_info *t)
{
    json_t *columns = json_array();

    for (size_t i = 0; i < t->column_count; i++)
        json_array_append_new(
            columns, json_pack("{s:s,s:s,s:o}", "name", t->columns[i].name,
                               "type", ms_sql_type_name(t->columns[i].type),
                               "unit", text_or_null(t->columns[i].unit)));
    return json_pack("{s:s,s:s,s:o}", "name", t->name, "description",
                     t->description, "columns", columns);
}

void ms_handle_queries(struct ms_request *q, struct ms_reply *r)
{
    json_t *queries = json_array(), *tables = json_array();
    struct ms_sql_column columns[MS_SQL_COLUMNS];
    struct ms_sql_table_info table;

    (void)q;
    for (const struct ms_ready_query *ready = ms_ready_queries;
         ready->name != NULL; ready++)
        json_array_append_new(queries, render_ready(ready));
    for (size_t i = 0; ms_sql_table_info(i, &table, columns); i++)
        json_array_append_new(tables, render_table(&table));
    ms_reply_json(r,
                  json_pack("{s:o,s:o}", "queries", queries, "tables", tables));
}

// Addresses are texts in JSON and numbers in SQL: one that is given under such
// a name is a number.
static bool take_address(const char *name, struct ms_sql_value *v)
{
    static const char ending[] = "address";
    size_t n = strlen(name), m = sizeof ending - 1;
    uint64_t address = 0;

    if (v->type != MS_SQL_STRING || n < m || strcmp(name + n - m, ending) != 0)
        return false;
    if (v->text_bytes < 3 || v->text_bytes > 18 || v->text[0] != '0' ||
        v->text[1] != 'x')
        return false;
    for (size_t i = 2; i < v->text_bytes; i++) {
        const char *digits = "0123456789abcdef";
        const char *at = strchr(digits, v->text[i] | 0x20);
        if (at == NULL || v->text[i] == '\0')
            return false;
        address = address << 4 | (uint64_t)(at - digits);
    }
    v->type = MS_SQL_INTEGER;
    v->integer = (int64_t)address;
    return true;
}

static bool take_value(const json_t *from, struct ms_sql_value *out)
{
    *out = (struct ms_sql_value){.type = MS_SQL_NULL};
    switch (json_typeof(from)) {
    case JSON_STRING:
        out->type = MS_SQL_STRING;
        out->text = json_string_value(from);
        out->text_bytes = json_string_length(from);
        return true;
    case JSON_INTEGER:
        out->type = MS_SQL_INTEGER;
        out->integer = json_integer_value(from);
        return true;
    case JSON_REAL:
        out->type = MS_SQL_REAL;
        out->real = json_real_value(from);
        return true;
    case JSON_TRUE:
    case JSON_FALSE:
        out->type = MS_SQL_INTEGER;
        out->integer = json_is_true(from);
        return true;
    case JSON_NULL:
        return true;
    default:
        return false;
    }
}

// False: it has been answered.
static bool take_parameters(json_t *object, struct ms_sql_parameter *out,
                            size_t *count, struct ms_reply *r)
{
    const char *name;
    json_t *value;

    *count = 0;
    json_object_foreach(object, name, value)
    {
        if (*count == MS_SQL_PARAMETERS) {
            ms_reply_error(r, 400, "a query may have 32 parameters");
            return false;
        }
        struct ms_sql_parameter *p = &out[(*count)++];
        p->name = name;
        if (!take_value(value, &p->value)) {
            ms_reply_error(r, 400,
                           "a parameter is a text, a number, a truth value "
                           "or null");
            return false;
        }
    }
    return true;
}

static void reply_sql_error(struct ms_reply *r, unsigned status,
                            const struct ms_sql_error *e)
{
    r->status = status;
    ms_reply_json(r, json_pack("{s:{s:s,s:s,s:n}}", "error", "code", e->code,
                               "message", e->message, "offset"));
    r->status = status;
}

// Fills in the query, ready-made or not. False: it has been answered.
static bool take_query(const char *sql, const char *name,
                       struct ms_sql_parameter *given, size_t count,
                       struct ms_sql_parameter *out,
                       struct ms_sql_request *request, struct ms_reply *r)
{
    struct ms_sql_error error;

    if ((sql == NULL) == (name == NULL)) {
        ms_reply_error(r, 400, "either sql or the name of a query is given");
        return false;
    }
    request->parameters = out;
    request->parameter_count = count;
    if (sql != NULL) {
        request->sql = sql;
        for (size_t i = 0; i < count; i++) {
            out[i] = given[i];
            (void)take_address(out[i].name, &out[i].value);
        }
        return true;
    }
    const struct ms_ready_query *ready = ms_ready_find(name);
    if (ready == NULL) {
        ms_reply_error(r, 404, "there is no query of this name");
        return false;
    }
    request->sql = ready->sql;
    if (ms_ready_parameters(ready, given, count, out, &request->parameter_count,
                            &error))
        return true;
    reply_sql_error(r, 400, &error);
    return false;
}

void ms_handle_query(struct ms_request *q, struct ms_reply *r)
{
    struct ms_sql_parameter given[MS_SQL_PARAMETERS], all[MS_SQL_PARAMETERS];
    struct ms_sql_request request = {0};
    const char *sql = NULL, *name = NULL;
    json_int_t session = 0, snapshot = 0, rows = 0;
    json_t *parameters = NULL;
    json_error_t error;
    size_t count;
    json_t *body =
        json_loadb(q->body, q->body_bytes, JSON_REJECT_DUPLICATES, &error);

    if (!json_is_object(body) ||
        json_unpack_ex(body, &error, 0, "{s?s,s?s,s?o,s?I,s?I,s?I!}", "sql",
                       &sql, "name", &name, "parameters", &parameters,
                       "session", &session, "snapshot", &snapshot, "limit",
                       &rows) != 0 ||
        (parameters != NULL && !json_is_object(parameters)) || session < 0 ||
        session > UINT32_MAX || snapshot < 0 || snapshot > UINT32_MAX ||
        rows < 0 || rows > ROWS_MOST) {
        json_decref(body);
        ms_reply_error(r, 400,
                       "the body is an object with sql or name, and may have "
                       "parameters, session, snapshot, limit (100,000 at "
                       "most)");
        return;
    }
    request.session = (uint32_t)session;
    request.snapshot = (uint32_t)snapshot;
    request.limits.rows = (uint64_t)rows;
    if (!take_parameters(parameters, given, &count, r) ||
        !take_query(sql, name, given, count, all, &request, r)) {
        json_decref(body);
        return;
    }
    // The texts are the body's: the job keeps it.
    r->job = ms_sql_job_create(q->server->sql_jobs, &request, body);
    if (r->job == NULL)
        ms_reply_error(r, 500, "out of memory");
}
