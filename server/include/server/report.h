// SPDX-License-Identifier: MIT
//
// report: a snapshot and the page that shows it, in one file of HTML that
// needs nobody: no server, no network.

#ifndef MS_SERVER_REPORT_H
#define MS_SERVER_REPORT_H

#include "engine/render.h"

// ms_server_report streams it (ms_render_read, ms_render_close); the snapshot
// must be held until the stream is closed. NULL: out of memory. Any thread;
// no server is needed.
struct ms_render_stream *ms_server_report(const struct ms_snapshot *snapshot);

#endif
