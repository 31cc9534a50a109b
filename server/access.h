// SPDX-License-Identifier: MIT
//
// access: who may speak to us. A browser sends every page's requests to
// localhost; the Host and Origin of a request tell whose page it was. Literal
// forms only, no look-ups. Pure functions.

#ifndef MS_SERVER_ACCESS_H
#define MS_SERVER_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

struct ms_access {
    uint16_t port;
};

// ms_access_host: "localhost", "127.0.0.1" or "[::1]", with our port (or
// without one when ours is 80). NULL is not allowed.
bool ms_access_host(const struct ms_access *a, const char *host);

// ms_access_origin: "http://" and a host as above. NULL: no page sent it, but
// a program; that is allowed.
bool ms_access_origin(const struct ms_access *a, const char *origin);

// ms_access_bind: whether an address is one that we may listen on.
bool ms_access_bind(const char *address);

#endif
