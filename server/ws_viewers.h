// SPDX-License-Identifier: MIT
//
// ws_viewers: the connections of the viewers: what comes in is put together
// and handed to them, what they have to send goes out piece by piece, and
// those that take nothing any more are ended. Service thread only, in the
// callbacks of libwebsockets, whose results these functions give.

#ifndef MS_SERVER_WS_VIEWERS_H
#define MS_SERVER_WS_VIEWERS_H

#include <libwebsockets.h>

#include "wire/viewer.h"
#include "ws_mask.h"

// A message goes out in frames of what a socket takes that says it takes some:
// libwebsockets would keep a copy of what is left of one.
#define MS_WS_PIECE_BYTES 16384u

// One connection, in memory that libwebsockets keeps for it.
struct ms_ws_viewer {
    struct ms_viewer viewer;
    struct lws *wsi;
    struct ms_ws_mask mask;
    struct ms_ws_viewer *next, **link; // all of them; what points here
    char *message;                     // of several frames, so far; or NULL
    size_t message_bytes;
    unsigned frames;          // that it has come in so far
    struct ms_payload *going; // the message on its way; NULL: none
    size_t gone_bytes;        // of it
    uint64_t taken_ns;        // when the socket last took some
    uint64_t closed_ns;       // when we have closed it; 0: not yet
    bool bye_said, condemned;
    bool leaving; // it has closed; what is sent would come after that
    bool closing; // libwebsockets has yet to be told so
};

struct ms_ws_viewers {
    struct ms_hub hub;
    struct ms_ws_viewer *first;
    bool stopping; // all are told, then closed
    unsigned char piece[LWS_PRE + MS_WS_PIECE_BYTES];
};

void ms_ws_viewers_init(struct ms_ws_viewers *all, struct ms_server *server);
void ms_ws_viewers_fini(struct ms_ws_viewers *all); // none is left

// ms_ws_viewers_wake sends to those who have painted all that they were sent,
// asks for a chance to send for the others that there is something for, and
// ends those who must go.
void ms_ws_viewers_wake(struct ms_ws_viewers *all);

// ms_ws_viewer_begin takes the loop that waits for it; NULL: another one does.
void ms_ws_viewer_begin(struct ms_ws_viewers *all, struct ms_ws_viewer *c,
                        struct lws *wsi, struct ev_loop *loop);
void ms_ws_viewer_end(struct ms_ws_viewers *all, struct ms_ws_viewer *c);

// ms_ws_viewer_send sends a piece: the connection takes some.
// ms_ws_viewer_receive takes one.
int ms_ws_viewer_send(struct ms_ws_viewers *all, struct ms_ws_viewer *c);
int ms_ws_viewer_receive(struct ms_ws_viewer *c, const char *data,
                         size_t bytes);

#endif
