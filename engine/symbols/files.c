// SPDX-License-Identifier: MIT
// See files.h for the contract.

#include "symbols/files.h"

#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define DEBUG_ROOT "/usr/lib/debug"
#define PATH_ROOM 4700u

// A device or a pipe would keep us waiting.
static int open_file(const char *path)
{
    struct stat s;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd >= 0 && (fstat(fd, &s) != 0 || !S_ISREG(s.st_mode))) {
        close(fd);
        fd = -1;
    }
    return fd;
}

// What the process has mapped of a file that is gone or replaced by now. The
// system may not let us.
static int open_mapped(const char *path, pid_t pid)
{
    char name[64], line[PATH_ROOM], mapped[96];
    unsigned long long start, end;
    size_t n = strlen(path);
    int fd = -1, at = 0;

    snprintf(name, sizeof name, "/proc/%d/maps", (int)pid);
    FILE *maps = fopen(name, "re");
    if (maps == NULL)
        return -1;
    while (fd < 0 && fgets(line, sizeof line, maps) != NULL) {
        if (sscanf(line, "%llx-%llx %*s %*s %*s %*s %n", &start, &end, &at) <
                2 ||
            strncmp(line + at, path, n) != 0 ||
            (line[(size_t)at + n] != '\n' && line[(size_t)at + n] != ' '))
            continue;
        snprintf(mapped, sizeof mapped, "/proc/%d/map_files/%llx-%llx",
                 (int)pid, start, end);
        fd = open_file(mapped);
        if (fd < 0)
            break; // the others will not do either
    }
    fclose(maps);
    return fd;
}

int ms_files_open(unsigned n, const char *path, pid_t pid)
{
    char there[PATH_ROOM];

    if (n >= MS_FILES_CANDIDATES)
        return -2;
    if (n < 3 && pid == 0)
        return -1;
    // The vDSO, and what was never a file; or a program that did not find its
    // own path, for want of /proc in its root.
    if (path[0] != '/' && n != 2)
        return -1;
    switch (n) {
    case 0:
        snprintf(there, sizeof there, "/proc/%d/root%s", (int)pid, path);
        return open_file(there);
    case 1:
        return open_mapped(path, pid);
    case 2:
        // A program whose file was replaced is still there in its process.
        snprintf(there, sizeof there, "/proc/%d/exe", (int)pid);
        return open_file(there);
    default:
        return open_file(path);
    }
}

bool ms_files_is(Dwfl_Module *module, const uint8_t *build_id, size_t bytes)
{
    const unsigned char *id;
    GElf_Addr where;
    Dwarf_Addr bias;

    if (build_id == NULL || bytes == 0)
        return true; // nothing to tell them apart by
    // The build-id is known only once the file has been read.
    if (dwfl_module_getelf(module, &bias) == NULL)
        return false;
    int n = dwfl_module_build_id(module, &id, &where);
    return n == (int)bytes && memcmp(id, build_id, bytes) == 0;
}

static bool crc_is(int fd, GElf_Word wanted)
{
    unsigned char buffer[65536];
    uLong crc = crc32(0, NULL, 0);
    off_t at = 0;
    ssize_t n;

    while ((n = pread(fd, buffer, sizeof buffer, at)) > 0) {
        crc = crc32(crc, buffer, (uInt)n);
        at += n;
    }
    return n == 0 && crc == wanted;
}

static bool id_is(int fd, const unsigned char *wanted, int bytes)
{
    const void *id;
    Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
    bool same = elf != NULL && dwelf_elf_gnu_build_id(elf, &id) == bytes &&
                memcmp(id, wanted, (size_t)bytes) == 0;

    elf_end(elf);
    return same;
}

// What a file of debug information must be.
struct wanted {
    const unsigned char *id;
    int id_bytes; // 0: the checksum counts
    GElf_Word crc;
    pid_t pid; // looked for in its root first
    char **found;
};

