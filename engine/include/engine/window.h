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
#define MS_WINDOW_PINS 16
#define MS_WINDOW_TROUBLE 128

// Which threads are to be seen.
enum ms_window_threads { MS_THREADS_ALL, MS_THREADS_ALIVE, MS_THREADS_RUNNING };

// What is to be seen of a table. All filters have to match.
struct ms_window {
    int column; // of ms_window_thread_column or ms_window_site_column
    bool ascending;
    // Part of a name, in any case; "": all. Between slashes a POSIX extended
    // regular expression.
    char filter[MS_WINDOW_FILTER];
    size_t offset, limit;
    bool heap_only;                // no sites that have only ever mapped memory
    char module[MS_WINDOW_FILTER]; // of sites, the whole name; "": all
    uint64_t least_bytes;          // live at least
    enum ms_window_threads threads;
    uint32_t pins[MS_WINDOW_PINS]; // ids that come first and always match
    size_t pin_count;
};

// All rows that match, those beside the window as well.
struct ms_window_sums {
    size_t rows;
    uint64_t live_bytes, live_blocks;
    char trouble[MS_WINDOW_TROUBLE]; // why the filter does not do; "": it does
};

// The number of a column by its name in docs/PROTOCOL.md; -1: none such.
int ms_window_thread_column(const char *name);
int ms_window_site_column(const char *name);

// The number of "all", "alive" or "running"; -1: another word.
int ms_window_kind(const char *name);

// ms_window_of_sites and ms_window_of_threads cut a window out of rows that
// somebody has: they are put in its order, the first *count of them; *sums
// are of all that match.
enum memscope_status
ms_window_of_sites(const struct ms_window *window, struct ms_site_row *rows,
                   size_t *count,
                   struct ms_window_sums *sums) MEMSCOPE_MUST_CHECK;
enum memscope_status
ms_window_of_threads(const struct ms_window *window, struct ms_thread_row *rows,
                     size_t *count,
                     struct ms_window_sums *sums) MEMSCOPE_MUST_CHECK;

// All of one tick. Rows are in the window's order; equal ones by their id.
struct ms_cut {
    struct ms_stats stats;
    struct ms_thread_row *threads;
    size_t thread_count;
    struct ms_window_sums thread_sums;
    struct ms_site_row *sites;
    size_t site_count;
    struct ms_window_sums site_sums;
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
