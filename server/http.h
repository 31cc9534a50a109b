// SPDX-License-Identifier: MIT
//
// http: the HTTP half, by libmicrohttpd, run from the dispatcher's own loop:
// it starts no thread. All functions are the dispatcher thread's.

#ifndef MS_SERVER_HTTP_H
#define MS_SERVER_HTTP_H

#include <sys/socket.h>

#include "server_private.h"

#define MS_HTTP_CONNECTIONS 256
#define MS_HTTP_BODY_BYTES 65536
#define MS_HTTP_IDLE_SECONDS 10    // for the next request to begin
#define MS_HTTP_BODY_SECONDS 15    // for a body to come whole
#define MS_HTTP_IMPORT_SECONDS 600 // for a snapshot

enum memscope_status ms_http_create(struct ms_server *server,
                                    struct ms_http **out) MEMSCOPE_MUST_CHECK;
void ms_http_destroy(struct ms_http *http);

// ms_http_add gives it a connection, of which nothing has been read yet.
void ms_http_add(struct ms_http *http, int fd, const struct ms_caller *caller,
                 const struct sockaddr *from, socklen_t length);

// ms_http_end_oldest makes room: it ends the connection that waits longest for
// its next request, else the request whose body is awaited longest, else the
// oldest answer that is not read to its end. False: there is none. ms_http_add
// does so by itself when there are too many.
bool ms_http_end_oldest(struct ms_http *http);

// ms_http_poll_fd becomes readable when ms_http_run has something to do;
// ms_http_timeout_ms says when it wants to run anyway (-1: never).
int ms_http_poll_fd(const struct ms_http *http);
int ms_http_timeout_ms(struct ms_http *http);
// ms_http_wake_fd becomes readable when an answer that was waited for is there:
// then, too, ms_http_run has something to do.
int ms_http_wake_fd(const struct ms_http *http);
void ms_http_run(struct ms_http *http);

#endif
