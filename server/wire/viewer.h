// SPDX-License-Identifier: MIT
//
// viewer: what the server remembers of one viewer: what it wants to see and
// what it has been sent. Its memory is bounded, whatever it does or does not
// do. Service thread only.

#ifndef MS_SERVER_WIRE_VIEWER_H
#define MS_SERVER_WIRE_VIEWER_H

#include <jansson.h>

#include "server_private.h"
#include "wire/feed.h"

#define MS_VIEWER_UNACKED 2  // messages sent and not yet painted
#define MS_VIEWER_WAITING 16 // short messages on their way
#define MS_VIEWER_WHOLES 16  // messages with all rows, at once
#define MS_VIEWER_ACK_SECONDS 60

struct ms_viewer {
    struct ms_hub *hub;
    struct ms_feed *feed;   // what it wants; NULL: it has not said
    struct ms_shown *shown; // by the last picture; NULL: a full comes next
    uint32_t sub;           // its number of what it wants
    uint32_t hz;            // 0: nothing wanted now
    uint32_t session;       // of the last picture; 0: none
    char epoch[17];         // of that session
    bool ended_said;
    uint64_t event;     // the last change of a session that it knows
    uint64_t seq;       // of the last picture
    uint64_t uptime_ns; // of that picture
    uint64_t unacked[MS_VIEWER_UNACKED];
    size_t unacked_count;
    uint64_t waiting_since_ns; // for the oldest of them
    uint64_t sent_ns;          // last message of any kind
    uint64_t tick_ns;          // of the tick that the last picture was of
    struct ms_payload *waiting[MS_VIEWER_WAITING]; // ring of short messages
    size_t waiting_first, waiting_count;
    uint64_t second_ns; // of the count of what it sends us
    unsigned received;
    unsigned wholes;    // messages with all rows that count still
    uint64_t wholes_ns; // when that was
};

// Why a connection is closed; 0: it goes on.
struct ms_verdict {
    unsigned close_code;
    const char *reason; // static
};

void ms_viewer_init(struct ms_viewer *v, struct ms_hub *hub);
void ms_viewer_fini(struct ms_viewer *v);

// ms_viewer_receive handles one message of the viewer's.
struct ms_verdict ms_viewer_receive(struct ms_viewer *v, const char *text,
                                    size_t bytes);

// ms_viewer_next gives the next message to send, held by the caller, or NULL.
// *verdict may say that the viewer has to go. Its first bytes are to be sent
// before the next call for any viewer: then it has another one's number.
struct ms_payload *ms_viewer_next(struct ms_viewer *v,
                                  struct ms_verdict *verdict);

// ms_viewer_due says whether ms_viewer_next would have something now.
bool ms_viewer_due(struct ms_viewer *v);

// ms_viewer_is_abreast says whether it has painted all that it was sent.
bool ms_viewer_is_abreast(const struct ms_viewer *v);

// ms_viewer_say puts a short message on its way; takes it over. False: it
// already has too many, or out of memory.
bool ms_viewer_say(struct ms_viewer *v, json_t *message);

#endif
