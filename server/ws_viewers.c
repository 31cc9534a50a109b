// SPDX-License-Identifier: MIT
// See ws_viewers.h for the contract.

#include "ws_viewers.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "platform/clock.h"
#include "server/log.h"
#include "wire/message.h"
#include "ws.h"

#define STALLED_NS UINT64_C(30000000000) // without taking a byte
#define CLOSING_NS UINT64_C(5000000000)  // until the other side has closed too
#define FRAMES_MOST 64                   // of one message that comes
#define PAYLOADS_BYTES 67108864u         // of all that is on its way

static_assert(MS_PAYLOAD_ROOM >= LWS_PRE, "no room for the head of a frame");

void ms_ws_viewers_init(struct ms_ws_viewers *all, struct ms_server *server)
{
    ms_hub_init(&all->hub, server);
}

void ms_ws_viewers_fini(struct ms_ws_viewers *all)
{
    ms_hub_fini(&all->hub);
}

// Ends a connection that takes nothing any more: it would not be told.
static void condemn(struct ms_ws_viewer *c)
{
    c->condemned = true;
    lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

// Viewers that do not read hold messages of different ticks: when that is too
// much in all, those go that have stood still for longest.
static void keep_within_bounds(struct ms_ws_viewers *all)
{
    struct ms_ws_viewer *slowest = NULL;

    if (all->hub.payload_bytes <= PAYLOADS_BYTES)
        return;
    for (struct ms_ws_viewer *c = all->first; c != NULL; c = c->next)
        if (c->going != NULL && !c->condemned &&
            (slowest == NULL || c->taken_ns < slowest->taken_ns))
            slowest = c;
    if (slowest != NULL)
        condemn(slowest);
}

// The other side is told why. Of libwebsockets 4.1 it is not certain that it
// ends the connection then, whatever the other side does: ms_ws_viewers_wake
// sees to that.
static int close_with(struct ms_ws_viewer *c, unsigned code, const char *reason)
{
    lws_close_reason(c->wsi, (enum lws_close_status)code,
                     (unsigned char *)reason, strlen(reason));
    c->closed_ns = ms_clock_monotonic_ns();
    return -1;
}

static int close_unmasked(struct ms_ws_viewer *c)
{
    return close_with(c, 1002, "a client masks its frames");
}

// Sends the next piece of the message that is on its way.
static int send_piece(struct ms_ws_viewers *all, struct ms_ws_viewer *c)
{
    struct ms_payload *p = c->going;
    size_t left = p->bytes - c->gone_bytes;
    size_t n = left < MS_WS_PIECE_BYTES ? left : MS_WS_PIECE_BYTES;
    unsigned char *from = (unsigned char *)p->text;

    // What stands before the first piece is free to write a frame's head
    // into; before the others it is text that others have yet to be sent.
    if (c->gone_bytes != 0) {
        from = all->piece + LWS_PRE;
        memcpy(from, p->text + c->gone_bytes, n);
    }
    int how = lws_write_ws_flags(LWS_WRITE_TEXT, c->gone_bytes == 0, n == left);
    int sent = lws_write(c->wsi, from, n, (enum lws_write_protocol)how);
    c->gone_bytes += n;
    c->taken_ns = ms_clock_monotonic_ns();
    if (n == left) {
        c->going = NULL;
        ms_payload_let_go(p);
        atomic_fetch_add(&all->hub.server->messages, 1);
    }
    return sent < (int)n ? -1 : 0;
}

static int begin_message(struct ms_ws_viewers *all, struct ms_ws_viewer *c,
                         struct ms_payload *payload)
{
    c->going = payload;
    c->gone_bytes = 0;
    return send_piece(all, c);
}

static int say_goodbye(struct ms_ws_viewers *all, struct ms_ws_viewer *c)
{
    if (c->bye_said)
        return close_with(c, 1001, "the server ends");
    c->bye_said = true;
    struct ms_payload *bye =
        ms_payload_of(&all->hub.payload_bytes, ms_message_bye("exit"));
    if (bye == NULL)
        return -1;
    lws_callback_on_writable(c->wsi);
    return begin_message(all, c, bye);
}

int ms_ws_viewer_send(struct ms_ws_viewers *all, struct ms_ws_viewer *c)
{
    struct ms_verdict verdict;

    if (c->closed_ns != 0)
        return c->closing ? -1 : 0;
    if (c->mask.missing)
        return close_unmasked(c);
    if (c->going == NULL && all->stopping)
        return say_goodbye(all, c);
    if (c->going != NULL) {
        if (send_piece(all, c) != 0)
            return -1;
    } else if (ms_viewer_due(&c->viewer)) {
        struct ms_payload *next = ms_viewer_next(&c->viewer, &verdict);
        if (verdict.close_code != 0) {
            ms_payload_let_go(next);
            return close_with(c, verdict.close_code, verdict.reason);
        }
        if (next == NULL)
            return 0;
        if (begin_message(all, c, next) != 0)
            return -1;
    }
    if (c->going != NULL || c->viewer.waiting_count != 0 || all->stopping)
        lws_callback_on_writable(c->wsi);
    return 0;
}

// Whoever has painted all that it was sent has room for a piece: to ask the
// kernel first would cost as much as to send. Of one who only says so,
// libwebsockets keeps a piece, and it is asked from then on.
static void send_or_ask(struct ms_ws_viewers *all, struct ms_ws_viewer *c)
{
    if (c->leaving || !ms_viewer_is_abreast(&c->viewer) ||
        lws_partial_buffered(c->wsi)) {
        lws_callback_on_writable(c->wsi);
    } else if (ms_ws_viewer_send(all, c) != 0) {
        if (c->closed_ns == 0)
            condemn(c);
        // Only a callback of its own can close it as it should be.
        c->closing = c->closed_ns != 0;
        lws_callback_on_writable(c->wsi);
    }
}

void ms_ws_viewers_wake(struct ms_ws_viewers *all)
{
    uint64_t now = ms_clock_monotonic_ns();

    for (struct ms_ws_viewer *c = all->first; c != NULL; c = c->next) {
        if (c->condemned)
            continue;
        if (c->closed_ns != 0) {
            if (now - c->closed_ns > CLOSING_NS)
                condemn(c);
        } else if (c->going != NULL && now - c->taken_ns > STALLED_NS)
            condemn(c);
        else if (all->stopping || c->going != NULL)
            lws_callback_on_writable(c->wsi);
        else if (ms_viewer_due(&c->viewer))
            send_or_ask(all, c);
    }
    keep_within_bounds(all);
}

static int take_message(struct ms_ws_viewer *c, const char *text, size_t bytes)
{
    struct ms_verdict verdict = ms_viewer_receive(&c->viewer, text, bytes);

    if (verdict.close_code != 0)
        return close_with(c, verdict.close_code, verdict.reason);
    if (ms_viewer_due(&c->viewer))
        lws_callback_on_writable(c->wsi);
    return 0;
}

int ms_ws_viewer_receive(struct ms_ws_viewer *c, const char *data, size_t bytes)
{
    bool end = lws_remaining_packet_payload(c->wsi) == 0;

    if (c->mask.missing)
        return close_unmasked(c);
    if (lws_frame_is_binary(c->wsi))
        return close_with(c, 1003, "text only");
    if (bytes > MS_WS_FRAME_BYTES - c->message_bytes)
        return close_with(c, 1009, "a message may have 4096 bytes");
    if (end && ++c->frames > FRAMES_MOST) // empty ones would never fill it
        return close_with(c, 1008, "a message may come in 64 frames");
    end = end && lws_is_final_fragment(c->wsi);
    if (end)
        c->frames = 0;
    if (end && c->message == NULL)
        return take_message(c, data, bytes);
    if (c->message == NULL)
        c->message = malloc(MS_WS_FRAME_BYTES);
    if (c->message == NULL)
        return close_with(c, 1011, "out of memory");
    if (bytes != 0)
        memcpy(c->message + c->message_bytes, data, bytes);
    c->message_bytes += bytes;
    if (!end)
        return 0;
    int result = take_message(c, c->message, c->message_bytes);
    free(c->message);
    c->message = NULL;
    c->message_bytes = 0;
    return result;
}

static void say(const char *event, uint32_t viewers)
{
    struct ms_log_line line;

    if (!ms_log_begin(&line, MS_LOG_INFO, event))
        return;
    ms_log_number(&line, "viewers", viewers);
    ms_log_end(&line);
}

void ms_ws_viewer_begin(struct ms_ws_viewers *all, struct ms_ws_viewer *c,
                        struct lws *wsi, struct ev_loop *loop)
{
    *c = (struct ms_ws_viewer){.wsi = wsi};
    ms_ws_mask_begin(&c->mask, loop, wsi);
    ms_viewer_init(&c->viewer, &all->hub);
    c->next = all->first;
    c->link = &all->first;
    if (c->next != NULL)
        c->next->link = &c->next;
    all->first = c;
    say("viewer.begin", atomic_fetch_add(&all->hub.server->clients, 1) + 1);
    lws_callback_on_writable(wsi);
}

void ms_ws_viewer_end(struct ms_ws_viewers *all, struct ms_ws_viewer *c)
{
    if (c->link == NULL)
        return; // it has not begun
    *c->link = c->next;
    if (c->next != NULL)
        c->next->link = c->link;
    c->link = NULL;
    ms_ws_mask_end(&c->mask);
    ms_viewer_fini(&c->viewer);
    ms_payload_let_go(c->going);
    free(c->message);
    say("viewer.end", atomic_fetch_sub(&all->hub.server->clients, 1) - 1);
}
