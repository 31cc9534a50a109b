// SPDX-License-Identifier: MIT
// See dwarf.h for the contract.

#include "symbols/dwarf.h"

#include <dwarf.h>
#include <libiberty/demangle.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbols/elf_symbols.h"
#include "symbols/files.h"
#include "symbols/strings.h"
#include "symbols/units.h"

#define MANGLED_LIMIT 16384u // longer names are not worth the time
#define NAME_ROOM 4096u      // what is longer is cut

struct ms_dwarf {
    Dwfl *dwfl;
    Dwfl_Module *module;
    struct ms_files_hint hint; // the module's user data
    Dwarf_Addr bias;           // of dwfl's addresses over the file's
    bool symbols_read, debug_read;
    struct ms_elf_symbols symbols; // at dwfl's addresses
    Dwarf *dwarf;                  // NULL: there is none
    Dwarf_Addr debug_bias;         // of dwfl's addresses over the debug file's
    struct ms_units units;
    struct ms_declared_types types;
    struct ms_strings strings;
};

static struct ms_dwarf *open_candidate(int fd, const char *shown, pid_t pid,
                                       const uint8_t *build_id, size_t bytes,
                                       bool separate)
{
    struct ms_dwarf *d = calloc(1, sizeof *d);
    void **data;

    if (d == NULL)
        goto fail;
    d->dwfl = dwfl_begin(ms_files_callbacks(separate));
    if (d->dwfl == NULL)
        goto fail;
    dwfl_report_begin(d->dwfl);
    // On success the descriptor belongs to elfutils.
    d->module = dwfl_report_elf(d->dwfl, shown, shown, fd, 0, true);
    if (d->module == NULL)
        goto fail_dwfl;
    fd = -1;
    dwfl_module_info(d->module, &data, NULL, NULL, NULL, NULL, NULL, NULL);
    d->hint.pid = pid;
    *data = &d->hint;
    if (dwfl_report_end(d->dwfl, NULL, NULL) != 0 ||
        !ms_files_is(d->module, build_id, bytes) ||
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
    int fd;

    for (unsigned n = 0; (fd = ms_files_open(n, path, pid)) != -2; n++) {
        // Some other file of the process says nothing without a build-id.
        bool guess = n == 1 || n == 2;
        if (fd >= 0 && guess && build_id == NULL) {
            close(fd);
            continue;
        }
        struct ms_dwarf *d =
            fd < 0 ? NULL
                   : open_candidate(fd, path, pid, build_id, bytes, separate);
        if (d != NULL)
            return d;
    }
    return NULL;
}

void ms_dwarf_use_fetched(struct ms_dwarf *d, const char *path)
{
    d->hint.fetched = path;
}

void ms_dwarf_close(struct ms_dwarf *d)
{
    if (d == NULL)
        return;
    ms_units_fini(&d->units);
    ms_declared_types_fini(&d->types);
    ms_elf_symbols_fini(&d->symbols);
    ms_strings_fini(&d->strings);
    dwfl_end(d->dwfl);
    free(d);
}

char *ms_demangle(const char *name)
{
    if (strlen(name) >= MANGLED_LIMIT)
        return NULL;
    return cplus_demangle(name, DMGL_AUTO | DMGL_PARAMS | DMGL_ANSI);
}

static const char *readable(struct ms_dwarf *d, const char *name)
{
    char *plain = name[0] == '_' ? ms_demangle(name) : NULL;
    char *clone = plain != NULL ? strstr(plain, " [clone ") : NULL;

    if (clone != NULL)
        *clone = '\0'; // parts of a function have its name
    const char *long_one = plain != NULL ? plain : name;
    char cut[NAME_ROOM];

    snprintf(cut, sizeof cut, "%s", long_one);
    const char *kept = ms_strings_keep(&d->strings, cut);
    free(plain);
    return kept;
}

static const char *full_path(struct ms_dwarf *d, const char *directory,
                             const char *file)
{
    char path[NAME_ROOM];

    if (file == NULL)
        return "";
    if (file[0] == '/' || directory == NULL)
        snprintf(path, sizeof path, "%s", file);
    else
        snprintf(path, sizeof path, "%s/%s", directory, file);
    return ms_strings_keep(&d->strings, path);
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

static uint32_t number_of(Dwarf_Die *die, unsigned what)
{
    Dwarf_Attribute attribute;
    Dwarf_Word value;

    if (dwarf_attr(die, what, &attribute) == NULL ||
        dwarf_formudata(&attribute, &value) != 0 || value > UINT32_MAX)
        return 0;
    return (uint32_t)value;
}

static void read_symbols(struct ms_dwarf *d)
{
    if (d->symbols_read)
        return;
    d->symbols_read = true;
    if (!ms_elf_symbols_read(&d->symbols, d->module))
        ms_elf_symbols_fini(&d->symbols);
}

static const char *symbol_at(struct ms_dwarf *d, Dwarf_Addr at)
{
    read_symbols(d);
    const struct ms_elf_symbol *symbol =
        ms_elf_symbols_find(&d->symbols, at, false);

    return symbol != NULL ? symbol->name : NULL;
}

// Reads what a scope is called, and where it was inlined, once.
static void resolve(struct ms_dwarf *d, struct ms_unit *unit,
                    struct ms_scope *scope)
{
    Dwarf_Die die;
    Dwarf_Files *files;
    size_t count;

    if (scope->resolved)
        return;
    scope->resolved = true;
    if (dwarf_offdie(dwarf_cu_getdwarf(unit->die.cu), scope->die, &die) == NULL)
        return;
    const char *name = name_of(&die);
    if (name != NULL)
        scope->function = readable(d, name);
    if (dwarf_tag(&die) != DW_TAG_inlined_subroutine)
        return;
    scope->call_line = number_of(&die, DW_AT_call_line);
    uint32_t file = number_of(&die, DW_AT_call_file);
    if (dwarf_getsrcfiles(&unit->die, &files, &count) == 0 && file < count)
        scope->call_file = full_path(d, unit->directory,
                                     dwarf_filesrc(files, file, NULL, NULL));
}

static void find_line(struct ms_dwarf *d, struct ms_unit *unit,
                      Dwarf_Addr address, struct ms_dwarf_frame *out)
{
    int number = 0;
    Dwarf_Line *line = dwarf_getsrc_die(&unit->die, address);

    if (line == NULL)
        return;
    out->file = full_path(d, unit->directory, dwarf_linesrc(line, NULL, NULL));
    // Code of no line has its file all the same.
    if (out->file[0] != '\0' && dwarf_lineno(line, &number) == 0 && number > 0)
        out->line = (uint32_t)number;
}

// The unit of an address; NULL: there is none. Gives the address as the file of
// debug information has it.
static struct ms_unit *unit_at(struct ms_dwarf *d, Dwarf_Addr at,
                               Dwarf_Addr *address)
{
    if (!d->debug_read) {
        d->debug_read = true;
        d->dwarf = dwfl_module_getdwarf(d->module, &d->debug_bias);
        if (d->dwarf != NULL && !ms_units_read(&d->units, d->dwarf))
            ms_units_fini(&d->units);
    }
    *address = at - d->debug_bias;
    return ms_units_find(&d->units, *address);
}

static size_t frames_by_dwarf(struct ms_dwarf *d, Dwarf_Addr at,
                              struct ms_dwarf_frame *frames)
{
    Dwarf_Addr address;
    size_t count = 0;

    struct ms_unit *unit = unit_at(d, at, &address);
    if (unit == NULL)
        return 0;
    struct ms_dwarf_frame here = {.function = "", .file = ""};
    find_line(d, unit, address, &here);
    uint32_t number = ms_scopes_find(&unit->scopes, address);
    while (number < unit->scopes.count && count < MS_DWARF_FRAMES) {
        struct ms_scope *scope = &unit->scopes.items[number];
        resolve(d, unit, scope);
        here.function = scope->function;
        frames[count++] = here;
        here = (struct ms_dwarf_frame){"", scope->call_file, scope->call_line};
        // A parent comes before its children: there is no way round.
        number = scope->parent;
    }
    if (count == 0 && here.file[0] != '\0')
        frames[count++] = here;
    return count;
}

size_t ms_dwarf_frames(struct ms_dwarf *d, uint64_t address,
                       struct ms_dwarf_frame frames[MS_DWARF_FRAMES])
{
    Dwarf_Addr at = address + d->bias;
    size_t count = frames_by_dwarf(d, at, frames);

    if (count != 0 && frames[count - 1].function[0] != '\0')
        return count;
    const char *symbol = symbol_at(d, at);
    if (symbol == NULL)
        return count;
    if (count == 0)
        frames[count++] = (struct ms_dwarf_frame){"", "", 0};
    frames[count - 1].function = readable(d, symbol);
    return count;
}

void ms_dwarf_declared(struct ms_dwarf *d, uint64_t address,
                       struct ms_declared *out)
{
    enum ms_declared_said said = MS_DECLARED_HANDED_ON;
    struct ms_dwarf_frame call = {.line = 0, .file = ""};
    Dwarf_Addr at;
    Dwarf_Die function;

    *out = (struct ms_declared){.type = ""};
    struct ms_unit *unit = unit_at(d, address + d->bias, &at);
    const char *symbol = symbol_at(d, address + d->bias);
    // C++'s own have no debug information, mostly: operator new, and new[].
    if (symbol != NULL &&
        (strncmp(symbol, "_Znw", 4) == 0 || strncmp(symbol, "_Zna", 4) == 0)) {
        out->handed_on = true;
        return;
    }
    if (unit == NULL)
        return;
    find_line(d, unit, at, &call);
    uint32_t number = ms_scopes_find(&unit->scopes, at);
    while (said == MS_DECLARED_HANDED_ON && number < unit->scopes.count) {
        struct ms_scope *scope = &unit->scopes.items[number];
        resolve(d, unit, scope);
        if (dwarf_offdie(dwarf_cu_getdwarf(unit->die.cu), scope->die,
                         &function) == NULL)
            return;
        said =
            ms_declared_in(&d->types, &d->strings, &function, call.line, out);
        call.line = scope->call_line;
        number = scope->parent;
    }
    if (said != MS_DECLARED_TYPE)
        *out = (struct ms_declared){.type = "",
                                    .handed_on = said == MS_DECLARED_HANDED_ON};
}

const char *ms_dwarf_table(struct ms_dwarf *d, uint64_t address,
                           uint64_t *offset)
{
    read_symbols(d);
    const struct ms_elf_symbol *symbol =
        ms_elf_symbols_find(&d->symbols, address + d->bias, true);

    if (symbol == NULL)
        return NULL;
    *offset = address + d->bias - symbol->address;
    return symbol->name;
}

bool ms_dwarf_has_debug(const struct ms_dwarf *d)
{
    return d->units.count != 0;
}

size_t ms_dwarf_bytes(const struct ms_dwarf *d)
{
    return d->units.bytes + d->units.room * sizeof *d->units.items +
           d->units.range_room * sizeof *d->units.ranges +
           d->symbols.room * sizeof *d->symbols.items + d->strings.bytes;
}
