// SPDX-License-Identifier: MIT
//
// events: the last events of each thread, out of their recorders.

#ifndef MS_ENGINE_QUERY_EVENTS_H
#define MS_ENGINE_QUERY_EVENTS_H

#include "query/cut.h"

// ms_session_events gives the events by thread, oldest first, in memory for
// the caller to free. {session lock}
enum memscope_status ms_session_events(struct ms_session *s,
                                       struct ms_event_row **rows,
                                       size_t *count) MEMSCOPE_MUST_CHECK;

#endif
