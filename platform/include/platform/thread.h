// SPDX-License-Identifier: MIT
//
// thread: the calling thread, and the birth of threads of our own.

#ifndef MS_PLATFORM_THREAD_H
#define MS_PLATFORM_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

// ms_thread_start starts a thread of ours with every signal blocked, so that
// the program's signals reach the program's own threads. `name` has at most
// 15 characters. Returns 0 or an errno value. Allocates, as pthread_create
// does; not in a signal handler.
int ms_thread_start(pthread_t *out, const char *name, void *(*run)(void *),
                    void *arg);

// ms_thread_step_back gives the calling thread less of the processors when
// others want them: for long work of ours beside the program's.
void ms_thread_step_back(void);

// ms_thread_id is the kernel's number of the calling thread. Any thread; one
// system call; async-signal-safe.
uint32_t ms_thread_id(void);

// ms_thread_name reads the calling thread's name as two words of 8 bytes,
// NUL-padded. One system call; async-signal-safe.
void ms_thread_name(uint64_t name[2]);

// ms_thread_gone says whether a thread of this process has ended for good.
// One system call; async-signal-safe.
bool ms_thread_gone(uint32_t tid);

// ms_thread_stack gives the bounds of the calling thread's own stack, low
// inclusive, high exclusive; `here` is an address on the stack that it runs on
// now. What lies between `here` and high is readable, when `here` lies between
// them. Both 0 when they cannot be had. May allocate and make system calls:
// once per thread, not in an event.
void ms_thread_stack(uint64_t here, uint64_t *low, uint64_t *high);

#endif
