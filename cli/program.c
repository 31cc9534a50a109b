// SPDX-License-Identifier: MIT
// See program.h for the contract.

#include "program.h"

#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SCRIPTS 4 // interpreters of interpreters

struct file {
    const char *bytes;
    uint64_t size;
    struct stat stat;
    bool capable; // has rights of its own by file capabilities
};

static bool open_file(struct file *f, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char none[1];

    if (fd < 0)
        return false;
    bool fits = fstat(fd, &f->stat) == 0 && S_ISREG(f->stat.st_mode) &&
                f->stat.st_size > 0;
    f->size = fits ? (uint64_t)f->stat.st_size : 0;
    f->capable = fgetxattr(fd, "security.capability", none, 0) > 0;
    void *p = MAP_FAILED;
    if (fits)
        p = mmap(NULL, f->size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    f->bytes = p;
    return p != MAP_FAILED;
}

static void close_file(struct file *f)
{
    munmap((void *)f->bytes, f->size);
}

// A part of the file; NULL: it is not all there.
static const void *part(const struct file *f, uint64_t at, uint64_t bytes)
{
    return at <= f->size && bytes <= f->size - at ? f->bytes + at : NULL;
}

// The string at an offset; NULL: it does not end in the file.
static const char *string(const struct file *f, uint64_t at)
{
    if (at >= f->size || memchr(f->bytes + at, '\0', f->size - at) == NULL)
        return NULL;
    return f->bytes + at;
}

static const Elf64_Phdr *header_of(const struct file *f, uint32_t type,
                                   uint64_t address)
{
    const Elf64_Ehdr *elf = (const void *)f->bytes;
    const Elf64_Phdr *all =
        part(f, elf->e_phoff, (uint64_t)elf->e_phnum * sizeof *all);

    if (all == NULL || elf->e_phentsize != sizeof *all || elf->e_phoff % 8 != 0)
        return NULL;
    for (unsigned i = 0; i < elf->e_phnum; i++)
        if (all[i].p_type == type &&
            (type != PT_LOAD || (address >= all[i].p_vaddr &&
                                 address - all[i].p_vaddr < all[i].p_filesz)))
            return &all[i];
    return NULL;
}

// Whether it is linked with a library whose name begins so.
static bool needs(const struct file *f, const char *library)
{
    const Elf64_Phdr *h = header_of(f, PT_DYNAMIC, 0);
    const Elf64_Dyn *d = h != NULL ? part(f, h->p_offset, h->p_filesz) : NULL;
    uint64_t strings = 0;

    if (d == NULL)
        return false;
    size_t count = h->p_filesz / sizeof *d;
    for (size_t i = 0; i < count; i++)
        if (d[i].d_tag == DT_STRTAB)
            strings = d[i].d_un.d_ptr;
    const Elf64_Phdr *load = header_of(f, PT_LOAD, strings);
    if (load == NULL)
        return false;
    uint64_t at = strings - load->p_vaddr + load->p_offset;
    for (size_t i = 0; i < count; i++) {
        if (d[i].d_tag != DT_NEEDED)
            continue;
        const char *name = string(f, at + d[i].d_un.d_val);
        if (name != NULL && strncmp(name, library, strlen(library)) == 0)
            return true;
    }
    return false;
}

static struct ms_program look_at_elf(const struct file *f)
{
    const Elf64_Ehdr *elf = part(f, 0, sizeof *elf);
    const Elf64_Ehdr *self = (const void *)f->bytes;
    struct ms_program p = {NULL, false};

#if defined(__x86_64__)
    Elf64_Half machine = EM_X86_64;
#else
    Elf64_Half machine = EM_AARCH64;
#endif
    if (elf == NULL || self->e_ident[EI_CLASS] != ELFCLASS64 ||
        self->e_machine != machine)
        return (struct ms_program){"is built for another kind of machine",
                                   true};
    const Elf64_Phdr *h = header_of(f, PT_INTERP, 0);
    const char *loader = h != NULL ? string(f, h->p_offset) : NULL;
    if (loader == NULL)
        p.why = "is statically linked";
    else if (strstr(loader, "musl") != NULL)
        p = (struct ms_program){"uses another C library than glibc", true};
    else if (needs(f, "libasan.") || needs(f, "libtsan.") ||
             needs(f, "libhwasan."))
        p = (struct ms_program){"is built with a sanitizer", true};
    else if ((f->stat.st_mode & S_ISUID && f->stat.st_uid != getuid()) ||
             (f->stat.st_mode & S_ISGID && f->stat.st_gid != getgid()) ||
             (f->capable && getuid() != 0))
        p.why = "runs with other rights than yours";
    return p;
}

// The interpreter of a script; false: it is none.
static bool interpreter(const struct file *f, char *path, size_t room)
{
    const char *end = memchr(f->bytes, '\n', f->size);

    if (f->size < 3 || memcmp(f->bytes, "#!", 2) != 0 || end == NULL)
        return false;
    const char *begin = f->bytes + 2;
    while (begin < end && (*begin == ' ' || *begin == '\t'))
        begin++;
    size_t n = 0;
    while (begin + n < end && begin[n] != ' ' && begin[n] != '\t')
        n++;
    if (n == 0 || n >= room)
        return false;
    memcpy(path, begin, n);
    path[n] = '\0';
    return true;
}

static bool find(const char *command, char *path, size_t room)
{
    const char *all = getenv("PATH");

    if (strchr(command, '/') != NULL)
        return snprintf(path, room, "%s", command) < (int)room;
    for (const char *at = all; at != NULL; at = strchr(at, ':')) {
        at += *at == ':';
        int n = (int)strcspn(at, ":");
        if (snprintf(path, room, "%.*s%s%s", n, at, n > 0 ? "/" : "", command) <
                (int)room &&
            access(path, X_OK) == 0)
            return true;
    }
    return false;
}

struct ms_program ms_program_look(const char *command)
{
    struct ms_program p = {NULL, false};
    char path[4096];

    if (!find(command, path, sizeof path))
        return p;
    for (int i = 0; i < SCRIPTS; i++) {
        struct file f;
        if (!open_file(&f, path))
            return p;
        bool script = interpreter(&f, path, sizeof path);
        if (!script && f.size > SELFMAG &&
            memcmp(f.bytes, ELFMAG, SELFMAG) == 0)
            p = look_at_elf(&f);
        close_file(&f);
        if (!script)
            return p;
    }
    return p;
}
