// SPDX-License-Identifier: MIT
//
// dwarf: one file's names, read by elfutils. Symbol thread only. Never
// contacts a server; a file that is not the one that was loaded (by its
// build-id) names nothing.

#ifndef MS_ENGINE_SYMBOLS_DWARF_H
#define MS_ENGINE_SYMBOLS_DWARF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct ms_dwarf;

// ms_dwarf_open opens a module's file: as the process sees it when pid is not
// 0, else by its path. Without `separate`, debug information in a file of its
// own is left alone: it may take a second to read. NULL: not there, or another
// file by now.
struct ms_dwarf *ms_dwarf_open(const char *path, pid_t pid,
                               const uint8_t *build_id, size_t bytes,
                               bool separate);
void ms_dwarf_close(struct ms_dwarf *d);

#define MS_DWARF_NAME 1024u
struct ms_dwarf_name {
    char function[MS_DWARF_NAME]; // "" when unknown
    char file[MS_DWARF_NAME];     // "" when unknown
    uint32_t line;
};

// ms_dwarf_name names an address of the file.
void ms_dwarf_name(struct ms_dwarf *d, uint64_t address,
                   struct ms_dwarf_name *out);

#endif
