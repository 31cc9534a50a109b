// SPDX-License-Identifier: MIT
// See platform/memory_areas.h for the contract: Linux, by /proc/PID/smaps and
// pagemap.

#include "platform/memory_areas.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LARGEST_COUNTED (UINT64_C(1) << 36)
#define PRESENT (UINT64_C(1) << 63)

static enum ms_area_kind kind_of(const char *name)
{
    if (strncmp(name, "/memfd:memscope", 15) == 0)
        return MS_AREA_OWN;
    if (strcmp(name, "[heap]") == 0)
        return MS_AREA_HEAP;
    if (strncmp(name, "[stack", 6) == 0)
        return MS_AREA_STACK;
    // These are files in name only: memory that processes share.
    static const char *const shared[] = {"/dev/zero", "/dev/shm/",
                                         "/memfd:", "/SYSV"};
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++)
        if (strncmp(name, shared[i], strlen(shared[i])) == 0)
            return MS_AREA_ANONYMOUS;
    return name[0] == '/' ? MS_AREA_FILE : MS_AREA_ANONYMOUS;
}

// "start-end perms offset device inode   name"
static bool parse_head(const char *line, struct ms_memory_area *out)
{
    unsigned long long start, end;
    char access[5] = "";
    int name = 0;

    if (sscanf(line, "%llx-%llx %4s %*s %*s %*s %n", &start, &end, access,
               &name) < 3 ||
        name == 0)
        return false;
    *out = (struct ms_memory_area){
        .start = start,
        .end = end,
        .kind = kind_of(line + name),
        .readable = access[0] == 'r',
        .writable = access[1] == 'w',
        .executable = access[2] == 'x',
        .shared = access[3] == 's',
    };
    return true;
}

static void parse_field(const char *line, struct ms_memory_area *area)
{
    unsigned long long kib;

    if (sscanf(line, "Rss: %llu kB", &kib) == 1)
        area->resident_bytes = kib * 1024;
    else if (strncmp(line, "VmFlags:", 8) == 0 &&
             area->kind == MS_AREA_ANONYMOUS && strstr(line, " wf") != NULL)
        area->kind = MS_AREA_OWN; // wiped in a forked child
}

static bool add(struct ms_memory_area **all, size_t *count, size_t *room,
                const struct ms_memory_area *area)
{
    if (*count == *room) {
        size_t more = *room == 0 ? 256 : *room * 2;
        struct ms_memory_area *moved = realloc(*all, more * sizeof **all);
        if (moved == NULL)
            return false;
        *all = moved;
        *room = more;
    }
    (*all)[(*count)++] = *area;
    return true;
}

int ms_memory_areas(pid_t pid, struct ms_memory_area **out, size_t *count)
{
    char path[64];
    char *line = NULL;
    size_t line_room = 0, room = 0;
    ssize_t n;
    int error = 0;

    *out = NULL;
    *count = 0;
    snprintf(path, sizeof path, "/proc/%d/smaps", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return errno;
    while (error == 0 && (n = getline(&line, &line_room, file)) > 0) {
        struct ms_memory_area area;
        if (line[n - 1] == '\n')
            line[n - 1] = '\0';
        if (parse_head(line, &area)) {
            if (!add(out, count, &room, &area))
                error = ENOMEM;
        } else if (*count > 0) {
            parse_field(line, &(*out)[*count - 1]);
        }
    }
    if (error == 0 && *count == 0)
        error = ESRCH; // a process that has ended has no areas
    free(line);
    fclose(file);
    if (error != 0) {
        free(*out);
        *out = NULL;
        *count = 0;
    }
    return error;
}

uint64_t ms_memory_resident(pid_t pid, uint64_t start, uint64_t end)
{
    uint64_t entries[512], resident = 0, page = start / 4096;
    char path[64];

    if (end - start > LARGEST_COUNTED)
        return UINT64_MAX;
    snprintf(path, sizeof path, "/proc/%d/pagemap", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return UINT64_MAX;
    while (page < end / 4096) {
        uint64_t want = end / 4096 - page;
        if (want > 512)
            want = 512;
        ssize_t n = pread(fd, entries, want * 8, (off_t)(page * 8));
        if (n < 8) {
            resident = UINT64_MAX;
            break;
        }
        for (ssize_t i = 0; i < n / 8; i++)
            resident += entries[i] & PRESENT ? 4096 : 0;
        page += (uint64_t)n / 8;
    }
    close(fd);
    return resident;
}
