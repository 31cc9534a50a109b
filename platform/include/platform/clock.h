// SPDX-License-Identifier: MIT
//
// clock: time, in nanoseconds. Any thread, also in a signal handler; no
// system call where the kernel offers a vDSO.

#ifndef MS_PLATFORM_CLOCK_H
#define MS_PLATFORM_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

// ms_clock_monotonic_ns never goes back and stands still while the machine
// sleeps.
uint64_t ms_clock_monotonic_ns(void);

// ms_clock_coarse has it go by the kernel's ticks, a few milliseconds apart,
// for whose reading no instruction is needed that might be forbidden.
void ms_clock_coarse(bool yes);

// ms_clock_realtime_ns counts from 1970, as the wall clock goes.
uint64_t ms_clock_realtime_ns(void);

#endif
