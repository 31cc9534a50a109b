// SPDX-License-Identifier: MIT
//
// wanted: what a `sub` says is to be seen. Two that are equal byte for byte
// want the same: it is zero where nothing was said. Service thread.

#ifndef MS_SERVER_WIRE_WANTED_H
#define MS_SERVER_WIRE_WANTED_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/window.h"

#define MS_WANTED_ROWS 500 // of a window

struct ms_wanted_table {
    bool wanted;
    struct ms_window window;
};

struct ms_wanted {
    uint32_t session; // 0: the primary one
    bool histograms;
    struct ms_wanted_table threads, sites;
};

// ms_wanted_table reads what is wanted of one table into `t`, which is zero;
// `column` and `name_column` say what it can be sorted by. False: a field is
// out of range.
bool ms_wanted_table(const json_t *from, struct ms_wanted_table *t,
                     int (*column)(const char *), const char *name_column);

#endif
