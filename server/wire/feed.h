// SPDX-License-Identifier: MIT
//
// feed: what all viewers see that want the same: a cut of each tick, and the
// messages made of it, each one once for all viewers that are at the same
// point. Service thread only.

#ifndef MS_SERVER_WIRE_FEED_H
#define MS_SERVER_WIRE_FEED_H

#include "wire/hub.h"
#include "wire/payload.h"
#include "wire/shown.h"
#include "wire/wanted.h"

#define MS_FEED_MADE 16 // messages of one tick that are kept for others

struct ms_feed {
    struct ms_hub *hub;
    struct ms_wanted wanted;
    struct ms_feed *next; // all of them
    size_t holders;
    uint64_t tick;                  // of the hub, that all below is of
    bool is_known;                  // there is such a session
    struct ms_session_info session; // as far as it is known
    bool has_cut;
    struct ms_cut cut;
    struct ms_histograms histograms;
    bool has_histograms;
    struct ms_shown *shown; // what the cut leaves a viewer with
    uint32_t *texts;        // numbers of its rows: see ms_shown_create
    struct ms_feed_message {
        struct ms_shown *base; // held; NULL: of a full
        struct ms_payload *payload;
    } made[MS_FEED_MADE];
    size_t made_count;
};

// ms_feed_hold gives the feed of what is wanted. NULL: out of memory.
struct ms_feed *ms_feed_hold(struct ms_hub *hub,
                             const struct ms_wanted *wanted);
void ms_feed_let_go(struct ms_feed *f); // NULL is allowed

// ms_feed_session describes its session as of the latest tick. NULL: there is
// none.
const struct ms_session_info *ms_feed_session(struct ms_feed *f);

// ms_feed_next gives the message that leads from what a viewer has been shown
// (NULL: nothing) to the latest tick, held by the caller; *shown becomes what
// it has then. NULL: nothing is new, or, with *failed, memory has run out.
struct ms_payload *ms_feed_next(struct ms_feed *f, struct ms_shown **shown,
                                bool *failed);

#endif
