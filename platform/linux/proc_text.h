// SPDX-License-Identifier: MIT
//
// proc_text: reading the small text files of /proc and of the cgroup. Any
// thread; caller's memory; no allocation.

#ifndef MS_PLATFORM_LINUX_PROC_TEXT_H
#define MS_PLATFORM_LINUX_PROC_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// ms_proc_read reads an open file from its beginning, as far as it fits, and
// terminates it. False: it cannot be read, or fd is negative.
bool ms_proc_read(int fd, char *text, size_t bytes);

// ms_proc_stat takes a stat line apart: the state, and the numbers after it.
// A name may hold spaces and parentheses: its end is the last ')'.
bool ms_proc_stat(const char *text, char *state, uint64_t *fields,
                  size_t count);

// ms_proc_stat_name copies the name out of a stat line.
void ms_proc_stat_name(const char *text, char name[17]);

// ms_proc_kib finds "KEY  123 kB" and gives bytes; UINT64_MAX: not there.
uint64_t ms_proc_kib(const char *text, const char *key);

// A cgroup (v2) and its ancestors, up to the mount.
struct ms_cgroup {
    char path[512];    // "" when there is none
    uint64_t usage_ns; // CPU time at the last call
    uint64_t at_ns;    // 0: no call yet
};

void ms_cgroup_find(struct ms_cgroup *g, int proc_directory);

// ms_cgroup_memory gives the tightest limit on the way up and what is used of
// it; both UINT64_MAX without a limit.
void ms_cgroup_memory(const struct ms_cgroup *g, uint64_t *limit,
                      uint64_t *used);

// ms_cgroup_cores gives the tightest CPU quota in cores; NaN: none.
double ms_cgroup_cores(const struct ms_cgroup *g);

// ms_cgroup_cpu_share gives per cent of the quota used since the last call.
double ms_cgroup_cpu_share(struct ms_cgroup *g, double cores, uint64_t now);

#endif
