// SPDX-License-Identifier: MIT
// See platform/ipc.h for the contract.

#include "platform/ipc.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int make_address(const char *name, struct sockaddr_un *a,
                        socklen_t *length)
{
    size_t n = strlen(name);

    if (n == 0 || n >= sizeof a->sun_path)
        return ENAMETOOLONG;
    memset(a, 0, sizeof *a);
    a->sun_family = AF_UNIX;
    memcpy(a->sun_path, name, n);
    if (name[0] == '@')
        a->sun_path[0] = '\0';
    *length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    return 0;
}

static int open_socket(int *fd)
{
    *fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return *fd < 0 ? errno : 0;
}

int ms_ipc_listen(const char *name, int *listener)
{
    struct sockaddr_un address;
    socklen_t length;
    int fd;
    int error = make_address(name, &address, &length);

    if (error == 0)
        error = open_socket(&fd);
    if (error != 0)
        return error;
    if (bind(fd, (struct sockaddr *)&address, length) != 0 ||
        listen(fd, 1024) != 0) {
        error = errno;
        close(fd);
        return error;
    }
    *listener = fd;
    return 0;
}

int ms_ipc_send_fd(const char *name, const void *message, size_t bytes, int fd)
{
    struct sockaddr_un address;
    socklen_t length;
    int s;
    int error = make_address(name, &address, &length);

    if (error == 0)
        error = open_socket(&s);
    if (error != 0)
        return error;

    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.space = {0}};
    struct iovec part = {.iov_base = (void *)message, .iov_len = bytes};
    struct msghdr m = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof control.space,
    };
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &fd, sizeof fd);

    if (connect(s, (struct sockaddr *)&address, length) != 0 ||
        sendmsg(s, &m, MSG_NOSIGNAL) < 0)
        error = errno;
    close(s);
    return error;
}

// The one descriptor of a message; -1: there is none, or not one. What was
// sent too much is closed.
static int take_fd(struct msghdr *m)
{
    int fd = -1;
    size_t count = 0;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof fd;
        for (size_t i = 0; i < n; i++) {
            if (count++ != 0)
                close(fd);
            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
        }
    }
    if (count <= 1)
        return fd;
    close(fd);
    return -1;
}

int ms_ipc_accept(int listener, int *sender, pid_t *pid, uid_t *uid)
{
    struct ucred who;
    socklen_t length = sizeof who;
    int s = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (s < 0)
        return errno == EWOULDBLOCK ? EAGAIN : errno;
    if (getsockopt(s, SOL_SOCKET, SO_PEERCRED, &who, &length) != 0) {
        close(s);
        return EPROTO;
    }
    *sender = s;
    *pid = who.pid;
    *uid = who.uid;
    return 0;
}

int ms_ipc_receive_fd(int sender, void *message, size_t bytes, int *fd)
{
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {.iov_base = message, .iov_len = bytes};
    struct msghdr m = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof control.space,
    };
    ssize_t n = recvmsg(sender, &m, MSG_CMSG_CLOEXEC);

    if (n < 0)
        return errno == EWOULDBLOCK || errno == EINTR ? EAGAIN : EPROTO;
    *fd = take_fd(&m);
    if (*fd < 0)
        return EPROTO;
    if ((size_t)n != bytes || (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
        close(*fd);
        return EPROTO;
    }
    return 0;
}
