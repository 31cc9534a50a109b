// SPDX-License-Identifier: MIT
//
// import_error: what is wrong with a snapshot that is read, and where in it.

#include <stdio.h>

#include "snapshot/import_private.h"

// The path of what is being read, as in "stats.heap.live_bytes".
static size_t put_path(const struct ms_import *m, char *text, size_t room)
{
    size_t n = 0;

    text[0] = '\0';
    for (size_t i = 0; i < m->depth && n < room; i++) {
        const struct ms_level *l = &m->levels[i];
        int put = 0;
        if (l->kind == MS_LEVEL_ROWS || l->kind == MS_LEVEL_ARRAY)
            put = snprintf(text + n, room - n, "[%zu]", l->index);
        else if (l->kind != MS_LEVEL_SKIPPED && l->field != NULL)
            put = snprintf(text + n, room - n, "%s%s", n != 0 ? "." : "",
                           l->field->name);
        n += (size_t)put;
    }
    return n;
}

bool ms_import_fail(struct ms_import *m, enum memscope_status status,
                    const char *why)
{
    char path[160];

    if (m->failed)
        return false;
    m->failed = true;
    m->status = status;
    uint64_t byte = m->fed;
    if (m->parser != NULL && !m->done)
        byte += yajl_get_bytes_consumed(m->parser);
    size_t n = put_path(m, path, sizeof path);
    snprintf(m->error, sizeof m->error, "%s%sbyte %llu: %s", path,
             n != 0 ? ", " : "", (unsigned long long)byte, why);
    return false;
}

const char *ms_import_error(const struct ms_import *m)
{
    return m->error;
}
