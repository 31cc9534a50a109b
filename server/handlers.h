// SPDX-License-Identifier: MIT
//
// handlers: what the handlers of tables have in common. Dispatcher thread.

#ifndef MS_SERVER_HANDLERS_H
#define MS_SERVER_HANDLERS_H

#include "engine/moment.h"
#include "engine/window.h"
#include "routes.h"

// Each reads parameters. False: they were not good, and the reply says so.
bool ms_get_session(struct ms_request *q, struct ms_reply *r,
                    uint32_t *session);
bool ms_get_window(struct ms_request *q, struct ms_reply *r,
                   int (*column)(const char *), const char *name_column,
                   struct ms_window *w);

// ms_refuses_filter makes the reply an error when the filter did not do.
bool ms_refuses_filter(struct ms_reply *r, const struct ms_window_sums *sums);

// ms_asks_for_past says whether a request is for a moment of the past: at=
// nanoseconds of uptime, or seq= (but not of stats, which mean the tick alone);
// or for a range of it, from= and to=. Then ms_handle_past answers it.
// ms_get_when reads which.
enum ms_past_part {
    MS_PAST_PART_STATS,
    MS_PAST_PART_SITES,
    MS_PAST_PART_THREADS,
    MS_PAST_PART_HISTOGRAMS,
};
bool ms_asks_for_past(const struct ms_request *q, enum ms_past_part part);
bool ms_get_when(struct ms_request *q, struct ms_reply *r,
                 struct ms_when *when);
void ms_handle_past(struct ms_request *q, struct ms_reply *r,
                    enum ms_past_part part);

#endif
