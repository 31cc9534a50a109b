// SPDX-License-Identifier: MIT
// See ws_mask.h for the contract.

#include "ws_mask.h"

#include <sys/socket.h>

#define MASKED 0x80 // in the second byte of a frame

static void look(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct ms_ws_mask *m = io->data;
    unsigned char head[2];
    ssize_t n = recv(io->fd, head, sizeof head, MSG_PEEK | MSG_DONTWAIT);

    (void)events;
    if (n == 1 && !m->half) {
        m->half = true; // libwebsockets takes it now
        return;
    }
    ev_io_stop(loop, io);
    if (n <= 0 || (head[m->half ? 0 : 1] & MASKED) != 0)
        return;
    m->missing = true;
    lws_callback_on_writable(m->wsi);
}

void ms_ws_mask_begin(struct ms_ws_mask *m, struct ev_loop *loop,
                      struct lws *wsi)
{
    *m = (struct ms_ws_mask){.loop = loop, .wsi = wsi};
    if (loop == NULL)
        return;
    ev_io_init(&m->io, look, lws_get_socket_fd(wsi), EV_READ);
    ev_set_priority(&m->io, EV_MAXPRI); // before libwebsockets' own
    m->io.data = m;
    ev_io_start(loop, &m->io);
}

void ms_ws_mask_end(struct ms_ws_mask *m)
{
    if (m->loop != NULL)
        ev_io_stop(m->loop, &m->io);
}
