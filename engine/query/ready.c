// SPDX-License-Identifier: MIT
//
// The ready-made queries, and their parameters. See engine/sql.h.

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/sql.h"

#define LIMIT                                                                  \
    {                                                                          \
        "limit", "integer", "count", "20"                                      \
    }
#define BLOCK_COLUMNS                                                          \
    "SELECT a.address, a.size, a.age_ns, a.variable, a.type, s.function, "     \
    "s.file, s.line, t.name AS thread_name "                                   \
    "FROM allocations a LEFT JOIN sites s ON s.id = a.site "                   \
    "LEFT JOIN threads t ON t.id = a.thread "
#define GROUP_COLUMNS                                                          \
    "SELECT name, live_bytes, live_blocks, alloc_bytes, alloc_count, "         \
    "free_count"

const struct ms_ready_query ms_ready_queries[] = {
    {.name = "top_allocations",
     .description = "the largest live blocks",
     .sql = BLOCK_COLUMNS "ORDER BY a.size DESC LIMIT :limit",
     .parameters = {LIMIT},
     .live_only = true},
    {.name = "top_sites",
     .description = "the call sites with the most live bytes",
     .sql = "SELECT id, function, file, line, module, live_bytes, "
            "live_blocks, alloc_count, mean_lifetime_ns FROM sites "
            "ORDER BY live_bytes DESC LIMIT :limit",
     .parameters = {LIMIT}},
    {.name = "top_stacks",
     .description = "the call stacks with the most live bytes",
     .sql = "SELECT k.id, k.live_bytes, k.live_blocks, k.alloc_count, "
            "(SELECT group_concat(function, ' < ') FROM (SELECT function FROM "
            "frames WHERE stack = k.id ORDER BY depth LIMIT 16)) AS frames "
            "FROM (SELECT * FROM stacks ORDER BY live_bytes DESC LIMIT "
            ":limit) k",
     .parameters = {LIMIT}},
    {.name = "by_thread",
     .description = "what each thread has allocated and still holds",
     .sql = "SELECT id, tid, name, live_bytes, live_blocks, alloc_bytes, "
            "alloc_count, free_count, cross_frees FROM threads "
            "ORDER BY live_bytes DESC LIMIT :limit",
     .parameters = {LIMIT}},
    {.name = "by_variable",
     .description = "live blocks by the variable that they were tagged with",
     .sql = "SELECT variable, sum(size) AS live_bytes, count(*) AS "
            "live_blocks, max(size) AS largest_bytes FROM allocations "
            "WHERE variable <> '' GROUP BY variable "
            "ORDER BY live_bytes DESC LIMIT :limit",
     .parameters = {LIMIT},
     .live_only = true},
    {.name = "by_type",
     .description = "live blocks by type",
     .sql = "SELECT name, live_bytes, live_blocks FROM types "
            "ORDER BY live_bytes DESC LIMIT :limit",
     .parameters = {LIMIT},
     .live_only = true},
    {.name = "by_scope",
     .description = "what was allocated in each scope",
     .sql = GROUP_COLUMNS " FROM scopes ORDER BY live_bytes DESC LIMIT :limit",
     .parameters = {LIMIT},
     .live_only = true},
    {.name = "by_task",
     .description = "what was allocated in each task",
     .sql = GROUP_COLUMNS ", hops FROM tasks "
                          "ORDER BY live_bytes DESC LIMIT :limit",
     .parameters = {LIMIT},
     .live_only = true},
    {.name = "by_pool",
     .description = "what was allocated out of each pool",
     .sql = GROUP_COLUMNS " FROM pools ORDER BY live_bytes DESC LIMIT :limit",
     .parameters = {LIMIT},
     .live_only = true},
    {.name = "by_module",
     .description = "what each program file and library has allocated",
     .sql = "SELECT module, count(*) AS sites, sum(live_bytes) AS live_bytes, "
            "sum(live_blocks) AS live_blocks, sum(alloc_bytes) AS "
            "alloc_bytes, sum(alloc_count) AS alloc_count FROM sites "
            "GROUP BY module ORDER BY live_bytes DESC LIMIT :limit",
     .parameters = {LIMIT}},
    {.name = "by_size",
     .description = "live blocks by size: the sizes that hold the most bytes",
     .sql = "SELECT size, count(*) AS live_blocks, sum(size) AS live_bytes "
            "FROM allocations GROUP BY size "
            "ORDER BY live_bytes DESC LIMIT :limit",
     .parameters = {LIMIT},
     .live_only = true},
    {.name = "larger_than",
     .description = "live blocks larger than so many bytes",
     .sql = BLOCK_COLUMNS "WHERE a.size > :bytes "
                          "ORDER BY a.size DESC LIMIT :limit",
     .parameters = {{"bytes", "integer", "bytes", "65536"}, LIMIT},
     .live_only = true},
    {.name = "older_than",
     .description = "live blocks older than a time, the oldest first",
     .sql = BLOCK_COLUMNS "WHERE a.age_ns > :age_ns "
                          "ORDER BY a.age_ns DESC LIMIT :limit",
     .parameters = {{"age_ns", "integer", "ns", "60000000000"}, LIMIT},
     .live_only = true},
    {.name = "time_range",
     .description = "live blocks that were allocated between two moments, "
                    "counted from the start of the program",
     .sql = BLOCK_COLUMNS "WHERE a.birth_ns >= :from_ns AND a.birth_ns < "
                          ":to_ns ORDER BY a.birth_ns LIMIT :limit",
     .parameters = {{"from_ns", "integer", "ns", "0"},
                    {"to_ns", "integer", "ns", NULL},
                    LIMIT},
     .live_only = true},
    {.name = "leaked",
     .description = "by call site: blocks never freed by a program that has "
                    "ended; of one that runs, those older than a time",
     .sql = "SELECT s.function, s.file, s.line, count(*) AS leaked_blocks, "
            "sum(a.size) AS leaked_bytes, max(a.age_ns) AS oldest_ns "
            "FROM allocations a LEFT JOIN sites s ON s.id = a.site "
            "WHERE a.age_ns > :age_ns OR (SELECT ended FROM stats) "
            "GROUP BY a.site ORDER BY leaked_bytes DESC LIMIT :limit",
     .parameters = {{"age_ns", "integer", "ns", "60000000000"}, LIMIT},
     .live_only = true},
    {.name = "growing",
     .description = "the call sites that have grown the most in a minute",
     .sql = "SELECT id, function, file, line, delta_bytes, live_bytes, "
            "live_blocks FROM sites WHERE delta_bytes > 0 "
            "ORDER BY delta_bytes DESC LIMIT :limit",
     .parameters = {LIMIT}},
    {.name = "busiest",
     .description = "the call sites that allocate most often just now",
     .sql = "SELECT id, function, file, line, alloc_count_rate, "
            "free_count_rate, live_bytes FROM sites "
            "ORDER BY alloc_count_rate DESC LIMIT :limit",
     .parameters = {LIMIT}},
    {.name = "temporary",
     .description = "the call sites whose blocks are freed at once",
     .sql = "SELECT id, function, file, line, temporary_count, alloc_count, "
            "100.0 * temporary_count / alloc_count AS temporary_percent "
            "FROM sites WHERE temporary_count > 0 "
            "ORDER BY temporary_count DESC LIMIT :limit",
     .parameters = {LIMIT}},
    {.name = "block",
     .description = "the live block at an address",
     .sql = BLOCK_COLUMNS "WHERE a.address = :address",
     .parameters = {{"address", "address", "address", NULL}},
     .live_only = true},
    {.name = "recent_events",
     .description = "the last events of one thread, the newest first",
     .sql = "SELECT e.number, e.operation, e.address, e.time_ns, s.function, "
            "s.file, s.line FROM events_recent e LEFT JOIN sites s ON s.id = "
            "e.site WHERE e.thread = :thread "
            "ORDER BY e.number DESC LIMIT :limit",
     .parameters = {{"thread", "integer", "", "1"}, LIMIT},
     .live_only = true},
    {.name = NULL},
};

