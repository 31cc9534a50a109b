// SPDX-License-Identifier: MIT
// See platform/process_stats.h for the contract: Linux, by /proc and cgroups.

#include "platform/process_stats.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "platform/clock.h"
#include "proc_text.h"

struct ms_process_stats {
    pid_t pid;
    int directory; // /proc/PID, so that a reused pid is not mistaken for ours
    int stat;      // /proc/PID/stat
    int statm;
    int machine_stat; // /proc/stat
    int meminfo;
    clockid_t cpu_clock;
    bool have_cpu_clock;
    struct ms_cgroup cgroup;
    // Of the last call, for differences.
    bool sampled;
    uint64_t at_ns, process_ns;
    uint64_t machine_busy, machine_all; // ticks
};

static int open_at(int directory, const char *name)
{
    return openat(directory, name, O_RDONLY | O_CLOEXEC);
}

int ms_process_stats_create(pid_t pid, struct ms_process_stats **out)
{
    char path[32];
    struct ms_process_stats *s = calloc(1, sizeof *s);

    *out = NULL;
    if (s == NULL)
        return ENOMEM;
    snprintf(path, sizeof path, "/proc/%d", (int)pid);
    s->pid = pid;
    s->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->directory < 0) {
        int error = errno == ENOENT ? ESRCH : errno;
        free(s);
        return error;
    }
    s->stat = open_at(s->directory, "stat");
    s->statm = open_at(s->directory, "statm");
    s->machine_stat = open("/proc/stat", O_RDONLY | O_CLOEXEC);
    s->meminfo = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
    s->have_cpu_clock = clock_getcpuclockid(pid, &s->cpu_clock) == 0;
    ms_cgroup_find(&s->cgroup, s->directory);
    *out = s;
    return 0;
}

void ms_process_stats_destroy(struct ms_process_stats *s)
{
    const int fds[] = {s->directory, s->stat, s->statm, s->machine_stat,
                       s->meminfo};

    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    free(s);
}

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec t;

    if (clock_gettime(clock, &t) != 0)
        return UINT64_MAX;
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

static uint64_t ticks_to_ns(uint64_t ticks)
{
    return ticks * (UINT64_C(1000000000) / (uint64_t)sysconf(_SC_CLK_TCK));
}

// What /proc/PID/stat says; ticks of 10 ms are the fallback for CPU time.
static void read_process(struct ms_process_stats *s,
                         struct ms_process_sample *out, uint64_t *cpu_ns)
{
    char text[1024], state;
    uint64_t field[40];

    out->alive = false;
    *cpu_ns = UINT64_MAX;
    if (!ms_proc_read(s->stat, text, sizeof text) ||
        !ms_proc_stat(text, &state, field, 40))
        return;
    out->alive = state != 'Z' && state != 'X';
    // Counted from the state: 0 is the parent's pid.
    out->minor_faults = field[6];
    out->major_faults = field[8];
    out->thread_count = field[16];
    out->virtual_bytes = field[19];
    if (out->alive && s->have_cpu_clock)
        *cpu_ns = clock_ns(s->cpu_clock);
    if (*cpu_ns == UINT64_MAX)
        *cpu_ns = ticks_to_ns(field[10] + field[11]);
}

static void read_memory(struct ms_process_stats *s,
                        struct ms_process_sample *out)
{
    char text[4096];
    uint64_t pages;

    if (ms_proc_read(s->statm, text, sizeof text) &&
        sscanf(text, "%*u %llu", (unsigned long long *)&pages) == 1 &&
        pages != 0)
        out->rss_bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE);
    int status = open_at(s->directory, "status");
    if (ms_proc_read(status, text, sizeof text))
        out->peak_rss_bytes = ms_proc_kib(text, "VmHWM:");
    if (status >= 0)
        close(status);
    if (ms_proc_read(s->meminfo, text, sizeof text)) {
        out->machine_memory_bytes = ms_proc_kib(text, "MemTotal:");
        out->machine_available_bytes = ms_proc_kib(text, "MemAvailable:");
    }
}

static void read_machine(struct ms_process_stats *s,
                         struct ms_process_sample *out)
{
    char text[512];
    unsigned long long t[8];

    out->cores = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
    if (!ms_proc_read(s->machine_stat, text, sizeof text) ||
        sscanf(text, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0],
               &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &t[7]) != 8)
        return;
    uint64_t all = 0;
    for (size_t i = 0; i < 8; i++)
        all += t[i];
    uint64_t busy = all - t[3] - t[4]; // idle, waiting for disks
    if (s->sampled && all > s->machine_all && busy >= s->machine_busy)
        out->system_cpu = 100.0 * (double)(busy - s->machine_busy) /
                          (double)(all - s->machine_all);
    s->machine_busy = busy;
    s->machine_all = all;
}

