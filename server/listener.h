// SPDX-License-Identifier: MIT
//
// listener: the listening sockets, as the options say: see ms_server_listen.

#ifndef MS_SERVER_LISTENER_H
#define MS_SERVER_LISTENER_H

#include "server_private.h"

void ms_listener_close(struct ms_server *server);

#endif
