// SPDX-License-Identifier: MIT
//
// message: the messages of docs/PROTOCOL.md section 2. Service thread. Results
// are the caller's; NULL: out of memory.

#ifndef MS_SERVER_WIRE_MESSAGE_H
#define MS_SERVER_WIRE_MESSAGE_H

#include "wire/feed.h"

json_t *ms_message_hello(struct ms_server *server, uint32_t session);
json_t *ms_message_session(const struct ms_session_info *session);
json_t *ms_message_gone(uint32_t session);
json_t *ms_message_bye(const char *why);
json_t *ms_message_heartbeat(uint64_t seq, uint64_t uptime_ns);

// ms_message_picture gives the full, or the delta from what has been shown, of
// a feed's cut.
struct ms_payload *ms_message_picture(struct ms_feed *feed,
                                      const struct ms_shown *base);

#endif
