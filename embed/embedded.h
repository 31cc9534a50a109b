// SPDX-License-Identifier: MIT
//
// embedded: the engine and the server as threads of the watched program
// itself. They and all libraries that they need are in a shared object of
// their own, which is loaded by the first memscope_start, on a thread that is
// marked as ours: so that nothing which those libraries allocate when they
// are loaded appears in the program's numbers either.
//
// Both functions are called under the lock of start.c, by one thread at a
// time, while that thread is marked as ours.

#ifndef MS_EMBED_EMBEDDED_H
#define MS_EMBED_EMBEDDED_H

#include <memscope.h>

#define MS_URL_BYTES 256

// ms_embedded_start opens the page over this process's segment and gives its
// address. It owns the descriptor, also when it fails. Waits until the port
// listens. Errors as memscope_start.
MEMSCOPE_API enum memscope_status
ms_embedded_start(const struct memscope_options *options, int segment,
                  char url[MS_URL_BYTES]) MEMSCOPE_MUST_CHECK;

// ms_embedded_stop ends what a successful start began; waits for its threads.
MEMSCOPE_API void ms_embedded_stop(void);

#endif
