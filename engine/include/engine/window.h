// SPDX-License-Identifier: MIT
//
// tables: filtering, sorting and cutting a window out of the engine's rows,
// for routes and viewers alike. Pure, on the caller's copies.

#ifndef MS_SERVER_WIRE_TABLES_H
#define MS_SERVER_WIRE_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/picture.h"

#define MS_TABLE_FILTER 256

// What a viewer wants to see of a table.
struct ms_window {
    int column; // of ms_table_thread_column or ms_table_site_column
    bool ascending;
    char filter[MS_TABLE_FILTER]; // part of a name, in any case; "": all
    size_t offset, limit;
};

// The number of a column by its name in docs/PROTOCOL.md; -1: none such.
int ms_table_thread_column(const char *name);
int ms_table_site_column(const char *name);

// ms_table_*_window puts the window's rows, in order, as indices into `rows`
// in `picked` (room for `limit`) and returns how many; *total says how many
// rows match the filter. Equal rows keep the order of their ids.
size_t ms_table_thread_window(const struct ms_thread_row *rows, size_t count,
                              const struct ms_window *window, size_t *picked,
                              size_t *total);
size_t ms_table_site_window(const struct ms_site_row *rows, size_t count,
                            const struct ms_window *window, size_t *picked,
                            size_t *total);

#endif
