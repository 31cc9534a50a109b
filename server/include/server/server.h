// SPDX-License-Identifier: MIT
//
// server: one port for HTTP and WebSocket, on the loopback addresses. It runs
// on two threads of its own ("ms-http", "ms-ws"); queries in SQL run on up to
// four others ("ms-query"), which begin with the first of them.
//
//   function          thread  waits for
//   ms_server_create any     the port to listen
//   ms_server_stop   any     viewers to be told, a second at most
//   ms_server_url    any     nothing
//   ms_server_port   any     nothing

#ifndef MS_SERVER_SERVER_H
#define MS_SERVER_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include <memscope.h>

#include "engine/engine.h"
#include "platform/listen.h"

struct ms_server;

#define MS_SERVER_DEFAULT_PORT 7070

struct ms_server_options {
    struct ms_engine *engine; // outlives the server
    // Not fixed: `port` (0: 7070) or one of the next 100. Fixed: that one or
    // none; 0: any that is free.
    uint16_t port;
    bool port_fixed;
    const char *bind; // NULL, "localhost": both families; "127.0.0.1"; "::1"
    // These sockets listen already, on `port`; the server closes them.
    bool listening;
    int listeners[MS_LISTENERS];
    bool embedded; // in the watched program itself; said in the status
    void (*thread_start)(void); // called first on each thread; may be NULL
    uint32_t max_clients;       // viewers; 0: 64
};

// ms_server_create listens when it returns. MEMSCOPE_ERROR_ARGUMENT: an
// address that is not loopback; MEMSCOPE_ERROR_PORT_TAKEN: the fixed port, or
// all that were tried, are in use.
enum memscope_status
ms_server_create(const struct ms_server_options *options,
                 struct ms_server **out) MEMSCOPE_MUST_CHECK;

// ms_server_stop tells the viewers, ends the threads and frees everything.
// NULL is allowed.
void ms_server_stop(struct ms_server *server);

// ms_server_url is "http://localhost:7070/"; valid until ms_server_stop.
const char *ms_server_url(const struct ms_server *server);
uint16_t ms_server_port(const struct ms_server *server);

#endif
