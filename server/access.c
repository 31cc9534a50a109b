// SPDX-License-Identifier: MIT
// See access.h for the contract.

#include "access.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/clock.h"
#include "platform/peer.h"

static bool is_ours(const struct ms_access *a, uid_t uid)
{
    return uid == 0 || uid == geteuid() || (a->for_user && uid == a->user);
}

static bool is_loopback(const struct sockaddr_storage *s)
{
    if (s->ss_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)s)->sin_addr.s_addr) >> 24 ==
               IN_LOOPBACKNET;
    struct in6_addr six;
    memcpy(&six, &((const struct sockaddr_in6 *)s)->sin6_addr, sizeof six);
    return IN6_IS_ADDR_LOOPBACK(&six);
}

// The address that was connected to, as it stands in a Host.
static void name_address(const struct sockaddr_storage *s, uint16_t port,
                         char host[64])
{
    char text[INET6_ADDRSTRLEN] = "";

    if (s->ss_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)s)->sin_addr, text,
                  sizeof text);
        snprintf(host, 64, port == 80 ? "%s" : "%s:%u", text, port);
    } else {
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)s)->sin6_addr, text,
                  sizeof text);
        snprintf(host, 64, port == 80 ? "[%s]" : "[%s]:%u", text, port);
    }
}

// One number for a source: an IPv4 address, or the network of an IPv6 one, of
// which a single machine often has all addresses.
static uint64_t source_of(const struct sockaddr_storage *s)
{
    uint64_t source = 0;

    if (s->ss_family == AF_INET)
        source = ((const struct sockaddr_in *)s)->sin_addr.s_addr;
    else if (s->ss_family == AF_INET6)
        memcpy(&source, &((const struct sockaddr_in6 *)s)->sin6_addr,
               sizeof source);
    return source;
}

struct ms_caller ms_access_caller(const struct ms_access *a, int lookup, int fd,
                                  bool *unknown)
{
    struct ms_caller caller = {0};
    struct sockaddr_storage ours = {0}, theirs = {0};
    socklen_t n = sizeof ours, m = sizeof theirs;
    uid_t uid;

    *unknown = false;
    if (getsockname(fd, (struct sockaddr *)&ours, &n) != 0 ||
        getpeername(fd, (struct sockaddr *)&theirs, &m) != 0)
        return caller; // closed already: it is nobody's
    caller.local = ours.ss_family == AF_UNIX;
    caller.source = source_of(&theirs);
    if (!caller.local)
        name_address(&ours, a->port, caller.host);
    // Beyond loopback the way of a packet proves nothing.
    if (!caller.local && !is_loopback(&ours))
        return caller;
    int error = ms_peer_uid(lookup, fd, &uid);
    // One whose other end is closed already is nobody's as well.
    *unknown = error != 0 && error != ENOENT;
    caller.known = error == 0 && is_ours(a, uid);
    return caller;
}

static bool is_host_name(const char *name, size_t bytes)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789-._:[]";

    return bytes != 0 && bytes < MS_ACCESS_HOST_BYTES &&
           strspn(name, good) >= bytes;
}

bool ms_access_hosts(struct ms_access *a, const char *names)
{
    a->host_count = 0;
    while (names != NULL) {
        size_t n = strcspn(names, ",");
        if (!is_host_name(names, n) || a->host_count == MS_ACCESS_HOSTS)
            return false;
        char *to = a->hosts[a->host_count++];
        memcpy(to, names, n);
        to[n] = '\0';
        names = names[n] == ',' ? names + n + 1 : NULL;
    }
    return true;
}

static bool is_own(const struct ms_access *a, const struct ms_caller *caller,
                   const char *host)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
    char port[8];

    snprintf(port, sizeof port, ":%u", a->port);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t n = strlen(names[i]);
        if (strncasecmp(host, names[i], n) != 0)
            continue;
        if (a->port != 0 && strcmp(host + n, port) == 0)
            return true;
        if (host[n] == '\0' && (a->port == 80 || caller->local))
            return true;
    }
    // No name leads a browser there, only the address itself: no other page
    // can have the same origin.
    return caller->host[0] != '\0' && strcasecmp(host, caller->host) == 0;
}

enum ms_host ms_access_host(const struct ms_access *a,
                            const struct ms_caller *caller, const char *host)
{
    if (host == NULL)
        return MS_HOST_FOREIGN;
    if (is_own(a, caller, host))
        return MS_HOST_OWN;
    for (size_t i = 0; i < a->host_count; i++)
        if (strcasecmp(host, a->hosts[i]) == 0)
            return MS_HOST_PROXY;
    return MS_HOST_FOREIGN;
}

// What follows a scheme, or NULL.
static const char *behind(const char *origin, const char *scheme)
{
    size_t n = strlen(scheme);

    return strncasecmp(origin, scheme, n) == 0 ? origin + n : NULL;
}

bool ms_access_origin(const struct ms_access *a, const struct ms_caller *caller,
                      const char *host, const char *origin)
{
    if (origin == NULL)
        return true;
    const char *plain = behind(origin, "http://");
    const char *secure = behind(origin, "https://");

    if (ms_access_host(a, caller, host) != MS_HOST_PROXY)
        return plain != NULL && is_own(a, caller, plain);
    return (plain != NULL && strcasecmp(plain, host) == 0) ||
           (secure != NULL && strcasecmp(secure, host) == 0);
}

// Finds a cookie in the header's list.
static bool has_cookie(const struct ms_access *a, const char *cookies)
{
    size_t length = strlen(a->cookie_name);

    for (const char *p = cookies; *p != '\0';) {
        p += strspn(p, "; \t");
        size_t n = strcspn(p, ";");
        if (n > length && strncmp(p, a->cookie_name, length) == 0 &&
            p[length] == '=' &&
            ms_token_equal(&a->cookie, p + length + 1, n - length - 1))
            return true;
        p += n;
    }
    return false;
}

// The token that a request gives, or NULL.
static const char *given_token(const struct ms_credentials *c)
{
    if (c->token != NULL || c->authorization == NULL)
        return c->token;
    const char *token = behind(c->authorization, "Bearer ");
    return token != NULL ? token + strspn(token, " ") : NULL;
}

enum ms_entry ms_access_entry(struct ms_access *a,
                              const struct ms_caller *caller, enum ms_host host,
                              const struct ms_credentials *credentials)
{
    bool known = caller->known && host == MS_HOST_OWN;
    const char *token = given_token(credentials);
    enum ms_entry entry = known          ? MS_ENTRY_KNOWN
                          : a->has_token ? MS_ENTRY_NO_TOKEN
                                         : MS_ENTRY_REFUSED;

    if (!a->has_token)
        return entry;
    if (!known && credentials->cookies != NULL &&
        has_cookie(a, credentials->cookies))
        entry = MS_ENTRY_COOKIE;
    if (token == NULL)
        return entry;
    uint64_t now = ms_clock_monotonic_ns();
    if (!ms_attempts_may(&a->attempts, caller->source, now))
        return entry == MS_ENTRY_NO_TOKEN ? MS_ENTRY_TOO_OFTEN : entry;
    if (ms_token_equal(&a->token, token, strlen(token)))
        return MS_ENTRY_TOKEN;
    // Who is in anyway is guessing nothing.
    if (entry == MS_ENTRY_NO_TOKEN)
        ms_attempts_wrong(&a->attempts, caller->source, now);
    return entry;
}
