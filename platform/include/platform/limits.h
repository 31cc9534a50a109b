// SPDX-License-Identifier: MIT
//
// limits: resource limits and locked memory, asked of the kernel itself: not
// through functions of libc that a hook of ours may stand for. Any thread; no
// allocation; async-signal-safe. Functions give 0, or -1 and errno.

#ifndef MS_PLATFORM_LIMITS_H
#define MS_PLATFORM_LIMITS_H

#include <sys/resource.h>
#include <sys/types.h>

// ms_limit is prlimit: `set` and `was` may be NULL.
int ms_limit(pid_t pid, int resource, const struct rlimit *set,
             struct rlimit *was);

// ms_lock_all is mlockall, but what is mapped of files whose path begins with
// `except` is left as it is.
int ms_lock_all(int flags, const char *except);

// ms_own_limit is prctl. Where that takes the processor's clock away, ours has
// been told before.
int ms_own_limit(int option, const unsigned long words[4]);

#endif
