// SPDX-License-Identifier: MIT
//
// window: a part of a session's tables, filtered and sorted, as a page shows
// it. Only the rows of the window are copied, so that it costs little with a
// hundred thousand sites as well. Any thread; waits for a tick in progress at
// most, and a tick waits for it.

#ifndef MS_ENGINE_WINDOW_H
#define MS_ENGINE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/picture.h"

#define MS_WINDOW_FILTER 256

// What is to be seen of a table.
struct ms_window {
    int column; // of ms_window_thread_column or ms_window_site_column
    bool ascending;
    char filter[MS_WINDOW_FILTER]; // part of a name, in any case; "": all
    size_t offset, limit;
    bool heap_only; // no sites that have only ever mapped memory
};

// The number of a column by its name in docs/PROTOCOL.md; -1: none such.
int ms_window_thread_column(const char *name);
int ms_window_site_column(const char *name);

// ms_window_of_sites and ms_window_of_threads cut a window out of rows that
// somebody has: they are put in its order, the first *count of them; *total
// match the filter.
enum memscope_status ms_window_of_sites(const struct ms_window *window,
                                        struct ms_site_row *rows, size_t *count,
                                        size_t *total) MEMSCOPE_MUST_CHECK;
enum memscope_status ms_window_of_threads(const struct ms_window *window,
                                          struct ms_thread_row *rows,
                                          size_t *count,
                                          size_t *total) MEMSCOPE_MUST_CHECK;

// All of one tick. Rows are in the window's order; equal ones by their id.
struct ms_cut {
    struct ms_stats stats;
    struct ms_thread_row *threads;
    size_t thread_count;
    size_t thread_total; // that match the filter
    struct ms_site_row *sites;
    size_t site_count;
    size_t site_total;
};

// ms_engine_cut copies the latest tick. A window may be NULL: no rows of that
// table. MEMSCOPE_ERROR_NOT_FOUND: no such session, or no tick yet.
// ms_cut_fini frees the rows.
enum memscope_status ms_engine_cut(struct ms_engine *engine, uint32_t session,
                                   const struct ms_window *threads,
                                   const struct ms_window *sites,
                                   struct ms_cut *out) MEMSCOPE_MUST_CHECK;
void ms_cut_fini(struct ms_cut *cut);

#endif
