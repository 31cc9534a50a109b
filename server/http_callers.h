// SPDX-License-Identifier: MIT
//
// http_callers: who is at the other end of each connection of the HTTP half, by
// descriptor. Dispatcher thread.

#ifndef MS_SERVER_HTTP_CALLERS_H
#define MS_SERVER_HTTP_CALLERS_H

#include <microhttpd.h>

#include "access.h"

// All zeros at first.
struct ms_http_callers {
    struct ms_caller *by_fd; // owned
    size_t room;
};

// ms_http_callers_set says whose a descriptor is from now on. False: out of
// memory.
bool ms_http_callers_set(struct ms_http_callers *c, int fd,
                         const struct ms_caller *caller);

// ms_http_callers_get gives one who is not known where nothing was set.
const struct ms_caller *ms_http_callers_get(const struct ms_http_callers *c,
                                            struct MHD_Connection *connection);

void ms_http_callers_fini(struct ms_http_callers *c);

#endif
