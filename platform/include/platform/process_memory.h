// SPDX-License-Identifier: MIT
//
// process_memory: what stands in the memory and the registers of a process,
// seen from outside, or of our own. Any thread, but for the registers: one
// thread does all of it. Never allocates.

#ifndef MS_PLATFORM_PROCESS_MEMORY_H
#define MS_PLATFORM_PROCESS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct ms_memory_part {
    uint64_t address;
    size_t bytes;
};

// ms_process_read copies up to 512 parts, one behind the other, while the
// process runs on. Returns how many bytes were copied: it stops at the first
// that cannot be read. SIZE_MAX: the process is gone, or not for us to read.
size_t ms_process_read(pid_t pid, const struct ms_memory_part *parts,
                       size_t count, void *out);

// ms_process_pagemap opens what ms_process_present reads; -1: cannot be had.
// Closed with close().
int ms_process_pagemap(pid_t pid);

// ms_process_present says of up to 512 pages whether they hold anything: are
// in memory or in swap. What was never written need not be read, and reading it
// would make it be there. False: cannot be told; take it that they do.
bool ms_process_present(int pagemap, uint64_t start, size_t pages,
                        bool present[512]);

// The threads of a process, by their files; ms_process_threads_next gives 0 at
// the end.
struct ms_process_threads {
    int fd;
    size_t at, bytes;
    _Alignas(16) char buffer[4096];
};
bool ms_process_threads_open(struct ms_process_threads *t, pid_t pid);
uint32_t ms_process_threads_next(struct ms_process_threads *t);
void ms_process_threads_close(struct ms_process_threads *t);

#define MS_REGISTER_WORDS 64u
struct ms_registers {
    bool known;             // else only stack_pointer may be
    uint64_t stack_pointer; // 0: unknown
    uint64_t words[MS_REGISTER_WORDS];
    size_t count;
    uint64_t stopped_ns; // for how long the thread stood still
};

// ms_process_registers stops one thread of another process for as long as it
// takes to copy its registers; it gives up, and lets the thread go, after
// limit_ns. A system call that the stop has interrupted begins again, so that
// the program does not see it. Where threads cannot be stopped, the kernel may
// still tell where the stack of one that waits is. The caller is a thread that
// ends soon: should a thread of the process be caught at its very end, it is
// let go by that.
void ms_process_registers(pid_t pid, uint32_t tid, uint64_t limit_ns,
                          struct ms_registers *out);

#endif
