// SPDX-License-Identifier: MIT
//
// ipc: how a watched process hands its segment over. Local sockets of whole
// messages; a name that begins with '@' is abstract, others are paths.
// Functions give 0 or an errno value; none allocates. Sending never waits.

#ifndef MS_PLATFORM_IPC_H
#define MS_PLATFORM_IPC_H

#include <stddef.h>
#include <sys/types.h>

#define MS_IPC_NAME_BYTES 108

// ms_ipc_listen opens a listening socket, not blocking, closed by exec.
int ms_ipc_listen(const char *name, int *listener);

// ms_ipc_send_fd connects, sends one message with one descriptor, and closes.
// The receiver need not be there to receive: it finds the message later.
// Async-signal-safe.
int ms_ipc_send_fd(const char *name, const void *message, size_t bytes, int fd);

// ms_ipc_accept takes the next sender: a socket to receive its message on, and
// who it is, as the kernel knows it. EAGAIN: none is waiting.
int ms_ipc_accept(int listener, int *sender, pid_t *pid, uid_t *uid);

// ms_ipc_receive_fd takes a sender's message and its descriptor. EAGAIN: it has
// not been sent yet, and the socket becomes readable when it has or never will
// be. EPROTO: no such message. The socket stays the caller's.
int ms_ipc_receive_fd(int sender, void *message, size_t bytes, int *fd);

#endif
