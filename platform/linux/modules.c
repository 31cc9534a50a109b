// SPDX-License-Identifier: MIT
// See platform/modules.h for the contract.

#include "platform/modules.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <unistd.h>

// Notes: a head of three words, the name, the content, each padded to 4.
static void find_build_id(const uint8_t *note, const uint8_t *end,
                          struct ms_loaded_module *out)
{
    while (end - note > (ptrdiff_t)sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) head;
        memcpy(&head, note, sizeof head);
        size_t name = ((size_t)head.n_namesz + 3) & ~(size_t)3;
        size_t content = ((size_t)head.n_descsz + 3) & ~(size_t)3;
        size_t left = (size_t)(end - note) - sizeof head;

        if (name > left || content > left - name)
            return;
        if (head.n_type == NT_GNU_BUILD_ID && head.n_namesz == 4 &&
            memcmp(note + sizeof head, "GNU", 4) == 0) {
            out->build_id = note + sizeof head + name;
            out->build_id_bytes = head.n_descsz;
            return;
        }
        note += sizeof head + name + content;
    }
}

// The program headers of an object that begins with its ELF header. Returns
// how many there are, 0 if it does not.
static unsigned program_headers(uint64_t start, uint64_t end,
                                const ElfW(Phdr) * *out)
{
    const ElfW(Ehdr) *file = (const void *)(uintptr_t)start;
    uint64_t bytes = end - start;

    if (bytes < sizeof *file || memcmp(file->e_ident, ELFMAG, SELFMAG) != 0 ||
        file->e_phentsize != sizeof(ElfW(Phdr)) ||
        file->e_phoff + (uint64_t)file->e_phnum * sizeof(ElfW(Phdr)) > bytes)
        return 0;
    *out = (const void *)(uintptr_t)(start + file->e_phoff);
    return file->e_phnum;
}

static void read_headers(struct ms_loaded_module *out)
{
    const ElfW(Phdr) *head = NULL;
    unsigned count = program_headers(out->start, out->end, &head);

    for (unsigned i = 0; i < count && out->build_id == NULL; i++) {
        uint64_t at = out->bias + head[i].p_vaddr;
        if (head[i].p_type != PT_NOTE || at < out->start || at >= out->end ||
            head[i].p_memsz > out->end - at)
            continue;
        const uint8_t *note = (const void *)(uintptr_t)at;
        find_build_id(note, note + head[i].p_memsz, out);
    }
}

bool ms_module_at(uint64_t address, struct ms_loaded_module *out)
{
    struct dl_find_object found;

    if (_dl_find_object((void *)(uintptr_t)address, &found) != 0)
        return false;
    *out = (struct ms_loaded_module){
        .start = (uint64_t)(uintptr_t)found.dlfo_map_start,
        .end = (uint64_t)(uintptr_t)found.dlfo_map_end,
        .bias = found.dlfo_link_map->l_addr,
        .path = found.dlfo_link_map->l_name,
    };
    read_headers(out);
    return true;
}

bool ms_module_unwind_at(uint64_t address, struct ms_module_unwind *out)
{
    struct dl_find_object found;
    const ElfW(Phdr) *head = NULL;

    if (_dl_find_object((void *)(uintptr_t)address, &found) != 0 ||
        found.dlfo_eh_frame == NULL)
        return false;
    uint64_t start = (uint64_t)(uintptr_t)found.dlfo_map_start;
    uint64_t end = (uint64_t)(uintptr_t)found.dlfo_map_end;
    uint64_t table = (uint64_t)(uintptr_t)found.dlfo_eh_frame;
    unsigned count = program_headers(start, end, &head);
    for (unsigned i = 0; i < count; i++) {
        uint64_t first = found.dlfo_link_map->l_addr + head[i].p_vaddr;
        if (head[i].p_type != PT_LOAD || !(head[i].p_flags & PF_R) ||
            table < first || table - first >= head[i].p_filesz ||
            first < start || head[i].p_filesz > end - first)
            continue;
        out->begin = (const uint8_t *)(uintptr_t)first;
        out->end = out->begin + head[i].p_filesz;
        out->header = found.dlfo_eh_frame;
        return true;
    }
    return false;
}

void ms_program_path(char *path, size_t bytes)
{
    ssize_t n = readlink("/proc/self/exe", path, bytes - 1);

    path[n > 0 ? n : 0] = '\0';
}

void ms_program_command(char *text, size_t bytes)
{
    ssize_t n = 0;
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);

    if (fd >= 0) {
        n = read(fd, text, bytes - 1);
        close(fd);
    }
    n = n > 0 ? n : 0;
    while (n > 0 && text[n - 1] == '\0')
        n--;
    for (ssize_t i = 0; i < n; i++)
        if (text[i] == '\0')
            text[i] = ' ';
    text[n] = '\0';
}
