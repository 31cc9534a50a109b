// SPDX-License-Identifier: MIT
//
// head: enough of a request's head to tell an upgrade to WebSocket from the
// rest, and what has no meaning that all agree on from what has. Works on bytes
// that were peeked at and trusts none of them.

#ifndef MS_SERVER_HEAD_H
#define MS_SERVER_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "access.h"

#define MS_HEAD_LINE_BYTES 8192u
#define MS_HEAD_BYTES 16384

enum ms_head_kind {
    MS_HEAD_INCOMPLETE, // more must come
    MS_HEAD_HTTP,       // for the HTTP server, which also says what is wrong
    MS_HEAD_WEBSOCKET,  // a good upgrade to /ws
    MS_HEAD_TOO_LARGE,  // no end within what we look at
    MS_HEAD_LONG_LINE,  // a request line longer than MS_HEAD_LINE_BYTES
    MS_HEAD_NONE,       // this is not HTTP, or not quite
};

// ms_head_classify looks at the first `bytes` of a connection; `full` says
// that no more can be peeked at. An upgrade is a good one only if the caller
// may come in.
enum ms_head_kind ms_head_classify(struct ms_access *access,
                                   const struct ms_caller *caller,
                                   const char *head, size_t bytes, bool full);

// ms_head_is_clean says the same of a head that libmicrohttpd has read: by it
// the end of each line, and the colon after each name, have become NUL. `head`
// is where its method stands, `version` that of its first line; both end with
// NUL.
bool ms_head_is_clean(const char *head, const char *version, size_t bytes);

#endif
