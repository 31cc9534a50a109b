// SPDX-License-Identifier: MIT
//
// child: the program that was launched: what comes to it, and its end.

#ifndef MS_CLI_CHILD_H
#define MS_CLI_CHILD_H

#include <signal.h>
#include <sys/types.h>

// ms_child_take_signals blocks what ends the program, or wants to, and comes to
// us as well: we outlive it. In the main thread, before there are others.
void ms_child_take_signals(sigset_t *signals);

// ms_child_wait passes those signals on until the program has ended, and gives
// its wait status.
int ms_child_wait(pid_t pid, const sigset_t *signals);

// ms_child_end_like gives the exit code of a wait status, or ends this process
// by the same signal.
int ms_child_end_like(int status);

#endif
