// SPDX-License-Identifier: MIT
// See platform/descriptors.h for the contract.

#include "platform/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define UNSHARE 2u // CLOSE_RANGE_UNSHARE: unlike unshare(), sandboxes allow it

static int close_range_of(unsigned first, unsigned last, unsigned flags)
{
    if (first > last)
        return 0;
    return syscall(SYS_close_range, first, last, flags) == 0 ? 0 : errno;
}

int ms_descriptors_part(int keep)
{
    unsigned kept = (unsigned)keep;
    int error = close_range_of(kept + 1, ~0u, UNSHARE);

    if (error != 0)
        return error;
    (void)close_range_of(STDERR_FILENO + 1, kept - 1, 0);
    // Nothing of ours shall be taken for a standard stream.
    (void)close_range_of(STDIN_FILENO, STDOUT_FILENO, 0);
    for (int fd = 0; fd <= STDOUT_FILENO; fd++)
        if (open("/dev/null", O_RDWR | O_CLOEXEC) < 0)
            break;
    return 0;
}
