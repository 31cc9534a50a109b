// SPDX-License-Identifier: MIT
//
// access: who may speak to us. A browser sends every page's requests to
// localhost; the Host and Origin of a request tell whose page it was. Literal
// forms only, no look-ups. Whose the other end is, the kernel says of
// connections within this machine; for all others there is a token.
//
// Dispatcher thread, once it runs; no function waits.

#ifndef MS_SERVER_ACCESS_H
#define MS_SERVER_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "attempts.h"
#include "token.h"

#define MS_ACCESS_HOSTS 8
#define MS_ACCESS_HOST_BYTES 256

struct ms_access {
    uint16_t port; // 0: none, there is only a Unix socket
    bool beyond;   // others than this machine can reach it
    char hosts[MS_ACCESS_HOSTS][MS_ACCESS_HOST_BYTES]; // of proxies
    size_t host_count;
    bool has_token;
    struct ms_token token;
    struct ms_token cookie; // what a browser is given for the token
    char cookie_name[32];   // by port: ports share their cookies
    bool for_user;          // `user` is let in as our own user is
    uid_t user;
    struct ms_attempts attempts;
};

// What is known of a connection before it has said anything.
struct ms_caller {
    bool known;      // on this machine, and of our user or root
    bool local;      // by the Unix socket
    uint64_t source; // whose wrong tokens are counted together
    char host[64];   // our address as a Host names it; "": none of its own
};

// ms_access_caller asks the kernel about a connection: `lookup` is of
// platform/peer.h, or -1. *unknown: the kernel does not say.
struct ms_caller ms_access_caller(const struct ms_access *a, int lookup, int fd,
                                  bool *unknown);

// ms_access_hosts takes the names that proxies are asked by: NAME or
// NAME:PORT, with commas; may be NULL. False: one is no such name, or there
// are too many.
bool ms_access_hosts(struct ms_access *a, const char *names);

enum ms_host {
    MS_HOST_FOREIGN,
    MS_HOST_OWN,   // an address of ours
    MS_HOST_PROXY, // a name of a proxy's: the caller only passes it on
};

// ms_access_host: own are "localhost", "127.0.0.1" and "[::1]" with our port
// (or without one when ours is 80, or by the Unix socket), and the address that
// the connection has come to. NULL is foreign.
enum ms_host ms_access_host(const struct ms_access *a,
                            const struct ms_caller *caller, const char *host);

// ms_access_origin: "http://" and an own host; or, by a proxy, also "https://"
// and the very host that was asked for. NULL: no page sent it, but a program;
// that is allowed.
bool ms_access_origin(const struct ms_access *a, const struct ms_caller *caller,
                      const char *host, const char *origin);

// What a request says of its right to come. NULL: nothing.
struct ms_credentials {
    const char *token;         // of the URL
    const char *authorization; // the header
    const char *cookies;       // the header
};

enum ms_entry {
    MS_ENTRY_REFUSED,   // there is no token: nothing could help
    MS_ENTRY_NO_TOKEN,  // it has none, or a wrong one
    MS_ENTRY_TOO_OFTEN, // a token was not even looked at
    MS_ENTRY_KNOWN,     // the kernel vouches for the caller
    MS_ENTRY_COOKIE,    // it had given the token before
    MS_ENTRY_TOKEN,     // the token was right
};

// ms_access_entry decides; `host` is what ms_access_host said. From
// MS_ENTRY_KNOWN on it may come in.
enum ms_entry ms_access_entry(struct ms_access *a,
                              const struct ms_caller *caller, enum ms_host host,
                              const struct ms_credentials *credentials);

#endif
