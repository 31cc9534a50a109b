// SPDX-License-Identifier: MIT
//
// hub: what all viewers share: the feeds, the numbers of texts, the samples of
// a full, and what there is to be told of sessions. Service thread only.

#ifndef MS_SERVER_WIRE_HUB_H
#define MS_SERVER_WIRE_HUB_H

#include "server_private.h"
#include "wire/samples.h"
#include "wire/texts.h"

#define MS_HUB_SESSIONS 320u // viewers are not told of more

struct ms_feed;

struct ms_hub_session {
    uint32_t id;
    bool ended, gone; // gone: kept no longer; its place is free
    uint64_t event;   // the number of its latest change
};

struct ms_hub {
    struct ms_server *server;
    uint64_t tick;    // how many the engine has made since we look
    uint64_t tick_ns; // when the last of them was made
    struct ms_feed *feeds;
    struct ms_texts texts;
    struct ms_samples samples;
    size_t payload_bytes; // of all messages that somebody holds
    struct ms_hub_session sessions[MS_HUB_SESSIONS];
    size_t session_count;
    uint64_t events;    // changes of sessions so far
    uint64_t looked_ns; // when they were last looked at
};

void ms_hub_init(struct ms_hub *hub, struct ms_server *server);
void ms_hub_fini(struct ms_hub *hub); // no viewer is left

// ms_hub_tick says that the engine has published something new.
void ms_hub_tick(struct ms_hub *hub);

// ms_hub_look looks at the sessions, once a second at most unless `now`; their
// changes get numbers. ms_hub_change gives the first change after `event`;
// NULL: none.
void ms_hub_look(struct ms_hub *hub, bool now);
const struct ms_hub_session *ms_hub_change(const struct ms_hub *hub,
                                           uint64_t event);

#endif
