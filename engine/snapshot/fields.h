// SPDX-License-Identifier: MIT
//
// fields: how a snapshot's structures stand in its JSON, once for both
// directions: render/ writes by these tables, import reads by them. Constant.

#ifndef MS_ENGINE_SNAPSHOT_FIELDS_H
#define MS_ENGINE_SNAPSHOT_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ms_field_kind {
    MS_FIELD_U64,   // null: UINT64_MAX
    MS_FIELD_U64_0, // null: 0
    MS_FIELD_U32,
    MS_FIELD_I32,
    MS_FIELD_SIZE,   // size_t
    MS_FIELD_DOUBLE, // null: NaN
    MS_FIELD_BOOL,
    MS_FIELD_TEXT,       // char[count]
    MS_FIELD_TEXT_0,     // the same; null: ""
    MS_FIELD_STRING,     // const char *
    MS_FIELD_CHAR,       // a text of one letter
    MS_FIELD_HEX,        // uint64_t as "0x..."
    MS_FIELD_MS,         // nanoseconds, in whole milliseconds
    MS_FIELD_FLOATS,     // float[count], whole numbers; null: NaN
    MS_FIELD_U64S,       // uint64_t[count]
    MS_FIELD_EDGES,      // uint64_t: the first of a list, each twice the last
    MS_FIELD_OBJECT,     // a structure inside, by `table`
    MS_FIELD_ROWS,       // a list of structures: see ms_list_field
    MS_FIELD_INLINE,     // the same, in an array of the structure itself
    MS_FIELD_STATE,      // enum ms_session_state
    MS_FIELD_EXIT,       // int wait_status, when it says an exit
    MS_FIELD_SIGNAL,     // the same, when it says a signal
    MS_FIELD_ANALYZER,   // size_t as its name; likewise:
    MS_FIELD_SCAN_STATE, // enum ms_scan_state
    MS_FIELD_LEAK_KIND,  // enum ms_leak_kind
    MS_FIELD_GROUP_KIND, // enum ms_group_kind
    MS_FIELD_FORMAT,     // "memscope-snapshot"
    MS_FIELD_VERSION,    // MS_SNAPSHOT_VERSION or an older one
    MS_FIELD_IGNORED,    // read over
};

#define MS_SNAPSHOT_FORMAT "memscope-snapshot"
#define MS_SNAPSHOT_VERSION 1

struct ms_field_table;

struct ms_field {
    const char *name;
    enum ms_field_kind kind;
    bool optional; // may be missing: an older memscope did not write it
    size_t offset; // in the structure; of a list, of the pointer to its rows
    size_t count;  // of an array; of a list, the most rows that it may have
    const struct ms_field_table *table; // of what is inside
    size_t count_offset;                // of a list's number of rows
};

struct ms_field_table {
    const struct ms_field *fields;
    size_t count; // at most 64
    size_t bytes; // of the structure
    bool as_list; // written as an array, in this order
};

extern const struct ms_field_table ms_snapshot_fields; // the whole file
extern const struct ms_field_table ms_site_fields, ms_thread_fields,
    ms_module_fields, ms_stack_fields;
// Of struct ms_snapshot_parts:
extern const struct ms_field_table ms_sample_fields, ms_finding_fields,
    ms_leak_scan_fields, ms_leak_row_fields, ms_group_fields, ms_type_fields,
    ms_variable_fields, ms_measured_fields, ms_measured_row_fields;

// ms_field_word is the name of a number in a field that has names; NULL: there
// are no more.
const char *ms_field_word(enum ms_field_kind kind, size_t number);

#endif
