// SPDX-License-Identifier: MIT
//
// peer: whose the other end of a local connection is, TCP or Unix, as the
// kernel knows it. One exact question per connection, whatever the number of
// sockets; no waiting, no allocation. Functions give 0 or an errno value.

#ifndef MS_PLATFORM_PEER_H
#define MS_PLATFORM_PEER_H

#include <stdbool.h>
#include <sys/types.h>

// ms_peer_open makes *lookup, a descriptor that is closed by exec and, in the
// end, with close(). One lookup belongs to one thread.
int ms_peer_open(int *lookup);

// ms_peer_known says whether the kernel answers such questions, by asking about
// a TCP socket of ours that listens.
bool ms_peer_known(int lookup, int listener);

// ms_peer_uid finds the user whose socket is connected to ours. ENOENT: it is
// closed already. ENOTSUP: the kernel does not say.
int ms_peer_uid(int lookup, int fd, uid_t *uid);

#endif
