// SPDX-License-Identifier: MIT
//
// follow: whether the children of a watched program are watched as well. With
// MEMSCOPE_ALONE in the environment, only the process of that pid is,
// whatever it executes; its children are started without us where that can be.

#ifndef MS_RUNTIME_FOLLOW_H
#define MS_RUNTIME_FOLLOW_H

#include <stdbool.h>

// ms_follow_wanted says whether this process shall be watched. Any thread;
// one system call; async-signal-safe.
bool ms_follow_wanted(void);

// ms_follow_begin prepares this process: one that shall not be watched forgets
// us, for its children; one that is watched alone, in each that it forks. Once,
// when libc knows the environment.
void ms_follow_begin(void);

#endif
