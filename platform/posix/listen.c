// SPDX-License-Identifier: MIT
// See platform/listen.h for the contract.

#include "platform/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PORTS_TRIED 100
#define BACKLOG 128

static int bind_one(const struct sockaddr *address, socklen_t length, int *out)
{
    int on = 1;
    int family = address->sa_family;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

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

static int bind_v4(struct in_addr address, uint16_t port, int *out)
{
    struct sockaddr_in v4 = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr = address,
    };

    return bind_one((struct sockaddr *)&v4, sizeof v4, out);
}

static int bind_v6(struct in6_addr address, uint16_t port, int *out)
{
    struct sockaddr_in6 v6 = {
        .sin6_family = AF_INET6,
        .sin6_port = htons(port),
        .sin6_addr = address,
    };

    return bind_one((struct sockaddr *)&v6, sizeof v6, out);
}

static uint16_t port_of(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } a = {.v6 = {0}};
    socklen_t length = sizeof a;

    if (getsockname(fd, &a.any, &length) != 0)
        return 0;
    return ntohs(a.any.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
}

// A machine without IPv6 is served on IPv4 alone, and the other way round.
static bool family_is_missing(int error)
{
    return error == EAFNOSUPPORT || error == EADDRNOTAVAIL;
}

// What an address asks for; nothing: it is none.
struct asked {
    bool v4, v6, both; // both: one of them is enough
    struct in_addr address4;
    struct in6_addr address6;
};

static struct asked read_address(const char *address)
{
    struct asked a = {.address4.s_addr = htonl(INADDR_LOOPBACK),
                      .address6 = in6addr_loopback};

    if (address == NULL || strcmp(address, "localhost") == 0)
        a.v4 = a.v6 = a.both = true;
    else if (inet_pton(AF_INET, address, &a.address4) == 1)
        a.v4 = true;
    else
        a.v6 = inet_pton(AF_INET6, address, &a.address6) == 1 &&
               !IN6_IS_ADDR_V4MAPPED(&a.address6);
    return a;
}

enum ms_listen_scope ms_listen_scope_of(const char *address)
{
    struct asked a = read_address(address);

    if (!a.v4 && !a.v6)
        return MS_LISTEN_NOWHERE;
    bool local = a.v4 ? ntohl(a.address4.s_addr) >> 24 == IN_LOOPBACKNET
                      : IN6_IS_ADDR_LOOPBACK(&a.address6);
    return local ? MS_LISTEN_LOOPBACK : MS_LISTEN_BEYOND;
}

// Listens on every wanted family, or on none.
static int try_port(const struct asked *a, uint16_t port,
                    int sockets[MS_LISTENERS], uint16_t *got)
{
    int error = EADDRNOTAVAIL;

    if (a->v4) {
        error = bind_v4(a->address4, port, &sockets[0]);
        if (error != 0 && !(a->both && family_is_missing(error)))
            return error;
        if (error == 0)
            port = port_of(sockets[0]);
    }
    if (a->v6) {
        int other = bind_v6(a->address6, port, &sockets[1]);
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
    struct asked asked = read_address(wanted->address);
    uint16_t first = wanted->port;
    int error = EADDRINUSE;

    for (size_t i = 0; i < MS_LISTENERS; i++)
        sockets[i] = -1;
    for (int i = 0; i < PORTS_TRIED && error == EADDRINUSE; i++) {
        error = try_port(&asked, (uint16_t)(first + i), sockets, port);
        // Any free port: IPv6 may have it in use where IPv4 has not.
        if (wanted->fixed && wanted->port != 0)
            break;
        if (wanted->fixed)
            first = (uint16_t) - (i + 1); // 0 again
    }
    return error;
}

// An absolute path: the program may change its directory.
static bool name_of(const char *path, struct sockaddr_un *name)
{
    char here[sizeof name->sun_path] = "";
    size_t room = sizeof name->sun_path;

    *name = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (path[0] != '/' && getcwd(here, sizeof here) == NULL)
        return false;
    int n = snprintf(name->sun_path, room, "%s%s%s", here,
                     path[0] != '/' ? "/" : "", path);
    return n > 0 && (size_t)n < room;
}

// 0: there was a socket that nobody listens on, and it is gone.
static int remove_stale(const struct sockaddr_un *name)
{
    struct stat is;
    int error = EADDRINUSE;

    if (lstat(name->sun_path, &is) != 0)
        return errno;
    if (!S_ISSOCK(is.st_mode))
        return EEXIST;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    if (connect(fd, (const struct sockaddr *)name, sizeof *name) != 0 &&
        errno == ECONNREFUSED)
        error = unlink(name->sun_path) == 0 ? 0 : errno;
    close(fd);
    return error;
}

int ms_listen_local(const char *path, int *out)
{
    struct sockaddr_un name;
    int error = 0;

    if (!name_of(path, &name))
        return ENAMETOOLONG;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    // The file gets the descriptor's mode: nobody can come before a chmod.
    if (fchmod(fd, S_IRUSR | S_IWUSR) != 0)
        error = errno;
    if (error == 0 && bind(fd, (struct sockaddr *)&name, sizeof name) != 0) {
        error = errno == EADDRINUSE ? remove_stale(&name) : errno;
        if (error == 0 && bind(fd, (struct sockaddr *)&name, sizeof name) != 0)
            error = errno;
    }
    if (error == 0 && listen(fd, BACKLOG) != 0) {
        error = errno;
        unlink(name.sun_path);
    }
    if (error != 0) {
        close(fd);
        return error;
    }
    *out = fd;
    return 0;
}

static void remove_path(int fd)
{
    struct sockaddr_un name = {0};
    socklen_t length = sizeof name - 1; // what it names ends with a NUL

    if (getsockname(fd, (struct sockaddr *)&name, &length) == 0 &&
        name.sun_path[0] == '/')
        unlink(name.sun_path);
}

void ms_listen_close(int sockets[MS_LISTENERS])
{
    if (sockets[MS_LISTENER_LOCAL] >= 0)
        remove_path(sockets[MS_LISTENER_LOCAL]);
    for (size_t i = 0; i < MS_LISTENERS; i++) {
        if (sockets[i] >= 0)
            close(sockets[i]);
        sockets[i] = -1;
    }
}
