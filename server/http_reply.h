// SPDX-License-Identifier: MIT
//
// http_reply: makes an answer of libmicrohttpd's out of a reply, with the
// headers that every answer has. Beside http.c the only file that knows
// libmicrohttpd. Dispatcher thread.

#ifndef MS_SERVER_HTTP_REPLY_H
#define MS_SERVER_HTTP_REPLY_H

#include <microhttpd.h>

#include "routes.h"

// ms_http_reply queues an answer and takes over what the reply owns. MHD_NO:
// out of memory; the connection is to be closed.
enum MHD_Result ms_http_reply(struct ms_server *server,
                              struct MHD_Connection *connection,
                              struct ms_reply *reply);

// ms_http_refuse queues an error.
enum MHD_Result ms_http_refuse(struct ms_server *server,
                               struct MHD_Connection *connection,
                               unsigned status, const char *message);

// How a connection sleeps while its answer is made. Lives as long as the
// exchange.
struct ms_http_sleeper {
    struct MHD_Connection *connection;
    int wake_event; // an eventfd: MHD is to run
};

// ms_http_start_aside has a request answered aside; the connection sleeps from
// now on. NULL: out of memory.
struct ms_aside *ms_http_start_aside(struct ms_http_sleeper *sleeper,
                                     struct ms_request *request,
                                     ms_handler *handler);

// ms_http_start_job starts a job for a connection, which sleeps from now on.
// False: there are too many; the job has been let go.
bool ms_http_start_job(struct ms_http_sleeper *sleeper, struct ms_sql_job *job);

#endif
