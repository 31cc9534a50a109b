// SPDX-License-Identifier: MIT
//
// atomics: C11 atomics with the order in the name, so that every use says
// what it asks for. Each acquire and release carries a letter at its place of
// use; docs/MEMORY_MODEL.md lists the pairs.

#ifndef MS_PLATFORM_ATOMICS_H
#define MS_PLATFORM_ATOMICS_H

#include <stdatomic.h>

#define ms_load_relaxed(p) atomic_load_explicit((p), memory_order_relaxed)
#define ms_load_acquire(p) atomic_load_explicit((p), memory_order_acquire)
#define ms_store_relaxed(p, v)                                                 \
    atomic_store_explicit((p), (v), memory_order_relaxed)
#define ms_store_release(p, v)                                                 \
    atomic_store_explicit((p), (v), memory_order_release)
#define ms_add_relaxed(p, v)                                                   \
    atomic_fetch_add_explicit((p), (v), memory_order_relaxed)
#define ms_exchange_acquire(p, v)                                              \
    atomic_exchange_explicit((p), (v), memory_order_acquire)
#define ms_exchange_relaxed(p, v)                                              \
    atomic_exchange_explicit((p), (v), memory_order_relaxed)
// relaxed and release may fail for no reason and stand in loops; the others
// fail only when the value is another one.
#define ms_cas_relaxed(p, expected, v)                                         \
    atomic_compare_exchange_weak_explicit(                                     \
        (p), (expected), (v), memory_order_relaxed, memory_order_relaxed)
#define ms_claim_relaxed(p, expected, v)                                       \
    atomic_compare_exchange_strong_explicit(                                   \
        (p), (expected), (v), memory_order_relaxed, memory_order_relaxed)
#define ms_claim_acquire(p, expected, v)                                       \
    atomic_compare_exchange_strong_explicit(                                   \
        (p), (expected), (v), memory_order_acquire, memory_order_relaxed)
#define ms_claim_release(p, expected, v)                                       \
    atomic_compare_exchange_strong_explicit(                                   \
        (p), (expected), (v), memory_order_release, memory_order_relaxed)
#define ms_cas_release(p, expected, v)                                         \
    atomic_compare_exchange_weak_explicit(                                     \
        (p), (expected), (v), memory_order_release, memory_order_relaxed)
#define ms_cas_acq_rel(p, expected, v)                                         \
    atomic_compare_exchange_strong_explicit(                                   \
        (p), (expected), (v), memory_order_acq_rel, memory_order_acquire)

// A counter with one writer: plain load, add, store; readers see each value
// whole. Not for two writers.
#define ms_bump(p, v) ms_store_relaxed((p), ms_load_relaxed(p) + (v))

// Keeps the compiler from moving memory accesses across: all that is needed
// between a thread and a signal handler that interrupts it.
#define ms_signal_fence() atomic_signal_fence(memory_order_seq_cst)

#endif
