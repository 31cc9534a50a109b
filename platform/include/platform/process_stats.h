// SPDX-License-Identifier: MIT
//
// process_stats: what the operating system says of a process, its threads and
// the machine. Any thread, one object per caller; reads files of /proc and of
// the cgroup, so each call costs some tens of microseconds, and as much per
// thread. Allocates only in create. Unknown is NaN or UINT64_MAX, never 0.

#ifndef MS_PLATFORM_PROCESS_STATS_H
#define MS_PLATFORM_PROCESS_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct ms_process_stats;

struct ms_process_sample {
    bool alive;          // the process exists and is no zombie
    double cpu_usage;    // per cent of the machine, or of the cgroup's quota,
                         // since the last call; NaN at the first
    double system_cpu;   // per cent of all cores of the machine, likewise
    double process_cpu;  // per cent of one core, likewise
    double memory_usage; // per cent of the machine, or of the cgroup's limit
    uint64_t cpu_ns;     // user and system, since it began
    uint64_t cores;
    uint64_t thread_count;
    uint64_t rss_bytes;
    uint64_t peak_rss_bytes;
    uint64_t virtual_bytes;
    uint64_t minor_faults;
    uint64_t major_faults;
    uint64_t machine_memory_bytes;
    uint64_t machine_available_bytes;
    uint64_t cgroup_limit_bytes;
    uint64_t cgroup_used_bytes;
};

struct ms_thread_sample {
    uint32_t tid;
    char state; // as in /proc/PID/task/TID/stat
    char name[17];
    uint64_t cpu_ns; // user and system, since its birth
};

// ms_process_stats_create opens what can be kept open for `pid`. Returns 0 or
// an errno value (ESRCH: no such process).
int ms_process_stats_create(pid_t pid, struct ms_process_stats **out);
void ms_process_stats_destroy(struct ms_process_stats *stats);

// ms_process_stats_sample reads the cheap part (10 times a second).
void ms_process_stats_sample(struct ms_process_stats *stats,
                             struct ms_process_sample *out);

// ms_process_stats_pss reads the proportional set size: up to milliseconds in
// a large process (once a second). UINT64_MAX when it cannot be read.
uint64_t ms_process_stats_pss(struct ms_process_stats *stats);

// ms_process_stats_threads reads up to `capacity` threads and returns how
// many there are, which may be more.
size_t ms_process_stats_threads(struct ms_process_stats *stats,
                                struct ms_thread_sample *threads,
                                size_t capacity);

// ms_process_stats_has_thread looks for one thread. The list above may miss
// one that lives while others end; this does not. One system call.
bool ms_process_stats_has_thread(struct ms_process_stats *stats, uint32_t tid);

// ms_thread_cpu_ns is the CPU time of the calling thread, ms_own_rss_bytes the
// resident memory of the calling process.
uint64_t ms_thread_cpu_ns(void);
uint64_t ms_process_own_cpu_ns(void);
uint64_t ms_process_own_rss_bytes(void);

#endif