const struct ms_ready_query *ms_ready_find(const char *name)
{
    for (const struct ms_ready_query *q = ms_ready_queries; q->name != NULL;
         q++)
        if (strcmp(q->name, name) == 0)
            return q;
    return NULL;
}

static bool fail(struct ms_sql_error *error, const char *what, const char *name,
                 const char *how)
{
    error->code = "bad_query";
    error->offset = -1;
    snprintf(error->message, sizeof error->message, "%s %s %s", what, name,
             how);
    return false;
}

// A text as a value of a type. False: it is none.
static bool parse(const char *text, const char *type, struct ms_sql_value *out)
{
    char *end;

    *out = (struct ms_sql_value){.type = MS_SQL_STRING, .text = text};
    out->text_bytes = strlen(text);
    if (strcmp(type, "text") == 0)
        return true;
    errno = 0;
    if (strcmp(type, "real") == 0) {
        out->type = MS_SQL_REAL;
        out->real = strtod(text, &end);
    } else {
        out->type = MS_SQL_INTEGER;
        bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
        out->integer = strtoll(text, &end, hex ? 16 : 10);
    }
    return end != text && *end == '\0' && errno == 0;
}

// Makes a value of the type that a parameter has. False: it is of another.
static bool convert(const struct ms_ready_parameter *p,
                    const struct ms_sql_value *from, struct ms_sql_value *out)
{
    *out = *from;
    if (from->type == MS_SQL_STRING)
        return strlen(from->text) == from->text_bytes &&
               parse(from->text, p->type, out);
    if (strcmp(p->type, "real") == 0 && from->type == MS_SQL_INTEGER) {
        out->type = MS_SQL_REAL;
        out->real = (double)from->integer;
        return true;
    }
    return strcmp(p->type, "real") == 0   ? from->type == MS_SQL_REAL
           : strcmp(p->type, "text") == 0 ? false
                                          : from->type == MS_SQL_INTEGER;
}

bool ms_ready_parameters(const struct ms_ready_query *query,
                         const struct ms_sql_parameter *given, size_t count,
                         struct ms_sql_parameter *out, size_t *out_count,
                         struct ms_sql_error *error)
{
    size_t used = 0;

    *out_count = 0;
    for (const struct ms_ready_parameter *p = query->parameters;
         p->name != NULL; p++) {
        struct ms_sql_parameter *to = &out[(*out_count)++];
        const struct ms_sql_parameter *from = NULL;
        for (size_t i = 0; i < count; i++)
            if (strcmp(given[i].name, p->name) == 0)
                from = &given[i];
        to->name = p->name;
        if (from != NULL) {
            used++;
            if (!convert(p, &from->value, &to->value))
                return fail(error, "parameter", p->name, "is of another type");
        } else if (p->otherwise == NULL) {
            return fail(error, "parameter", p->name, "is not given");
        } else if (!parse(p->otherwise, p->type, &to->value)) {
            return fail(error, "parameter", p->name, "has no default");
        }
    }
    if (used != count)
        return fail(error, "query", query->name, "has no such parameter");
    return true;
}
