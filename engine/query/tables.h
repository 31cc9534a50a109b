// SPDX-License-Identifier: MIT
//
// tables: what the tables of a query look like: each is rows of one C struct,
// each column a field of it. Constant.

#ifndef MS_ENGINE_QUERY_TABLES_H
#define MS_ENGINE_QUERY_TABLES_H

#include "query/cut.h"

enum ms_column_kind {
    MS_COLUMN_U32,
    MS_COLUMN_U64,      // UINT64_MAX: NULL
    MS_COLUMN_NONZERO,  // the same, and 0: NULL
    MS_COLUMN_NS_AS_MS, // a time in ns, shown in ms
    MS_COLUMN_BOOL,
    MS_COLUMN_LAST_NUMBER = MS_COLUMN_BOOL, // those before are integers
    MS_COLUMN_DOUBLE,                       // NaN: NULL
    MS_COLUMN_POINTER,                      // const char *
    MS_COLUMN_INLINE,                       // char[]
    MS_COLUMN_LETTER,                       // char
    MS_COLUMN_PROTECTION,                   // of a mapping: "rw-p"
};

struct ms_column {
    const char *name;
    const char *unit;
    enum ms_column_kind kind;
    size_t offset;
};

struct ms_table {
    const char *name;
    const char *description;
    const struct ms_column *columns;
    size_t column_count;
    size_t row_bytes;
    bool by_first;  // rows are in order of their first column
    bool is_unique; // and no two have the same
};

extern const struct ms_table ms_sql_tables[MS_SQL_TABLES];

// Rows that are made as they are read.
struct ms_block_row {
    struct ms_block block;
    uint64_t age_ns;
    char variable[MS_NAME_BYTES];
    char type[MS_TYPE_NAME_BYTES];
    char scope[MS_NAME_BYTES]; // the innermost
    const char *type_from;     // NULL: of no known type
};
#define MS_BLOCK_LABELS 9u // number of the first column of these names

struct ms_frame_row {
    uint32_t stack;
    uint32_t depth; // 0: innermost
    uint64_t address;
    const char *function, *file, *module;
    uint32_t line;
    bool inlined; // into the next outer one
};

// ms_column_number reads a number. False: it is NULL, or no number.
bool ms_column_number(const struct ms_column *column, const void *row,
                      long double *out);

#endif