static void compute_shares(struct ms_process_stats *s,
                           struct ms_process_sample *out, uint64_t now,
                           uint64_t cpu_ns)
{
    if (s->sampled && cpu_ns != UINT64_MAX && s->process_ns != UINT64_MAX &&
        now > s->at_ns && cpu_ns >= s->process_ns)
        out->process_cpu =
            100.0 * (double)(cpu_ns - s->process_ns) / (double)(now - s->at_ns);
    s->process_ns = cpu_ns;
    s->at_ns = now;

    double quota = ms_cgroup_cores(&s->cgroup);
    out->cpu_usage = out->system_cpu;
    if (!isnan(quota))
        out->cpu_usage = ms_cgroup_cpu_share(&s->cgroup, quota, now);
    ms_cgroup_memory(&s->cgroup, &out->cgroup_limit_bytes,
                     &out->cgroup_used_bytes);
    uint64_t limit = out->machine_memory_bytes;
    if (out->cgroup_limit_bytes < limit) // UINT64_MAX: none
        out->memory_usage = 100.0 * (double)out->cgroup_used_bytes /
                            (double)out->cgroup_limit_bytes;
    else if (limit != UINT64_MAX && limit != 0 &&
             out->machine_available_bytes <= limit)
        out->memory_usage = 100.0 *
                            (double)(limit - out->machine_available_bytes) /
                            (double)limit;
}

void ms_process_stats_sample(struct ms_process_stats *s,
                             struct ms_process_sample *out)
{
    uint64_t cpu_ns;

    *out = (struct ms_process_sample){
        .cpu_usage = NAN,
        .system_cpu = NAN,
        .process_cpu = NAN,
        .memory_usage = NAN,
        .thread_count = UINT64_MAX,
        .rss_bytes = UINT64_MAX,
        .peak_rss_bytes = UINT64_MAX,
        .virtual_bytes = UINT64_MAX,
        .minor_faults = UINT64_MAX,
        .major_faults = UINT64_MAX,
        .machine_memory_bytes = UINT64_MAX,
        .machine_available_bytes = UINT64_MAX,
        .cgroup_limit_bytes = UINT64_MAX,
        .cgroup_used_bytes = UINT64_MAX,
    };
    read_process(s, out, &cpu_ns);
    read_memory(s, out);
    read_machine(s, out);
    compute_shares(s, out, ms_clock_monotonic_ns(), cpu_ns);
    out->cpu_ns = cpu_ns;
    s->sampled = true;
}

uint64_t ms_process_stats_pss(struct ms_process_stats *s)
{
    char text[2048];
    int fd = open_at(s->directory, "smaps_rollup");
    uint64_t pss = UINT64_MAX;

    if (ms_proc_read(fd, text, sizeof text))
        pss = ms_proc_kib(text, "Pss:");
    if (fd >= 0)
        close(fd);
    return pss;
}

static bool read_thread(int task, const char *tid, struct ms_thread_sample *out)
{
    char path[64], text[1024];
    uint64_t field[16];
    unsigned long long ran;

    snprintf(path, sizeof path, "%s/stat", tid);
    int fd = open_at(task, path);
    bool good = ms_proc_read(fd, text, sizeof text) &&
                ms_proc_stat(text, &out->state, field, 16);
    if (fd >= 0)
        close(fd);
    if (!good)
        return false; // it has gone meanwhile
    out->tid = (uint32_t)strtoul(tid, NULL, 10);
    ms_proc_stat_name(text, out->name);
    out->cpu_ns = ticks_to_ns(field[10] + field[11]);
    snprintf(path, sizeof path, "%s/schedstat", tid);
    fd = open_at(task, path);
    if (ms_proc_read(fd, text, sizeof text) && sscanf(text, "%llu", &ran) == 1)
        out->cpu_ns = ran;
    if (fd >= 0)
        close(fd);
    return true;
}

size_t ms_process_stats_threads(struct ms_process_stats *s,
                                struct ms_thread_sample *threads,
                                size_t capacity)
{
    int fd = openat(s->directory, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *task = fd >= 0 ? fdopendir(fd) : NULL;
    size_t count = 0;

    if (task == NULL) {
        if (fd >= 0)
            close(fd);
        return 0;
    }
    const struct dirent *entry;
    while ((entry = readdir(task)) != NULL) {
        struct ms_thread_sample one;
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
            continue;
        if (count >= capacity)
            count++; // only counted
        else if (read_thread(dirfd(task), entry->d_name, &one))
            threads[count++] = one;
    }
    closedir(task);
    return count;
}

bool ms_process_stats_has_thread(struct ms_process_stats *s, uint32_t tid)
{
    char path[32];

    snprintf(path, sizeof path, "task/%u", tid);
    return faccessat(s->directory, path, F_OK, 0) == 0;
}

uint64_t ms_thread_cpu_ns(void)
{
    return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t ms_process_own_cpu_ns(void)
{
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

uint64_t ms_process_own_rss_bytes(void)
{
    char text[128];
    unsigned long long pages = 0;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    bool good = ms_proc_read(fd, text, sizeof text) &&
                sscanf(text, "%*u %llu", &pages) == 1;

    if (fd >= 0)
        close(fd);
    return good ? pages * (uint64_t)sysconf(_SC_PAGESIZE) : UINT64_MAX;
}
