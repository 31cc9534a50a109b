// SPDX-License-Identifier: MIT
// See listener.h for the contract.

#include "listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORTS_TRIED 100
#define BACKLOG 128

static int bind_one(int family, uint16_t port, int *out)
{
    int on = 1;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in v4 = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    struct sockaddr_in6 v6 = {
        .sin6_family = AF_INET6,
        .sin6_port = htons(port),
        .sin6_addr = IN6ADDR_LOOPBACK_INIT,
    };
    const struct sockaddr *address =
        family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
    socklen_t length = family == AF_INET ? sizeof v4 : sizeof v6;

    if (fd < 0)
        return errno;
    // Only a port in TIME_WAIT is taken over by this, not one in use.
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(fd, address, length) != 0 || listen(fd, BACKLOG) != 0) {
        int error = errno;
        close(fd);
        return error;
    }
    *out = fd;
    return 0;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage a = {0};
    socklen_t length = sizeof a;

    if (getsockname(fd, (struct sockaddr *)&a, &length) != 0)
        return 0;
    return ntohs(a.ss_family == AF_INET
                     ? ((struct sockaddr_in *)&a)->sin_port
                     : ((struct sockaddr_in6 *)&a)->sin6_port);
}

// A machine without IPv6 is served on IPv4 alone, and the other way round.
static bool family_is_missing(int error)
{
    return error == EAFNOSUPPORT || error == EADDRNOTAVAIL;
}

// Listens on every wanted family, or on none.
static int try_port(struct ms_server *s, uint16_t port)
{
    const char *bind = s->options.bind;
    bool want4 = bind == NULL || strcmp(bind, "::1") != 0;
    bool want6 = bind == NULL || strcmp(bind, "127.0.0.1") != 0;
    int error = EADDRNOTAVAIL;

    s->listeners[0] = s->listeners[1] = -1;
    if (want4) {
        error = bind_one(AF_INET, port, &s->listeners[0]);
        if (error != 0 && !family_is_missing(error))
            return error;
        if (error == 0)
            port = port_of(s->listeners[0]);
    }
    if (want6) {
        int other = bind_one(AF_INET6, port, &s->listeners[1]);
        if (other != 0 && (!family_is_missing(other) || error != 0)) {
            ms_listener_close(s);
            return other;
        }
        if (other == 0)
            port = port_of(s->listeners[1]);
        error = 0;
    }
    s->access.port = port;
    return error;
}

enum memscope_status ms_listener_open(struct ms_server *s)
{
    const struct ms_server_options *o = &s->options;
    uint16_t first =
        o->port == 0 && !o->port_fixed ? MS_SERVER_DEFAULT_PORT : o->port;
    int error = EADDRINUSE;

    for (int i = 0; i < PORTS_TRIED && error == EADDRINUSE; i++) {
        error = try_port(s, (uint16_t)(first + i));
        // Any free port: IPv6 may have it in use where IPv4 has not.
        if (o->port_fixed && o->port != 0)
            break;
        if (o->port_fixed)
            first = (uint16_t) - (i + 1); // 0 again
    }
    if (error == 0)
        return MEMSCOPE_OK;
    return error == EADDRINUSE ? MEMSCOPE_ERROR_PORT_TAKEN
                               : MEMSCOPE_ERROR_SYSTEM;
}

void ms_listener_close(struct ms_server *s)
{
    for (size_t i = 0; i < MS_LISTENERS; i++) {
        if (s->listeners[i] >= 0)
            close(s->listeners[i]);
        s->listeners[i] = -1;
    }
}
