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

#include "symbols/declared.h"

struct ms_dwarf;

// ms_dwarf_open opens a module's file: as the process sees it when pid is not
// 0, else by its path. Without `separate`, debug information in a file of its
// own is left alone: it may take a second to read. NULL: not there, or another
// file by now.
struct ms_dwarf *ms_dwarf_open(const char *path, pid_t pid,
                               const uint8_t *build_id, size_t bytes,
                               bool separate);
void ms_dwarf_close(struct ms_dwarf *d);

// ms_dwarf_use_fetched names a file of debug information to try when there is
// no other. Before anything is asked; the path must live as long.
void ms_dwarf_use_fetched(struct ms_dwarf *d, const char *path);

// A function at an address: itself, or inlined into the next one.
struct ms_dwarf_frame {
    const char *function; // "" when unknown
    const char *file;     // "" when unknown
    uint32_t line;        // 0 when unknown
};
#define MS_DWARF_FRAMES 48u // deeper ones lose their outermost functions

// ms_dwarf_frames gives what is at an address of the file, innermost first, and
// returns how many; 0: nothing is known. Strings live until ms_dwarf_close.
size_t ms_dwarf_frames(struct ms_dwarf *d, uint64_t address,
                       struct ms_dwarf_frame frames[MS_DWARF_FRAMES]);

// ms_dwarf_declared gives the type that is declared for what the call at an
// address of the file gives; type "": none is.
void ms_dwarf_declared(struct ms_dwarf *d, uint64_t address,
                       struct ms_declared *out);

// ms_dwarf_table gives the symbol of the table of virtual functions that an
// address lies in, or NULL, and how far into it.
const char *ms_dwarf_table(struct ms_dwarf *d, uint64_t address,
                           uint64_t *offset);

// ms_dwarf_has_debug says whether there is debug information.
bool ms_dwarf_has_debug(const struct ms_dwarf *d);

// ms_dwarf_bytes is the memory of our own tables, without elfutils'.
size_t ms_dwarf_bytes(const struct ms_dwarf *d);

// ms_demangle gives a C++ or Rust name in readable form, to be freed; NULL when
// it is not mangled.
char *ms_demangle(const char *name);

#endif
