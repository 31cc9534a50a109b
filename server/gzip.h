// SPDX-License-Identifier: MIT
//
// gzip: texts made shorter on their way. Pure; the thread that reads does the
// work.

#ifndef MS_SERVER_GZIP_H
#define MS_SERVER_GZIP_H

#include "flow.h"

// ms_gzip_flow puts itself before a flow, which it takes over. False: out of
// memory, and the flow has been closed.
bool ms_gzip_flow(struct ms_flow *flow);

// ms_gzip_text makes a text shorter, in memory that is the caller's. NULL: out
// of memory.
char *ms_gzip_text(const char *text, size_t bytes, size_t *shorter);

#endif