static int try_file(const struct wanted *w, const char *path)
{
    char there[PATH_ROOM + 32];

    for (int i = w->pid != 0 ? 0 : 1; i < 2; i++) {
        if (i == 0)
            snprintf(there, sizeof there, "/proc/%d/root%s", (int)w->pid, path);
        int fd = open_file(i == 0 ? there : path);
        if (fd < 0)
            continue;
        if (w->id_bytes > 0 ? id_is(fd, w->id, w->id_bytes)
                            : crc_is(fd, w->crc)) {
            *w->found = strdup(i == 0 ? there : path);
            return fd;
        }
        close(fd);
    }
    return -1;
}

static int try_build_id(const struct wanted *w)
{
    char path[512];
    int n =
        snprintf(path, sizeof path, DEBUG_ROOT "/.build-id/%02x/", w->id[0]);

    for (int i = 1; i < w->id_bytes && n + 16 < (int)sizeof path; i++)
        n += snprintf(path + n, sizeof path - (size_t)n, "%02x", w->id[i]);
    snprintf(path + n, sizeof path - (size_t)n, ".debug");
    return try_file(w, path);
}

static int try_link(const struct wanted *w, const char *file, const char *link)
{
    static const struct {
        const char *root, *below;
    } places[] = {{"", "/"}, {"", "/.debug/"}, {DEBUG_ROOT, "/"}};
    const char *slash = strrchr(file, '/');
    char path[PATH_ROOM];

    for (size_t i = 0; slash != NULL && i < sizeof places / sizeof *places;
         i++) {
        int n = snprintf(path, sizeof path, "%s%.*s%s%s", places[i].root,
                         (int)(slash - file), file, places[i].below, link);
        int fd = n < (int)sizeof path ? try_file(w, path) : -1;
        if (fd >= 0)
            return fd;
    }
    return -1;
}

// In place of elfutils' own search, which may ask a server over the network.
static int find_debug(Dwfl_Module *module, void **data, const char *name,
                      Dwarf_Addr base, const char *file, const char *link,
                      GElf_Word crc, char **found)
{
    struct wanted w = {.crc = crc, .found = found};
    GElf_Addr where;

    (void)name;
    (void)base;
    const struct ms_files_hint *hint = data != NULL ? *data : NULL;
    w.pid = hint != NULL ? hint->pid : 0;
    w.id_bytes = dwfl_module_build_id(module, &w.id, &where);
    int fd = w.id_bytes > 1 ? try_build_id(&w) : -1;
    if (fd < 0 && file != NULL && link != NULL && link[0] != '\0')
        fd = try_link(&w, file, link);
    w.pid = 0; // what was fetched lies in our root
    if (fd < 0 && w.id_bytes > 1 && hint != NULL && hint->fetched != NULL)
        fd = try_file(&w, hint->fetched);
    return fd;
}

static int find_no_elf(Dwfl_Module *module, void **data, const char *name,
                       Dwarf_Addr base, char **file, Elf **elf)
{
    (void)module;
    (void)data;
    (void)name;
    (void)base;
    (void)file;
    (void)elf;
    return -1; // the file is given
}

static int find_no_debug(Dwfl_Module *module, void **data, const char *name,
                         Dwarf_Addr base, const char *file, const char *link,
                         GElf_Word crc, char **found)
{
    (void)module;
    (void)data;
    (void)name;
    (void)base;
    (void)file;
    (void)link;
    (void)crc;
    (void)found;
    return -1;
}

static const Dwfl_Callbacks callbacks[] = {
    {
        .find_elf = find_no_elf,
        .find_debuginfo = find_no_debug,
        .section_address = dwfl_offline_section_address,
    },
    {
        .find_elf = find_no_elf,
        .find_debuginfo = find_debug,
        .section_address = dwfl_offline_section_address,
    },
};

const Dwfl_Callbacks *ms_files_callbacks(bool separate)
{
    return &callbacks[separate];
}
