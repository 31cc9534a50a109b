// SPDX-License-Identifier: MIT
//
// machine: what unwinding has to know of the processor: the numbers that DWARF
// gives its registers, and what a frame and a signal look like in memory.

#ifndef MS_RUNTIME_UNWIND_MACHINE_H
#define MS_RUNTIME_UNWIND_MACHINE_H

#include <stdint.h>

#if defined(__x86_64__)

#define MS_DWARF_FP 6u  // rbp
#define MS_DWARF_SP 7u  // rsp
#define MS_DWARF_RA 16u // the return address column

// Offsets in the ucontext that a signal's frame holds, from its sp.
#define MS_SIGNAL_PC 168
#define MS_SIGNAL_SP 160
#define MS_SIGNAL_FP 120

// A function that keeps a frame pointer has, from it upwards: its caller's
// frame pointer, its return address, its caller's stack.
#define MS_FRAME_CALLER_SP 16

static inline uint64_t ms_machine_return_address(uint64_t word)
{
    return word;
}

#elif defined(__aarch64__)

#define MS_DWARF_FP 29u
#define MS_DWARF_SP 31u
#define MS_DWARF_RA 30u

#define MS_SIGNAL_PC 440
#define MS_SIGNAL_SP 432
#define MS_SIGNAL_FP 416

#define MS_FRAME_CALLER_SP 16

// Without the bits by which pointer authentication has signed it.
static inline uint64_t ms_machine_return_address(uint64_t word)
{
    return word & ((UINT64_C(1) << 48) - 1);
}

#else
#error "no unwinding on this processor yet"
#endif

#endif
