// SPDX-License-Identifier: MIT
//
// reply_text: what a reply's text is made of, and how it is encoded. Any
// thread: whoever calls does the work.

#ifndef MS_SERVER_REPLY_TEXT_H
#define MS_SERVER_REPLY_TEXT_H

#include "flow.h"
#include "routes.h"

// ms_reply_encoding is what `accepted` lets it be sent as: NULL for plain.
const char *ms_reply_encoding(const struct ms_reply *r, const char *accepted);

// ms_reply_text settles a reply: afterwards its text is whole, in text or made,
// or it flows, and the flow owns what it is made of. False: it does not flow.
// Out of memory: it has no text, and `failed` is set.
bool ms_reply_text(struct ms_server *server, struct ms_reply *r,
                   const char *accepted, struct ms_flow *flow);

// ms_reply_drop frees what it owns.
void ms_reply_drop(struct ms_server *server, struct ms_reply *r);

#endif
