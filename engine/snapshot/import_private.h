// SPDX-License-Identifier: MIT
//
// import_private: an import's state, for import.c (the text), import_value.c
// (what stands at a place) and import_check.c (whether the whole can be true).

#ifndef MS_ENGINE_SNAPSHOT_IMPORT_PRIVATE_H
#define MS_ENGINE_SNAPSHOT_IMPORT_PRIVATE_H

#include <yajl/yajl_parse.h>

#include "engine/import.h"
#include "engine_private.h"
#include "snapshot/fields.h"

#define MS_IMPORT_DEPTH 12u // deeper is foreign
#define MS_IMPORT_TOKEN (UINT64_C(1) << 20)

enum ms_level_kind {
    MS_LEVEL_OBJECT, // fields of a structure, by name
    MS_LEVEL_LIST,   // fields of a structure, in order
    MS_LEVEL_ROWS,   // structures
    MS_LEVEL_ARRAY,  // numbers
    MS_LEVEL_SKIPPED,
};

// An object or array that is open.
struct ms_level {
    enum ms_level_kind kind;
    const struct ms_field_table *table; // of an object, list or rows
    char *base;                         // where the structure begins
    const struct ms_field *field; // the one that is being read; NULL: unknown
    uint64_t seen;                // bits, by field
    size_t index;                 // of the element that is being read; of an
                                  // object, of the field to be looked at first
    size_t room;                  // of rows: for how many there is memory
};

struct ms_import {
    yajl_handle parser;
    struct ms_snapshot_entry *entry;
    struct ms_level levels[MS_IMPORT_DEPTH];
    size_t depth;
    uint64_t fed;   // bytes before the piece that is being read
    uint64_t token; // byte at which the last value ended
    bool begun, done, failed;
    enum memscope_status status;
    char error[320];
};

enum ms_value_kind { MS_NULL, MS_TRUE_FALSE, MS_NUMBER, MS_TEXT };
struct ms_value {
    enum ms_value_kind kind;
    bool truth;
    const char *text; // not terminated
    size_t bytes;
};

// ms_import_fail notes what is wrong at the place that is being read. Returns
// false.
bool ms_import_fail(struct ms_import *m, enum memscope_status status,
                    const char *why);

// ms_import_store puts a value where a field wants it; element `index` of an
// array. False: failed.
bool ms_import_store(struct ms_import *m, const struct ms_field *field,
                     char *base, size_t index, const struct ms_value *value);

// ms_import_check holds the whole against itself.
bool ms_import_check(struct ms_import *m);

#endif
