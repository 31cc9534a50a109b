// SPDX-License-Identifier: MIT
//
// window_order: the columns of the tables, and how rows are put in order by
// one of them. Every row becomes a key that sorts as a number; a window is
// found among the keys by partition, so that its place in the table does not
// matter. Pure.

#ifndef MS_ENGINE_WINDOW_ORDER_H
#define MS_ENGINE_WINDOW_ORDER_H

#include "engine/window.h"

struct ms_column;

// One row that matches, as far as sorting needs it.
struct ms_order_entry {
    uint64_t key;     // sorts upwards, whatever the window's order
    const char *text; // decides between equal keys of texts; NULL: a number
    uint32_t row;
    bool pinned; // before all others
};

struct ms_order {
    const struct ms_column *column;
    bool ascending;
};

struct ms_order ms_order_of_threads(const struct ms_window *w);
struct ms_order ms_order_of_sites(const struct ms_window *w);

// ms_order_entry_of makes the entry of a row. The text of a thread lies in the
// row itself, which goes away: `lasting` is where it stays.
void ms_order_entry_of(const struct ms_order *o, const void *row,
                       const char *lasting, struct ms_order_entry *e);

// ms_order_cut brings the window to e[offset]..., in order. Returns how many
// there are.
size_t ms_order_cut(const struct ms_order *o, const struct ms_window *w,
                    struct ms_order_entry *e, size_t count);

#endif
