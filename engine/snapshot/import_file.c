// SPDX-License-Identifier: MIT
// See engine/import.h for the contract: from a file.

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "snapshot/import_private.h"

enum memscope_status ms_import_file(const char *path, struct ms_import **out)
{
    static const char unread[] = "the file cannot be read: ";
    char piece[65536], why[160];
    struct ms_import *m = ms_import_create();
    enum memscope_status status = MEMSCOPE_OK;
    size_t n;

    *out = m;
    if (m == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    FILE *f = fopen(path, "rbe");
    if (f != NULL)
        setvbuf(f, NULL, _IONBF, 0);
    while (f != NULL && status == MEMSCOPE_OK &&
           (n = fread(piece, 1, sizeof piece, f)) != 0)
        status = ms_import_feed(m, piece, n);
    if (f == NULL || ferror(f)) {
        snprintf(why, sizeof why, "%s%s", unread, strerror(errno));
        ms_import_fail(m, MEMSCOPE_ERROR_SYSTEM, why);
    }
    if (f != NULL)
        fclose(f);
    return ms_import_end(m);
}
