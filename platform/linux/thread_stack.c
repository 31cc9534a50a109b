// SPDX-License-Identifier: MIT
// See platform/thread.h for the contract.

#include "platform/thread.h"

#include <sys/resource.h>

#define MOST_MAIN_STACK (UINT64_C(1) << 30) // where there is no limit

extern void *__libc_stack_end; // the loader's: where the kernel put argc

// The kernel leaves room for the main thread's stack up to the limit that was
// in force when the program started; nothing else is mapped there.
static void main_stack(uint64_t *low, uint64_t *high)
{
    static _Atomic uint64_t room;
    struct rlimit limit;

    if (room == 0) {
        uint64_t bytes = MOST_MAIN_STACK;
        if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur < bytes)
            bytes = limit.rlim_cur;
        room = bytes;
    }
    *high = (uint64_t)(uintptr_t)__libc_stack_end & ~UINT64_C(7);
    *low = *high > room ? *high - room : 0;
}

void ms_thread_stack(uint64_t here, uint64_t *low, uint64_t *high)
{
    pthread_attr_t attributes;
    void *first;
    size_t bytes;

    main_stack(low, high);
    if (here >= *low && here < *high)
        return;
    *low = *high = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return;
    if (pthread_attr_getstack(&attributes, &first, &bytes) == 0) {
        *low = (uint64_t)(uintptr_t)first;
        *high = *low + bytes;
    }
    pthread_attr_destroy(&attributes);
}
