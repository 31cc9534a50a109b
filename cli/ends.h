// SPDX-License-Identifier: MIT
//
// ends: notices the end of the processes that have announced themselves, most
// of whom are not our own children: by ticks alone they would seem to have run
// up to half a second longer.

#ifndef MS_CLI_ENDS_H
#define MS_CLI_ENDS_H

#include <stdint.h>
#include <sys/types.h>

#include "engine/engine.h"

struct ms_ends {
    int epoll; // readable when one has ended; -1: they are left to the tick
};

void ms_ends_begin(struct ms_ends *ends);

// ms_ends_watch has the process of a session watched. Any thread.
void ms_ends_watch(struct ms_ends *ends, pid_t pid, uint32_t session);

// ms_ends_tell tells the engine of those that have ended since. One thread.
void ms_ends_tell(struct ms_ends *ends, struct ms_engine *engine);

// ms_ends_end gives up watching; nobody is in here any more. What is open for
// those that still run closes with us.
void ms_ends_end(struct ms_ends *ends);

#endif
