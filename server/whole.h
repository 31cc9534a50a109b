// SPDX-License-Identifier: MIT
//
// whole: answers that are a whole snapshot, as JSON or as a report. They wait
// some seconds for names that are still being looked up. Dispatcher thread.

#ifndef MS_SERVER_WHOLE_H
#define MS_SERVER_WHOLE_H

#include "routes.h"

enum ms_whole_form { MS_WHOLE_JSON, MS_WHOLE_HTML };

// ms_reply_whole answers now or later. It takes the snapshot over.
void ms_reply_whole(struct ms_request *q, struct ms_reply *r,
                    const struct ms_snapshot *snapshot,
                    enum ms_whole_form form);

#endif
