// SPDX-License-Identifier: MIT
// See platform/peer.h for the contract.

#include "platform/peer.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct question {
    struct nlmsghdr head;
    struct inet_diag_req_v2 about;
};

union answer {
    struct nlmsghdr head;
    char bytes[1024];
};

int ms_peer_open(int *lookup)
{
    *lookup = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
                     NETLINK_SOCK_DIAG);
    return *lookup < 0 ? errno : 0;
}

static void put_end(const struct sockaddr_storage *a, __be16 *port,
                    __be32 address[4])
{
    if (a->ss_family == AF_UNSPEC)
        return; // any: all zeros
    if (a->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)a;
        *port = v4->sin_port;
        memcpy(address, &v4->sin_addr, sizeof v4->sin_addr);
    } else {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)a;
        *port = v6->sin6_port;
        memcpy(address, &v6->sin6_addr, sizeof v6->sin6_addr);
    }
}

// Asks for the one socket at `from` that is connected to `to`.
static int ask(int lookup, const struct sockaddr_storage *from,
               const struct sockaddr_storage *to, uid_t *uid)
{
    static const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    struct question q = {
        .head = {.nlmsg_len = sizeof q,
                 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                 .nlmsg_flags = NLM_F_REQUEST},
        .about = {.sdiag_family = (__u8)from->ss_family,
                  .sdiag_protocol = IPPROTO_TCP,
                  .idiag_states = UINT32_MAX,
                  .id.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}},
    };
    union answer a;
    struct inet_diag_msg found;

    put_end(from, &q.about.id.idiag_sport, q.about.id.idiag_src);
    put_end(to, &q.about.id.idiag_dport, q.about.id.idiag_dst);
    if (sendto(lookup, &q, sizeof q, 0, (const struct sockaddr *)&kernel,
               sizeof kernel) < 0)
        return errno;
    // The kernel has answered by the time that sendto returns.
    ssize_t n = recv(lookup, &a, sizeof a, 0);
    if (n < (ssize_t)sizeof a.head)
        return EIO;
    if (a.head.nlmsg_type == NLMSG_ERROR) {
        struct nlmsgerr error;
        if (n < (ssize_t)(NLMSG_HDRLEN + sizeof error))
            return EIO;
        memcpy(&error, a.bytes + NLMSG_HDRLEN, sizeof error);
        return error.error < 0 ? -error.error : EIO;
    }
    if (a.head.nlmsg_type != SOCK_DIAG_BY_FAMILY ||
        n < (ssize_t)(NLMSG_HDRLEN + sizeof found))
        return EIO;
    memcpy(&found, a.bytes + NLMSG_HDRLEN, sizeof found);
    // What its process has closed has no inode any more, and 0 for its user.
    if (found.idiag_inode == 0)
        return ENOENT;
    *uid = found.idiag_uid;
    return 0;
}

bool ms_peer_known(int lookup, int listener)
{
    struct sockaddr_storage ours, none;
    socklen_t length = sizeof ours;
    uid_t own;

    memset(&ours, 0, sizeof ours);
    memset(&none, 0, sizeof none);
    none.ss_family = AF_UNSPEC;
    return getsockname(listener, (struct sockaddr *)&ours, &length) == 0 &&
           ask(lookup, &ours, &none, &own) == 0;
}

// A Unix socket's end carries who made it.
static int uid_of_local(int fd, uid_t *uid)
{
    struct ucred who;
    socklen_t length = sizeof who;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &length) != 0)
        return errno;
    *uid = who.uid;
    return 0;
}

int ms_peer_uid(int lookup, int fd, uid_t *uid)
{
    struct sockaddr_storage ours, theirs;
    socklen_t a = sizeof ours, b = sizeof theirs;
    uid_t own;

    memset(&ours, 0, sizeof ours);
    memset(&theirs, 0, sizeof theirs);
    if (getsockname(fd, (struct sockaddr *)&ours, &a) != 0 ||
        getpeername(fd, (struct sockaddr *)&theirs, &b) != 0)
        return errno == ENOTCONN ? ENOENT : errno;
    if (ours.ss_family == AF_UNIX)
        return uid_of_local(fd, uid);
    if (lookup < 0 || (ours.ss_family != AF_INET && ours.ss_family != AF_INET6))
        return ENOTSUP;
    int error = ask(lookup, &theirs, &ours, uid);
    if (error != ENOENT && error != 0)
        return ENOTSUP;
    // A kernel without these diagnostics finds nothing at all.
    if (error == ENOENT && ask(lookup, &ours, &theirs, &own) != 0)
        return ENOTSUP;
    return error;
}
