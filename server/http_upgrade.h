// SPDX-License-Identifier: MIT
//
// http_upgrade: an upgrade to WebSocket that is not the first request of its
// connection. The dispatcher has not seen it: libmicrohttpd has read it
// already. Dispatcher thread.

#ifndef MS_SERVER_HTTP_UPGRADE_H
#define MS_SERVER_HTTP_UPGRADE_H

#include <microhttpd.h>
#include <stdbool.h>

#include "server_private.h"

// ms_http_upgrade hands the connection over to WebSocket if the request, of
// which only the head has been read, is a good upgrade and there is room. True:
// the descriptor is to be closed without another byte; the connection lives on
// by another one.
bool ms_http_upgrade(struct ms_server *server,
                     struct MHD_Connection *connection,
                     const struct ms_caller *caller);

#endif
