// SPDX-License-Identifier: MIT
// See proc_text.h for the contract.

#include "proc_text.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CGROUP_ROOT "/sys/fs/cgroup"

bool ms_proc_read(int fd, char *text, size_t bytes)
{
    ssize_t n = fd >= 0 ? pread(fd, text, bytes - 1, 0) : -1;

    text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

bool ms_proc_stat(const char *text, char *state, uint64_t *fields, size_t count)
{
    const char *p = strrchr(text, ')');

    if (p == NULL || p[1] != ' ' || p[2] == '\0')
        return false;
    *state = p[2];
    p += 3;
    for (size_t i = 0; i < count; i++) {
        char *end;
        // Some are negative; those that are used here never are.
        long long value = strtoll(p, &end, 10);
        if (end == p)
            return false;
        fields[i] = (uint64_t)value;
        p = end;
    }
    return true;
}

void ms_proc_stat_name(const char *text, char name[17])
{
    const char *begin = strchr(text, '(');
    const char *end = strrchr(text, ')');
    size_t n = begin != NULL && end > begin ? (size_t)(end - begin - 1) : 0;

    if (n > 16)
        n = 16;
    if (n != 0)
        memcpy(name, begin + 1, n);
    name[n] = '\0';
}

uint64_t ms_proc_kib(const char *text, const char *key)
{
    size_t length = strlen(key);

    for (const char *line = text; line != NULL;
         line = strchr(line, '\n'), line = line != NULL ? line + 1 : NULL)
        if (strncmp(line, key, length) == 0)
            return strtoull(line + length, NULL, 10) * 1024;
    return UINT64_MAX;
}

void ms_cgroup_find(struct ms_cgroup *g, int proc_directory)
{
    char text[1024];
    int fd = openat(proc_directory, "cgroup", O_RDONLY | O_CLOEXEC);

    *g = (struct ms_cgroup){.path = ""};
    if (ms_proc_read(fd, text, sizeof text)) {
        // The one line of cgroup v2 has no controllers: "0::/path"
        char *line =
            strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
        if (line != NULL) {
            line = strchr(line, '/');
            if (line != NULL)
                snprintf(g->path, sizeof g->path, "%.*s",
                         (int)strcspn(line, "\n"), line);
        }
    }
    if (fd >= 0)
        close(fd);
}

static bool read_cgroup(const char *path, const char *file, char *text,
                        size_t bytes)
{
    char name[700];

    snprintf(name, sizeof name, CGROUP_ROOT "%s/%s", path, file);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    bool good = ms_proc_read(fd, text, bytes);
    if (fd >= 0)
        close(fd);
    return good;
}

// Shortens a path to its parent's. False: it was the root.
static bool go_up(char *path)
{
    char *slash = strrchr(path, '/');

    if (slash == NULL || path[0] == '\0' || strcmp(path, "/") == 0)
        return false;
    *slash = '\0';
    return true;
}

void ms_cgroup_memory(const struct ms_cgroup *g, uint64_t *limit,
                      uint64_t *used)
{
    char path[sizeof g->path], text[64];

    *limit = *used = UINT64_MAX;
    if (g->path[0] == '\0')
        return;
    memcpy(path, g->path, sizeof path);
    do {
        if (!read_cgroup(path, "memory.max", text, sizeof text) ||
            text[0] == 'm') // "max"
            continue;
        uint64_t here = strtoull(text, NULL, 10);
        if (here < *limit &&
            read_cgroup(path, "memory.current", text, sizeof text)) {
            *limit = here;
            *used = strtoull(text, NULL, 10);
        }
    } while (go_up(path));
}

double ms_cgroup_cores(const struct ms_cgroup *g)
{
    char path[sizeof g->path], text[64];
    double cores = NAN;

    if (g->path[0] == '\0')
        return cores;
    memcpy(path, g->path, sizeof path);
    do {
        unsigned long long quota, period;
        if (!read_cgroup(path, "cpu.max", text, sizeof text) ||
            sscanf(text, "%llu %llu", &quota, &period) != 2 || period == 0)
            continue;
        double here = (double)quota / (double)period;
        if (!(cores <= here))
            cores = here;
    } while (go_up(path));
    return cores;
}

double ms_cgroup_cpu_share(struct ms_cgroup *g, double cores, uint64_t now)
{
    char text[512];
    unsigned long long usec;
    double share = NAN;

    if (!read_cgroup(g->path, "cpu.stat", text, sizeof text) ||
        sscanf(text, "usage_usec %llu", &usec) != 1)
        return NAN;
    uint64_t usage = (uint64_t)usec * 1000;
    if (g->at_ns != 0 && now > g->at_ns && usage >= g->usage_ns)
        share = 100.0 * (double)(usage - g->usage_ns) /
                (double)(now - g->at_ns) / cores;
    g->usage_ns = usage;
    g->at_ns = now;
    return share;
}
