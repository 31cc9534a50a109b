// SPDX-License-Identifier: MIT
//
// http_shared: answers that are the same for all who ask for them, made once:
// the page's parts, and what is said of a tick. Dispatcher thread.

#ifndef MS_SERVER_HTTP_SHARED_H
#define MS_SERVER_HTTP_SHARED_H

#include <microhttpd.h>

#include "server_private.h"

struct ms_http_shared;

// ms_http_shared_create: NULL: out of memory.
struct ms_http_shared *ms_http_shared_create(void);
void ms_http_shared_destroy(struct ms_http_shared *shared);

// ms_http_shared_get gives the answer with this tag and encoding (NULL: plain).
// It stays ours: to be queued at once. NULL: there is none.
struct MHD_Response *ms_http_shared_get(struct ms_http_shared *shared,
                                        const char *etag, const char *encoding);

// ms_http_shared_put takes one over, for others; the one that was not asked for
// longest goes.
void ms_http_shared_put(struct ms_http_shared *shared, const char *etag,
                        const char *encoding, struct MHD_Response *response);

#endif
