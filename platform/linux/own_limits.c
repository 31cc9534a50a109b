// SPDX-License-Identifier: MIT
// See platform/limits.h for the contract.

#include <errno.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/clock.h"
#include "platform/limits.h"

// Whether the thread may not read the processor's clock after that: the kernel
// takes it away from whoever may make no system call, too.
static bool takes_the_clock(int option, unsigned long first)
{
    return (option == PR_SET_SECCOMP && first == SECCOMP_MODE_STRICT) ||
           (option == PR_SET_TSC && first == PR_TSC_SIGSEGV);
}

int ms_own_limit(int option, const unsigned long words[4])
{
    bool takes = takes_the_clock(option, words[0]);

    if (takes)
        ms_clock_coarse(true);
    long result =
        syscall(SYS_prctl, option, words[0], words[1], words[2], words[3]);
    if (takes && result != 0)
        ms_clock_coarse(false);
    return (int)result;
}
