// SPDX-License-Identifier: MIT
//
// field_macros: how the tables of fields.h are written down, for fields.c and
// fields_parts.c.

#ifndef MS_ENGINE_SNAPSHOT_FIELD_MACROS_H
#define MS_ENGINE_SNAPSHOT_FIELD_MACROS_H

#include "snapshot/fields.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define TABLE(name, type, list)                                                \
    const struct ms_field_table name = {list, COUNT(list), sizeof(type), false}

// A field whose name is its member's.
#define M(type, member, kind)                                                  \
    {                                                                          \
#member, MS_FIELD_##kind, false, offsetof(struct type, member),        \
            COUNT_OF(struct type, member), NULL, 0                             \
    }
#define COUNT_OF(type, member) (sizeof(((type *)0)->member))
#define N(name, type, member, kind)                                            \
    {                                                                          \
        name, MS_FIELD_##kind, false, offsetof(struct type, member),           \
            COUNT_OF(struct type, member), NULL, 0                             \
    }
#define ARRAY(name, type, member, kind)                                        \
    {                                                                          \
        name, MS_FIELD_##kind, false, offsetof(struct type, member),           \
            COUNT(((struct type *)0)->member), NULL, 0                         \
    }
#define INSIDE(name, type, member, inner)                                      \
    {                                                                          \
        name, MS_FIELD_OBJECT, false, offsetof(struct type, member), 0,        \
            &(inner), 0                                                        \
    }
#define IGNORED(name)                                                          \
    {                                                                          \
        name, MS_FIELD_IGNORED, true, 0, 0, NULL, 0                            \
    }
// A list whose rows stand elsewhere, or (INLINE) in the structure itself.
#define ROWS_OF(name, kind, type, rows, number, most, inner, missing)          \
    {                                                                          \
        name, MS_FIELD_##kind, missing, offsetof(struct type, rows), most,     \
            &(inner), offsetof(struct type, number)                            \
    }
#define ROWS(name, rows, number, most, inner, missing)                         \
    ROWS_OF(name, ROWS, ms_snapshot, rows, number, most, inner, missing)

#endif
