// SPDX-License-Identifier: MIT
//
// Any bytes as a program's file: naming its addresses neither crashes nor goes
// on for ever, and what it gives are texts.

#include "harness.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbols/dwarf.h"

#define PROBES 64u

static uint64_t word(const uint8_t *data, size_t size, size_t at)
{
    uint64_t value = 0;

    if (at + sizeof value <= size)
        memcpy(&value, data + at, sizeof value);
    return value;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ms_dwarf_frame frames[MS_DWARF_FRAMES];
    char path[64];
    uint64_t offset;
    int fd = memfd_create("elf", MFD_CLOEXEC);

    FUZZ_CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct ms_dwarf *d = ms_dwarf_open(path, 0, NULL, 0, true);
    uint64_t entry = word(data, size, 24) & ~UINT64_C(255);
    for (uint64_t i = 0; d != NULL && i < PROBES; i++) {
        size_t count = ms_dwarf_frames(d, entry + i * 7, frames);
        FUZZ_CHECK(count <= MS_DWARF_FRAMES);
        for (size_t k = 0; k < count; k++)
            FUZZ_CHECK(strlen(frames[k].function) + strlen(frames[k].file) <
                       2 * 4096);
        const char *table = ms_dwarf_table(d, i * 64, &offset);
        FUZZ_CHECK(table == NULL || strncmp(table, "_ZTV", 4) == 0);
    }
    ms_dwarf_close(d);
    close(fd);
    return 0;
}
