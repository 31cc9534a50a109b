// SPDX-License-Identifier: MIT
//
// listen: the sockets of a page: IPv4 and IPv6 loopback on one port. Any
// thread; waits for nothing.

#ifndef MS_PLATFORM_LISTEN_H
#define MS_PLATFORM_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#define MS_LISTENERS 2 // IPv4, IPv6

// What is asked for. Not fixed: `port` or one of the next 100. Fixed: that one
// or none; 0: any that is free.
struct ms_listen {
    uint16_t port;
    bool fixed;
    const char *address; // NULL, "localhost": both families; "127.0.0.1"; "::1"
};

// ms_listen_address says whether an address is one of those.
bool ms_listen_address(const char *address);

// ms_listen_open listens on every family that is wanted and that the machine
// has. Sockets that do not block, closed by exec; -1: none. Gives the port, and
// 0 or an errno value: EADDRINUSE when it is, or all that were tried.
int ms_listen_open(const struct ms_listen *wanted, int sockets[MS_LISTENERS],
                   uint16_t *port);
void ms_listen_close(int sockets[MS_LISTENERS]);

#endif
