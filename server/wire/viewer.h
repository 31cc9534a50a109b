// SPDX-License-Identifier: MIT
//
// viewer: what the server remembers of one viewer: what it wants to see and
// what it has been sent. Its memory is bounded, whatever it does or does not
// do. Service thread only.

#ifndef MS_SERVER_WIRE_VIEWER_H
#define MS_SERVER_WIRE_VIEWER_H

#include <jansson.h>

#include "engine/window.h"
#include "server_private.h"
#include "wire/texts.h"

#define MS_VIEWER_ROWS 500      // of a window
#define MS_VIEWER_UNACKED 2     // messages sent and not yet painted
#define MS_VIEWER_WAITING 16    // short messages on their way
#define MS_VIEWER_SESSIONS 320u // more are not told of
#define MS_VIEWER_ACK_SECONDS 60

struct ms_viewer_table {
    bool wanted;
    struct ms_window window;
    uint32_t shown[MS_VIEWER_ROWS]; // ids of the last message
    size_t shown_count;
};

// What a viewer has been told of a session.
struct ms_viewer_session {
    uint32_t id;
    bool ended;
};

struct ms_viewer {
    struct ms_server *server;
    bool subscribed;
    uint32_t sub;     // the viewer's number of what it wants
    uint32_t hz;      // 0: nothing wanted now
    uint32_t wanted;  // session, 0: the primary one
    uint32_t session; // of the last message
    char epoch[17];   // of that session
    bool ended_said;
    struct ms_viewer_session told[MS_VIEWER_SESSIONS];
    size_t told_count;
    uint64_t looked_ns; // when all sessions were last looked at
    bool histograms;
    struct ms_viewer_table threads, sites;
    bool whole;         // the next picture is a full one
    bool rows_anew;     // the next delta has all rows
    uint64_t seq;       // of the last picture sent
    uint64_t uptime_ns; // of that picture
    uint64_t unacked[MS_VIEWER_UNACKED];
    size_t unacked_count;
    uint64_t waiting_since_ns; // for the oldest of them
    uint64_t sent_ns;          // last message of any kind
    uint64_t slow_ns;          // last one with histograms and monitor
    uint64_t trend_step;       // of the last message with trends
    struct ms_texts texts;
    char *waiting[MS_VIEWER_WAITING]; // ring of short messages, owned
    size_t waiting_first, waiting_count;
    uint64_t second_ns; // of the count of what it sends us
    unsigned received;
};

// Why a connection is closed; 0: it goes on.
struct ms_verdict {
    unsigned close_code;
    const char *reason; // static
};

void ms_viewer_init(struct ms_viewer *v, struct ms_server *server);
void ms_viewer_fini(struct ms_viewer *v);

// ms_viewer_receive handles one message of the viewer's.
struct ms_verdict ms_viewer_receive(struct ms_viewer *v, const char *text,
                                    size_t bytes);

// ms_viewer_next gives the next message to send, owned by the caller, or
// NULL. *verdict may say that the viewer has to go.
char *ms_viewer_next(struct ms_viewer *v, struct ms_verdict *verdict);

// ms_viewer_due says whether ms_viewer_next would have something now.
bool ms_viewer_due(struct ms_viewer *v);

// ms_viewer_say puts a short message on its way; takes it over. False: it
// already has too many, or out of memory.
bool ms_viewer_say(struct ms_viewer *v, json_t *message);

#endif
