// SPDX-License-Identifier: MIT
// See platform/process_end.h for the contract.

#include "platform/process_end.h"

#include <sys/syscall.h>
#include <unistd.h>

int ms_process_end_open(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0); // closed by an exec
}
