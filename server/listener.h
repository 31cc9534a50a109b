// SPDX-License-Identifier: MIT
//
// listener: opens the listening sockets: IPv4 and IPv6 loopback on one port.

#ifndef MS_SERVER_LISTENER_H
#define MS_SERVER_LISTENER_H

#include "server_private.h"

// ms_listener_open chooses a port as the options say, and listens. Fills
// listeners and access.port. Not blocking, closed by exec.
enum memscope_status ms_listener_open(struct ms_server *server);
void ms_listener_close(struct ms_server *server);

#endif
