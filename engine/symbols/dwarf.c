// SPDX-License-Identifier: MIT
// See dwarf.h for the contract.

#include "symbols/dwarf.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <libiberty/demangle.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define DEBUG_ROOT "/usr/lib/debug"
#define MANGLED_LIMIT 16384u // longer names are not worth the time

struct ms_dwarf {
    Dwfl *dwfl;
    Dwfl_Module *module;
    Dwarf_Addr bias; // of dwfl's addresses over the file's
};

static int open_file(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC);
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

// Opens a candidate; *name is the caller's, as elfutils wants it.
static int try_file(const char *path, bool check, GElf_Word crc, char **name)
{
    int fd = open_file(path);

    if (fd < 0)
        return -1;
    if (check && !crc_is(fd, crc)) {
        close(fd);
        return -1;
    }
    *name = strdup(path);
    return fd;
}

// In place of elfutils' own search, which may ask a server over the network.
static int find_debug(Dwfl_Module *module, void **data, const char *name,
                      Dwarf_Addr base, const char *file, const char *link,
                      GElf_Word crc, char **found)
{
    const unsigned char *id;
    GElf_Addr where;
    char path[4600];
    int bytes = dwfl_module_build_id(module, &id, &where);

    (void)data;
    (void)name;
    (void)base;
    if (bytes > 1) {
        int n =
            snprintf(path, sizeof path, DEBUG_ROOT "/.build-id/%02x/", id[0]);
        for (int i = 1; i < bytes && n + 16 < (int)sizeof path; i++)
            n += snprintf(path + n, sizeof path - (size_t)n, "%02x", id[i]);
        snprintf(path + n, sizeof path - (size_t)n, ".debug");
        int fd = try_file(path, false, 0, found);
        if (fd >= 0)
            return fd;
    }
    const char *slash = file != NULL ? strrchr(file, '/') : NULL;
    if (slash == NULL || link == NULL || link[0] == '\0')
        return -1;
    static const char *const forms[] = {"%.*s/%s", "%.*s/.debug/%s",
                                        DEBUG_ROOT "%.*s/%s"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        int n = snprintf(path, sizeof path, forms[i], (int)(slash - file), file,
                         link);
#pragma GCC diagnostic pop
        int fd = n < (int)sizeof path ? try_file(path, true, crc, found) : -1;
        if (fd >= 0)
            return fd;
    }
    return -1;
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

static bool is_the_file(Dwfl_Module *module, const uint8_t *build_id,
                        size_t bytes)
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

static struct ms_dwarf *open_candidate(const char *path, const char *shown,
                                       const uint8_t *build_id, size_t bytes,
                                       bool separate)
{
    struct ms_dwarf *d = calloc(1, sizeof *d);
    int fd = open_file(path);

    if (d == NULL || fd < 0)
        goto fail;
    d->dwfl = dwfl_begin(&callbacks[separate]);
    if (d->dwfl == NULL)
        goto fail;
    dwfl_report_begin(d->dwfl);
    // On success the descriptor belongs to elfutils.
    d->module = dwfl_report_elf(d->dwfl, shown, shown, fd, 0, true);
    if (d->module == NULL)
        goto fail_dwfl;
    fd = -1;
    if (dwfl_report_end(d->dwfl, NULL, NULL) != 0 ||
        !is_the_file(d->module, build_id, bytes) ||
        dwfl_module_getelf(d->module, &d->bias) == NULL)
        goto fail_dwfl;
    return d;

fail_dwfl:
    dwfl_end(d->dwfl);
fail:
    if (fd >= 0)
        close(fd);
    free(d);
    return NULL;
}

struct ms_dwarf *ms_dwarf_open(const char *path, pid_t pid,
                               const uint8_t *build_id, size_t bytes,
                               bool separate)
{
    struct ms_dwarf *d = NULL;
    char there[4600];

    if (path[0] != '/')
        return NULL; // the vDSO, and what was never a file
    if (pid != 0) {
        snprintf(there, sizeof there, "/proc/%d/root%s", (int)pid, path);
        d = open_candidate(there, path, build_id, bytes, separate);
        if (d == NULL && build_id != NULL) {
            // A program whose file was replaced is still there in its process.
            snprintf(there, sizeof there, "/proc/%d/exe", (int)pid);
            d = open_candidate(there, path, build_id, bytes, separate);
        }
    }
    return d != NULL ? d
                     : open_candidate(path, path, build_id, bytes, separate);
}

void ms_dwarf_close(struct ms_dwarf *d)
{
    if (d == NULL)
        return;
    dwfl_end(d->dwfl);
    free(d);
}

static void set_function(struct ms_dwarf_name *out, const char *name)
{
    char *readable = NULL;

    if (strlen(name) < MANGLED_LIMIT)
        readable = cplus_demangle(name, DMGL_AUTO | DMGL_PARAMS | DMGL_ANSI);
    snprintf(out->function, sizeof out->function, "%s",
             readable != NULL ? readable : name);
    free(readable);
}

static const char *name_of(Dwarf_Die *die)
{
    Dwarf_Attribute attribute;
    const char *name = NULL;

    // C++ and Rust: the linkage name has the whole of it.
    if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) != NULL ||
        dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute) != NULL)
        name = dwarf_formstring(&attribute);
    return name != NULL ? name : dwarf_diename(die);
}

// The innermost function at the address, inlined or not.
static void name_by_dwarf(struct ms_dwarf *d, Dwarf_Addr at,
                          struct ms_dwarf_name *out)
{
    Dwarf_Addr bias;
    Dwarf_Die *scopes = NULL;
    Dwarf_Die *unit = dwfl_module_addrdie(d->module, at, &bias);

    if (unit == NULL)
        return;
    int count = dwarf_getscopes(unit, at - bias, &scopes);
    for (int i = 0; i < count; i++) {
        int tag = dwarf_tag(&scopes[i]);
        if (tag != DW_TAG_subprogram && tag != DW_TAG_inlined_subroutine)
            continue;
        const char *name = name_of(&scopes[i]);
        if (name != NULL)
            set_function(out, name);
        break;
    }
    if (count > 0)
        free(scopes);
}

static void find_line(struct ms_dwarf *d, Dwarf_Addr at,
                      struct ms_dwarf_name *out)
{
    int line = 0;
    Dwfl_Line *entry = dwfl_module_getsrc(d->module, at);

    if (entry == NULL)
        return;
    const char *file = dwfl_lineinfo(entry, NULL, &line, NULL, NULL, NULL);
    if (file == NULL || line <= 0)
        return;
    const char *directory = file[0] == '/' ? NULL : dwfl_line_comp_dir(entry);
    if (directory != NULL)
        snprintf(out->file, sizeof out->file, "%s/%s", directory, file);
    else
        snprintf(out->file, sizeof out->file, "%s", file);
    out->line = (uint32_t)line;
}

void ms_dwarf_name(struct ms_dwarf *d, uint64_t address,
                   struct ms_dwarf_name *out)
{
    Dwarf_Addr at = address + d->bias;

    out->function[0] = out->file[0] = '\0';
    out->line = 0;
    name_by_dwarf(d, at, out);
    if (out->function[0] == '\0') {
        GElf_Off offset;
        GElf_Sym symbol;
        const char *name = dwfl_module_addrinfo(d->module, at, &offset, &symbol,
                                                NULL, NULL, NULL);
        // Of a stripped file only some symbols are left: the nearest one may
        // be another function's.
        if (name != NULL && (symbol.st_size == 0 || offset < symbol.st_size))
            set_function(out, name);
    }
    find_line(d, at, out);
}
