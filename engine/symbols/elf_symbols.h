// SPDX-License-Identifier: MIT
//
// elf_symbols: the symbol table of one file, by address: functions, and the
// tables of virtual functions of C++ classes. Symbol thread only.

#ifndef MS_ENGINE_SYMBOLS_ELF_SYMBOLS_H
#define MS_ENGINE_SYMBOLS_ELF_SYMBOLS_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ms_elf_symbol {
    uint64_t address, size;
    const char *name; // the file's; "" is none
    uint8_t rank;     // of several at one address, the highest is meant
    bool table;       // of virtual functions
};

struct ms_elf_symbols {
    struct ms_elf_symbol *items; // sorted by address
    size_t count, room;
};

// ms_elf_symbols_read reads a module's symbols, those of a separate file as
// well; false: out of memory.
bool ms_elf_symbols_read(struct ms_elf_symbols *s, Dwfl_Module *module);
void ms_elf_symbols_fini(struct ms_elf_symbols *s);

// ms_elf_symbols_find gives the symbol of the function, or of the table of
// virtual functions, that an address lies in; NULL: none.
const struct ms_elf_symbol *ms_elf_symbols_find(const struct ms_elf_symbols *s,
                                                uint64_t address, bool table);

#endif
