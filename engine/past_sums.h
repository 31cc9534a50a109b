// SPDX-License-Identifier: MIT
//
// past_sums: frames of the past added up: what stands at a moment, and what
// stood a little before it. Reads without a lock.

#ifndef MS_ENGINE_PAST_SUMS_H
#define MS_ENGINE_PAST_SUMS_H

#include "engine/moment.h"
#include "past.h"

struct ms_past_sums {
    struct ms_past_table now[MS_PAST_SERIES];
    struct ms_past_table second[MS_PAST_SERIES]; // a second before
    struct ms_past_table minute[MS_PAST_SERIES];
    struct ms_past_table begin[MS_PAST_SERIES]; // of the range
    double seconds; // since `second`, or `begin`; 0: there was nothing
    bool range;
};

// ms_past_add_up fills it. False: out of memory. ms_past_sums_fini frees what
// is in it, either way.
bool ms_past_add_up(const struct ms_past_view *view, const struct ms_when *when,
                    struct ms_past_sums *sums);
void ms_past_sums_fini(struct ms_past_sums *sums);

// The uptime of the tick at which the range begins; 0: at the start.
uint64_t ms_past_begin_ns(const struct ms_past_view *view,
                          const struct ms_when *when);

// A row of a table; zeros beyond its end.
const uint64_t *ms_past_row_of(const struct ms_past_table *table, size_t row);

// ms_past_change is what has been added to a row since the beginning of the
// range; without a range, since the start.
void ms_past_change(const struct ms_past_sums *sums, enum ms_past_series series,
                    size_t row, uint64_t change[MS_PAST_FIELDS]);

#endif
