// SPDX-License-Identifier: MIT
// See elf_symbols.h for the contract.

#include "symbols/elf_symbols.h"

#include <stdlib.h>
#include <string.h>

#define SYMBOLS_LIMIT (1 << 24)
#define LOOK_BACK 64u // symbols before an address that may reach to it

static uint8_t rank_of(const GElf_Sym *symbol)
{
    uint8_t rank = GELF_ST_TYPE(symbol->st_info) == STT_NOTYPE ? 0 : 4;

    switch (GELF_ST_BIND(symbol->st_info)) {
    case STB_GLOBAL:
        return rank + 2;
    case STB_WEAK:
        return rank + 1;
    default:
        return rank;
    }
}

static bool is_wanted(const GElf_Sym *symbol, const char *name, bool *table)
{
    if (name == NULL || name[0] == '\0' || symbol->st_shndx == SHN_UNDEF)
        return false;
    *table = false;
    switch (GELF_ST_TYPE(symbol->st_info)) {
    case STT_FUNC:
    case STT_GNU_IFUNC:
        return true;
    case STT_NOTYPE: // hand-written; "$x" and the like mark code and data
        return name[0] != '$';
    case STT_OBJECT:
        *table = strncmp(name, "_ZTV", 4) == 0 && symbol->st_size >= 24;
        return *table;
    default:
        return false;
    }
}

static int by_address(const void *a, const void *b)
{
    const struct ms_elf_symbol *x = a, *y = b;

    if (x->address != y->address)
        return x->address < y->address ? -1 : 1;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return strcmp(y->name, x->name);
}

// How far a label without a size may reach: to the end of its section.
static uint64_t reach(Elf *elf, GElf_Word section, uint64_t value)
{
    GElf_Shdr header;
    Elf_Scn *scn = elf != NULL ? elf_getscn(elf, section) : NULL;

    if (scn == NULL || gelf_getshdr(scn, &header) == NULL ||
        value < header.sh_addr || value - header.sh_addr >= header.sh_size)
        return 0;
    return header.sh_size - (value - header.sh_addr);
}

// A label without a size ends where the next symbol begins.
static void end_labels(struct ms_elf_symbols *s)
{
    uint64_t next = UINT64_MAX;

    for (size_t i = s->count; i-- > 0;) {
        struct ms_elf_symbol *e = &s->items[i];
        bool last = i + 1 == s->count || s->items[i + 1].address != e->address;
        if (last && i + 1 < s->count)
            next = s->items[i + 1].address;
        if (e->rank < 4 && e->size > next - e->address)
            e->size = next - e->address;
    }
}

bool ms_elf_symbols_read(struct ms_elf_symbols *s, Dwfl_Module *module)
{
    int count = dwfl_module_getsymtab(module);

    for (int i = 1; i < count && i < SYMBOLS_LIMIT; i++) {
        GElf_Sym symbol;
        GElf_Addr address;
        GElf_Word section;
        Elf *elf = NULL;
        bool table;
        const char *name = dwfl_module_getsym_info(module, i, &symbol, &address,
                                                   &section, &elf, NULL);
        if (!is_wanted(&symbol, name, &table))
            continue;
        if (s->count == s->room) {
            size_t room = s->room == 0 ? 256 : s->room * 2;
            void *moved = realloc(s->items, room * sizeof *s->items);
            if (moved == NULL)
                return false;
            s->items = moved;
            s->room = room;
        }
        uint8_t rank = rank_of(&symbol);
        uint64_t size = symbol.st_size;
        if (size == 0) {
            size = reach(elf, section, symbol.st_value);
            rank &= 3;
        }
        s->items[s->count++] =
            (struct ms_elf_symbol){address, size, name, rank, table};
    }
    if (s->count != 0)
        qsort(s->items, s->count, sizeof *s->items, by_address);
    end_labels(s);
    return true;
}

void ms_elf_symbols_fini(struct ms_elf_symbols *s)
{
    free(s->items);
    *s = (struct ms_elf_symbols){0};
}

const struct ms_elf_symbol *ms_elf_symbols_find(const struct ms_elf_symbols *s,
                                                uint64_t address, bool table)
{
    size_t low = 0, high = s->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->items[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = low, n = 0; i-- > 0 && n < LOOK_BACK; n++)
        if (s->items[i].table == table &&
            address - s->items[i].address < s->items[i].size)
            return &s->items[i];
    return NULL;
}
