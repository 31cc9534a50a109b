// SPDX-License-Identifier: MIT
//
// ws_mask: whether a viewer masks its frames, as RFC 6455 wants of a client.
// libwebsockets takes them either way and does not tell, so the head of the
// first one is looked at before it reads it. Service thread only.

#ifndef MS_SERVER_WS_MASK_H
#define MS_SERVER_WS_MASK_H

#include <ev.h>
#include <libwebsockets.h>
#include <stdbool.h>

struct ms_ws_mask {
    struct ev_io io; // until the first frame has come
    struct ev_loop *loop;
    struct lws *wsi;
    bool half;    // of the two bytes, one has come
    bool missing; // it does not mask; it has been asked for a chance to say so
};

// ms_ws_mask_begin waits in `loop` for the first frame; NULL: it does not.
// ms_ws_mask_end is for when the connection ends.
void ms_ws_mask_begin(struct ms_ws_mask *m, struct ev_loop *loop,
                      struct lws *wsi);
void ms_ws_mask_end(struct ms_ws_mask *m);

#endif
