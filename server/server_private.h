// SPDX-License-Identifier: MIT
//
// server_private: the server's state, for the files of this room.

#ifndef MS_SERVER_SERVER_PRIVATE_H
#define MS_SERVER_SERVER_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "access.h"
#include "endpoints.h"
#include "server/server.h"

struct ms_asides;
struct ms_http;
struct ms_http_shared;
struct ms_sql_jobs;
struct ms_ws;

struct ms_server {
    struct ms_server_options options; // constant
    struct ms_access access;          // [dispatcher]
    char url[MS_SERVER_URL_BYTES];    // constant
    char entry[MS_SERVER_URL_BYTES];  // constant: with the token that was made
    int peers;                        // of platform/peer.h; -1: not to be had
    uint64_t start_ns;                // constant
    int listeners[MS_LISTENERS];      // -1: none
    int stop_event;                   // ends the dispatcher
    pthread_t dispatcher;
    struct ms_http *http;          // [dispatcher]; NULL: nobody has come
    struct ms_http_shared *shared; // [dispatcher]
    _Atomic unsigned exports;      // that wait for names or time
    struct ms_endpoints endpoints; // [dispatcher]
    struct ms_sql_jobs *sql_jobs;
    struct ms_asides *asides;
    struct ms_ws *ws; // as http
    _Atomic uint64_t requests;
    _Atomic uint64_t messages;
    _Atomic uint64_t coalesced;
    _Atomic uint32_t clients;
};

#endif
