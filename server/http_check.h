// SPDX-License-Identifier: MIT
//
// http_check: what the head of a request must be like before it is looked at
// any further. Dispatcher thread.

#ifndef MS_SERVER_HTTP_CHECK_H
#define MS_SERVER_HTTP_CHECK_H

#include "http_reply.h"

// The value of a header of the request; ms_http_header_text: "" for none.
const char *ms_http_header(struct MHD_Connection *connection, const char *name);
const char *ms_http_header_text(struct MHD_Connection *connection,
                                const char *name);

// ms_http_too_long says that a body may not have more than `most` bytes.
const char *ms_http_too_long(uint64_t most);

#define MS_HTTP_TOKEN "token" // the parameter

struct ms_http_asked {
    const struct ms_caller *caller;
    const char *method, *path;
    uint64_t most; // bytes that the body may have
};

// ms_http_check answers what must not come further, and the page asked for with
// a token in its URL: that goes into a cookie. *done: it was answered.
enum MHD_Result ms_http_check(struct ms_server *server,
                              struct MHD_Connection *connection,
                              const struct ms_http_asked *asked, bool *done);

// ms_http_judge_head: what is wrong with a head that the dispatcher has not
// seen, since it is not the first one of its connection: the status of the
// answer, for ms_http_refuse_head. 0: it is as it should be.
unsigned ms_http_judge_head(struct MHD_Connection *connection,
                            const char *method, const char *version);
enum MHD_Result ms_http_refuse_head(struct ms_server *server,
                                    struct MHD_Connection *connection,
                                    unsigned status);

#endif
