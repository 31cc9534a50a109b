// SPDX-License-Identifier: MIT
//
// ws: the WebSocket half, by libwebsockets, on one service thread ("ms-ws").
// Other threads hand it connections and wake it; nothing else.

#ifndef MS_SERVER_WS_H
#define MS_SERVER_WS_H

#include <stdbool.h>

#include "server_private.h"

#define MS_WS_FRAME_BYTES 4096  // of a viewer's message
#define MS_WS_SEND_BUFFER 32768 // in the kernel, so that a stall shows soon

// ms_ws_create starts the thread; it follows the engine's ticks from then on.
enum memscope_status ms_ws_create(struct ms_server *server,
                                  struct ms_ws **out) MEMSCOPE_MUST_CHECK;

// ms_ws_destroy says goodbye to all viewers, waits for that a second at most,
// and ends the thread.
void ms_ws_destroy(struct ms_ws *ws);

// ms_ws_has_room says whether one more viewer may come. Any thread.
bool ms_ws_has_room(struct ms_ws *ws);

// ms_ws_add hands over a connection whose unread bytes are a good upgrade, or
// from which it has been read: then `head` is it, a text, else NULL. Owns fd
// from here on. Any thread, one at a time.
#define MS_WS_HEAD_BYTES 2048u // as many as libwebsockets takes so
void ms_ws_add(struct ms_ws *ws, int fd, const char *head);

#endif
