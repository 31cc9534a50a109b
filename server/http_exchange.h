// SPDX-License-Identifier: MIT
//
// http_exchange: one request, from its head to the end of its answer, and the
// list of all that are under way. Dispatcher thread; no function waits.

#ifndef MS_SERVER_HTTP_EXCHANGE_H
#define MS_SERVER_HTTP_EXCHANGE_H

#include "http_reply.h"

struct ms_exchange {
    struct MHD_Connection *connection;
    struct ms_exchange *newer, *older;
    bool answered;   // it has come whole
    uint64_t due_ns; // it is to have come whole
    struct ms_request request;
    char *body;
    bool too_large;
    uint64_t dropped_bytes; // of a body that is too large
    struct ms_sql_job *job; // its answer is being made; owned
    struct ms_http_sleeper sleeper;
    uint64_t begin_ns;
    unsigned route;         // as endpoints.h counts them
    struct ms_aside *aside; // likewise
};

struct ms_exchanges {
    struct ms_exchange *newest, *oldest;
};

// ms_exchange_begin makes one, of a request that comes by `connection` and has
// begun at begin_ns. NULL: out of memory.
struct ms_exchange *ms_exchange_begin(struct ms_exchanges *all,
                                      struct ms_server *server,
                                      struct MHD_Connection *connection,
                                      const char *method, const char *path,
                                      uint64_t begin_ns);

// ms_exchange_take adds to the body. False: this is going too far.
bool ms_exchange_take(struct ms_exchange *x, const char *data, size_t bytes);

// ms_exchange_end frees it and what it holds.
void ms_exchange_end(struct ms_exchanges *all, struct ms_exchange *x);

// ms_exchanges_expire cuts those whose body has not come in time: one that
// comes a byte at a time is never idle, and each byte wakes us. No answer can
// be given before it has come.
void ms_exchanges_expire(struct ms_exchanges *all);

// ms_exchanges_end_oldest cuts the one whose body is awaited longest, else the
// oldest answer that is not read to its end. False: none is under way.
bool ms_exchanges_end_oldest(struct ms_exchanges *all);

#endif
