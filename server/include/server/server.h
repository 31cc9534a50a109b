// SPDX-License-Identifier: MIT
//
// server: one port for HTTP and WebSocket, on the loopback addresses unless
// others are asked for, and a Unix socket beside it or in its place. It runs
// on two threads of its own, "ms-http", and, from the first connection on,
// "ms-ws"; queries in SQL run on up to four others ("ms-query"), which begin
// with the first of them.
//
//   function          thread  waits for
//   ms_server_create any     the port to listen
//   ms_server_stop   any     viewers to be told, a second at most
//   ms_server_listen any     nothing
//   ms_server_url    any     nothing
//   ms_server_entry  any     nothing
//   ms_server_port   any     nothing

#ifndef MS_SERVER_SERVER_H
#define MS_SERVER_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <memscope.h>

#include "engine/engine.h"
#include "platform/listen.h"

struct ms_server;

#define MS_SERVER_DEFAULT_PORT 7070
#define MS_SERVER_URL_BYTES 256
#define MS_SERVER_WHY_BYTES 256

struct ms_server_options {
    struct ms_engine *engine; // outlives the server
    // Not fixed: `port` (0: 7070) or one of the next 100. Fixed: that one or
    // none; 0: any that is free.
    uint16_t port;
    bool port_fixed;
    // NULL, "localhost": loopback, both families; else one literal address. All
    // who come from beyond loopback need the token.
    const char *bind;
    const char *unix_path;   // a Unix socket as well; NULL: none
    bool unix_only;          // and no port
    const char *token_file;  // NULL: one is made, where it is needed
    const char *allow_hosts; // names of proxies, with commas; NULL: none
    bool read_only;          // nothing can be changed
    bool for_user;           // let `user` in as our own user is, and root
    uid_t user;
    // These sockets listen already, on `port`; the server closes them.
    bool listening;
    int listeners[MS_LISTENERS];
    const char *announce; // where other programs announce themselves; NULL
    bool embedded;        // in the watched program itself; said in the status
    void (*thread_start)(void); // called first on each thread; may be NULL
    // Called when the first connection comes, on the thread that answers, for
    // what answering needs: false, and why, turns it away, and the next one
    // tries again. NULL: all is there.
    bool (*load)(char *why, size_t room);
    // Called before each answer, on the thread that gives it, with `with`: who
    // has announced itself before a question shall be in its answer. NULL: not.
    void (*before_answer)(void *with);
    void *with;
    uint32_t max_clients; // viewers; 0: 64
};

// ms_server_environment fills what is not given by the variables MEMSCOPE_BIND,
// MEMSCOPE_UNIX, MEMSCOPE_TOKEN_FILE, MEMSCOPE_ALLOW_HOSTS and
// MEMSCOPE_READ_ONLY; the texts are the environment's own.
void ms_server_environment(struct ms_server_options *options);

// ms_server_listen looks whether the options can be followed, opens the sockets
// and enters them in the options. What is wrong, in `why`:
// MEMSCOPE_ERROR_ARGUMENT: an option; MEMSCOPE_ERROR_PORT_TAKEN: the fixed
// port, or all that were tried, or the path, are in use.
enum memscope_status
ms_server_listen(struct ms_server_options *options,
                 char why[MS_SERVER_WHY_BYTES]) MEMSCOPE_MUST_CHECK;

// ms_server_create listens when it returns; it does what ms_server_listen does
// unless that was called, with the same errors.
enum memscope_status
ms_server_create(const struct ms_server_options *options,
                 struct ms_server **out) MEMSCOPE_MUST_CHECK;

// ms_server_stop tells the viewers, ends the threads and frees everything.
// NULL is allowed.
void ms_server_stop(struct ms_server *server);

// ms_server_url is "http://localhost:7070/", or "unix:PATH" without a port;
// ms_server_entry is the same with the token, if the server has made one, for
// the user's eyes. Valid until ms_server_stop.
const char *ms_server_url(const struct ms_server *server);
const char *ms_server_entry(const struct ms_server *server);
uint16_t ms_server_port(const struct ms_server *server);

#endif
