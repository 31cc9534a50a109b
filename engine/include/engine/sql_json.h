// SPDX-License-Identifier: MIT
//
// sql_json: the answer to a query as JSON, piece by piece: a head with the
// columns, rows, a tail. Each function adds to `text`, which the caller empties
// when he likes. The thread of the query.

#ifndef MS_ENGINE_SQL_JSON_H
#define MS_ENGINE_SQL_JSON_H

#include "engine/sql.h"

struct ms_sql_json {
    char *text;
    size_t bytes, room;
    bool failed; // out of memory
    size_t rows; // so far
    bool is_address[MS_SQL_COLUMNS];
};

// ms_sql_json_head is for after the first step: `has_row` says whether there
// is a row, which then tells the types of expressions.
void ms_sql_json_head(struct ms_sql_json *out, const struct ms_sql *q,
                      bool has_row);
void ms_sql_json_row(struct ms_sql_json *out, const struct ms_sql *q);

// ms_sql_json_tail ends it. `truncated`: rows were left out. `error`: what went
// wrong after some rows; or NULL.
void ms_sql_json_tail(struct ms_sql_json *out, bool truncated,
                      uint64_t elapsed_ns, const struct ms_sql_error *error);

// ms_sql_json_error is an answer that is an error and nothing else.
void ms_sql_json_error(struct ms_sql_json *out,
                       const struct ms_sql_error *error);
void ms_sql_json_fini(struct ms_sql_json *out);

#endif
