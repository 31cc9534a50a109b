// SPDX-License-Identifier: MIT
//
// process_end: when another process ends that is no child of ours.

#ifndef MS_PLATFORM_PROCESS_END_H
#define MS_PLATFORM_PROCESS_END_H

#include <sys/types.h>

// ms_process_end_open gives a descriptor that becomes readable when the process
// has ended, reaped or not. -1: none is to be had, as before Linux 5.3. Any
// thread; one system call; the caller closes it.
int ms_process_end_open(pid_t pid);

#endif
