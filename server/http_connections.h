// SPDX-License-Identifier: MIT
//
// http_connections: the connections of the HTTP half, by descriptor: who is at
// the other end, and which of them wait for their next request. Dispatcher
// thread; no function waits.

#ifndef MS_SERVER_HTTP_CONNECTIONS_H
#define MS_SERVER_HTTP_CONNECTIONS_H

#include <microhttpd.h>

#include "access.h"

struct ms_http_connection {
    struct ms_caller caller;
    int fd;
    bool idle;       // no request is under way
    uint64_t due_ns; // of an idle one: the next head is to have come whole
    struct ms_http_connection *newer, *older; // among the idle ones
};

// All zeros at first.
struct ms_http_connections {
    struct ms_http_connection **by_fd; // owned; NULL: there was none
    size_t room;
    struct ms_http_connection *newest, *oldest; // idle, by when they became so
};

// ms_http_connections_add says whose a descriptor is from now on. False: out of
// memory.
bool ms_http_connections_add(struct ms_http_connections *all, int fd,
                             const struct ms_caller *caller);

// ms_http_connections_get gives a connection that was added.
struct ms_http_connection *
ms_http_connections_get(const struct ms_http_connections *all,
                        struct MHD_Connection *connection);

// ms_http_connections_busy: a request has begun, or it is about to be closed.
// ms_http_connections_wait: it is there, or the request has been answered: it
// is idle.
void ms_http_connections_busy(struct ms_http_connections *all,
                              struct ms_http_connection *c);
void ms_http_connections_wait(struct ms_http_connections *all,
                              struct ms_http_connection *c);

// ms_http_connections_expire cuts those that have been idle for too long. A
// head that comes a byte at a time makes no difference.
void ms_http_connections_expire(struct ms_http_connections *all);

// ms_http_connections_end_oldest cuts the one that is idle for longest. False:
// none is.
bool ms_http_connections_end_oldest(struct ms_http_connections *all);

void ms_http_connections_fini(struct ms_http_connections *all);

#endif
