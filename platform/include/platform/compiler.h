// SPDX-License-Identifier: MIT
//
// compiler: the few things that every compiler spells in its own way.

#ifndef MS_PLATFORM_COMPILER_H
#define MS_PLATFORM_COMPILER_H

#define ms_likely(x) __builtin_expect(!!(x), 1)
#define ms_unlikely(x) __builtin_expect(!!(x), 0)

// Keeps a call in front of it from becoming a jump, which would give up the
// frame that the call is told of.
#define ms_keep_frame() __asm__ volatile("")

#define MS_NOINLINE __attribute__((noinline))
#define MS_ALWAYS_INLINE static inline __attribute__((always_inline))

// The same pointer, of which the compiler knows nothing: what follows from it
// is computed anew, not kept in a register meanwhile.
MS_ALWAYS_INLINE void *ms_anew(void *p)
{
    __asm__("" : "+r"(p));
    return p;
}

// Old values go from registers that hardly any call overwrites: a function with
// any number of arguments writes them on its stack, where a leak scan would
// take one that a hook has left for a pointer of the program's.
MS_ALWAYS_INLINE void ms_leave_nothing(void)
{
#if defined(__x86_64__)
    __asm__ volatile("xor %%r8d, %%r8d\n\txor %%r9d, %%r9d" ::
                         : "r8", "r9", "cc");
#endif
}

// A thread-local that costs one load: no call to __tls_get_addr, which may
// allocate and so must not stand in the way of malloc.
#define MS_THREAD_LOCAL                                                        \
    static _Thread_local __attribute__((tls_model("initial-exec")))

#endif
