// SPDX-License-Identifier: MIT
//
// dispatcher: the thread that accepts connections, looks at each one's head
// without reading it, and hands it to HTTP or WebSocket. It also runs the
// HTTP half. Heads that stay incomplete are ended after a while, and when
// there are too many, the oldest go first, so that they lock nobody out.

#ifndef MS_SERVER_DISPATCHER_H
#define MS_SERVER_DISPATCHER_H

#include "server_private.h"

#define MS_HEAD_WAIT_MS 3000
#define MS_HEADS_PENDING 128

// ms_dispatcher_start starts the thread; ms_dispatcher_stop ends it.
enum memscope_status
ms_dispatcher_start(struct ms_server *server) MEMSCOPE_MUST_CHECK;
void ms_dispatcher_stop(struct ms_server *server);

#endif
