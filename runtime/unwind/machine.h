// SPDX-License-Identifier: MIT
//
// machine: what unwinding has to know of the processor: the numbers that DWARF
// gives its registers, and what a frame and a signal look like in memory.
//
// A hook's frame is where ms_frame_of_hook finds, one after the other, the
// frame pointer and the return address of the hook's caller.

#ifndef MS_RUNTIME_UNWIND_MACHINE_H
#define MS_RUNTIME_UNWIND_MACHINE_H

#include <stdint.h>

#include "platform/compiler.h"

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
#define MS_MACHINE_HOOK_FRAME __builtin_frame_address(0)

static inline uint64_t ms_machine_caller_sp(const void *frame)
{
    return (uint64_t)(uintptr_t)frame + 16;
}

// The frame pointer of a hook's caller: by the caller's sp, so that the hook's
// frame need not be kept for it.
static inline uint64_t ms_machine_caller_fp(const void *frame, uint64_t sp)
{
    (void)frame;
    return ((const uint64_t *)ms_anew((void *)(uintptr_t)sp))[-2];
}

static inline uint64_t ms_machine_return_address(uint64_t word)
{
    return word;
}

#elif defined(__aarch64__)

#define MS_DWARF_FP 29u
#define MS_DWARF_SP 31u
#define MS_DWARF_RA 30u

// Offsets from a signal frame's sp, where a siginfo comes first.
#define MS_SIGNAL_PC 568
#define MS_SIGNAL_SP 560
#define MS_SIGNAL_FP 544

// The caller's frame pointer and return address lie at the inner end of a
// frame, so that nothing there says how large it is: the compiler does.
struct ms_hook_frame {
    uint64_t fp, ra, sp;
};
#define MS_MACHINE_HOOK_FRAME                                                  \
    ((const void *)&(const struct ms_hook_frame){                              \
        .fp = *(const uint64_t *)__builtin_frame_address(0),                   \
        .ra = (uint64_t)(uintptr_t)__builtin_return_address(0),                \
        .sp = (uint64_t)(uintptr_t)__builtin_dwarf_cfa()})

static inline uint64_t ms_machine_caller_sp(const void *frame)
{
    return ((const struct ms_hook_frame *)frame)->sp;
}

static inline uint64_t ms_machine_caller_fp(const void *frame, uint64_t sp)
{
    (void)sp;
    return ((const struct ms_hook_frame *)frame)->fp;
}

// Without the bits by which pointer authentication has signed it.
static inline uint64_t ms_machine_return_address(uint64_t word)
{
    return word & ((UINT64_C(1) << 48) - 1);
}

#else
#error "no unwinding on this processor yet"
#endif

#endif
