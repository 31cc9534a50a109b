// SPDX-License-Identifier: MIT
// See platform/listen.h for the contract.

#include "platform/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
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

bool ms_listen_address(const char *address)
{
    return address == NULL || strcmp(address, "localhost") == 0 ||
           strcmp(address, "127.0.0.1") == 0 || strcmp(address, "::1") == 0;
}

// Listens on every wanted family, or on none.
static int try_port(const char *address, uint16_t port,
                    int sockets[MS_LISTENERS], uint16_t *got)
{
    bool want4 = address == NULL || strcmp(address, "::1") != 0;
    bool want6 = address == NULL || strcmp(address, "127.0.0.1") != 0;
    int error = EADDRNOTAVAIL;

    sockets[0] = sockets[1] = -1;
    if (want4) {
        error = bind_one(AF_INET, port, &sockets[0]);
        if (error != 0 && !family_is_missing(error))
            return error;
        if (error == 0)
            port = port_of(sockets[0]);
    }
    if (want6) {
        int other = bind_one(AF_INET6, port, &sockets[1]);
        if (other != 0 && (!family_is_missing(other) || error != 0)) {
            ms_listen_close(sockets);
            return other;
        }
        if (other == 0)
            port = port_of(sockets[1]);
        error = 0;
    }
    *got = port;
    return error;
}

int ms_listen_open(const struct ms_listen *wanted, int sockets[MS_LISTENERS],
                   uint16_t *port)
{
    uint16_t first = wanted->port;
    int error = EADDRINUSE;

    for (int i = 0; i < PORTS_TRIED && error == EADDRINUSE; i++) {
        error = try_port(wanted->address, (uint16_t)(first + i), sockets, port);
        // Any free port: IPv6 may have it in use where IPv4 has not.
        if (wanted->fixed && wanted->port != 0)
            break;
        if (wanted->fixed)
            first = (uint16_t) - (i + 1); // 0 again
    }
    return error;
}

void ms_listen_close(int sockets[MS_LISTENERS])
{
    for (size_t i = 0; i < MS_LISTENERS; i++) {
        if (sockets[i] >= 0)
            close(sockets[i]);
        sockets[i] = -1;
    }
}
