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

// ms_ipc_receive_fd takes the next message: its descriptor, and the sender as
// the kernel knows it. EAGAIN: none is waiting. EPROTO: not such a message.
int ms_ipc_receive_fd(int listener, void *message, size_t bytes, int *fd,
                      pid_t *pid, uid_t *uid);

#endif
