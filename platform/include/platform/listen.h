// SPDX-License-Identifier: MIT
//
// listen: the sockets of a page: IPv4 and IPv6 on one port, loopback unless
// another address is asked for, and a local (Unix) one. Any thread; waits for
// nothing.

#ifndef MS_PLATFORM_LISTEN_H
#define MS_PLATFORM_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#define MS_LISTENERS 3 // IPv4, IPv6, local
#define MS_LISTENER_LOCAL 2

// What is asked for. Not fixed: `port` or one of the next 100. Fixed: that one
// or none; 0: any that is free.
struct ms_listen {
    uint16_t port;
    bool fixed;
    const char *address; // NULL, "localhost": loopback, both families; else one
                         // literal address
};

// Who can reach an address.
enum ms_listen_scope {
    MS_LISTEN_NOWHERE,  // it is no literal address, and cannot be listened on
    MS_LISTEN_LOOPBACK, // this machine
    MS_LISTEN_BEYOND,   // others
};
enum ms_listen_scope ms_listen_scope_of(const char *address);

// ms_listen_open listens on every family that is wanted and that the machine
// has. Sockets that do not block, closed by exec; -1: none. Gives the port, and
// 0 or an errno value: EADDRINUSE when it is, or all that were tried.
int ms_listen_open(const struct ms_listen *wanted, int sockets[MS_LISTENERS],
                   uint16_t *port);

// ms_listen_local listens at a path, which only its user may connect to. A
// socket that nobody listens on any more is replaced; EADDRINUSE: somebody
// does; EEXIST: there is something else; ENAMETOOLONG: 107 bytes are the most.
int ms_listen_local(const char *path, int *socket);

// ms_listen_close closes them all and removes the path.
void ms_listen_close(int sockets[MS_LISTENERS]);

#endif
