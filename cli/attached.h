// SPDX-License-Identifier: MIT
//
// attached: a program that is run here and watched by a memscope that runs
// already, on this machine. That one says in its status where segments are
// announced; the program then hands its own over as all do.

#ifndef MS_CLI_ATTACHED_H
#define MS_CLI_ATTACHED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "platform/ipc.h"

struct ms_attach {
    uint16_t port;
    char socket[MS_IPC_NAME_BYTES];
};

// ms_attach_find asks the memscope at `where`: a port, or the address of its
// page. False: said why.
bool ms_attach_find(const char *where, struct ms_attach *out);

// ms_attach_ended tells it how a program has ended, that has been waited for.
// Nobody there: nothing happens.
void ms_attach_ended(const struct ms_attach *to, pid_t pid, int status);

#endif
