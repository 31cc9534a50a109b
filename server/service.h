// SPDX-License-Identifier: MIT
//
// service: the two halves that answer, HTTP and WebSocket. They begin with the
// first connection: most programs end before anybody has looked at the page.

#ifndef MS_SERVER_SERVICE_H
#define MS_SERVER_SERVICE_H

#include "server_private.h"

// ms_service_begin starts both, or neither, and says why in the log. The
// dispatcher's thread.
bool ms_service_begin(struct ms_server *server);

// ms_service_end ends both, if they have begun: their viewers are told, which
// takes a second at most. The dispatcher's thread, or any when that has ended.
void ms_service_end(struct ms_server *server);

#endif
