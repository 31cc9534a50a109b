// SPDX-License-Identifier: MIT
// See vtable.h for the contract.
//
// The layout is that of the Itanium C++ ABI, which all of Linux has. Before a
// table's address point lie the type information and the offset to the top of
// the object. Type information is an object as well: its first word points
// to the table of one of three classes, its second to its name.

#include "types/vtable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/measured_types.h"
#include "platform/process_words.h"
#include "symbols/dwarf.h"

#define NAME_ROOM 2048u
#define WORD sizeof(uint64_t)

struct ms_vtable {
    uint64_t word;
    uint32_t type;
};

static bool in_module(const struct ms_vtables *v, uint64_t address)
{
    if (address % WORD != 0)
        return false;
    for (size_t i = 0; i < v->module_count; i++)
        if (address >= v->modules[i].start + 2 * WORD &&
            address < v->modules[i].end)
            return true;
    return false;
}

// The mangled name of the class that a table belongs to; "" when it is none.
// False: the word is no address point of a whole object's table.
static bool class_name(const struct ms_vtables *v, uint64_t table,
                       uint64_t *information, char name[NAME_ROOM])
{
    uint64_t addresses[2] = {table - 2 * WORD, table - WORD};
    uint64_t words[2];

    if (!in_module(v, table) ||
        !ms_process_words(v->pid, addresses, 2, words) || words[0] != 0 ||
        !in_module(v, words[1]))
        return false;
    *information = words[1];
    uint64_t at = words[1] + WORD;
    return ms_process_words(v->pid, &at, 1, words) &&
           ms_process_text(v->pid, words[0], name, NAME_ROOM);
}

static bool describes_classes(const char *name)
{
    return strcmp(name, "N10__cxxabiv117__class_type_infoE") == 0 ||
           strcmp(name, "N10__cxxabiv120__si_class_type_infoE") == 0 ||
           strcmp(name, "N10__cxxabiv121__vmi_class_type_infoE") == 0;
}

static uint32_t name_number(struct ms_vtables *v, const char *mangled)
{
    static const char prefix[] = "typeinfo name for ";
    char symbol[NAME_ROOM + 8], name[512];

    // A name that no other file can have begins with a star.
    snprintf(symbol, sizeof symbol, "_ZTS%s", mangled + (mangled[0] == '*'));
    char *readable = ms_demangle(symbol);
    if (readable == NULL || strncmp(readable, prefix, sizeof prefix - 1) != 0) {
        free(readable);
        return MS_VTABLE_NONE;
    }
    snprintf(name, sizeof name, "%s", readable + sizeof prefix - 1);
    free(readable);
    for (size_t i = 0; i < v->name_count; i++)
        if (strcmp(v->names[i], name) == 0)
            return (uint32_t)i;
    if (v->name_count == MS_MEASURED_TYPES) {
        v->full = true;
        return MS_VTABLE_NONE;
    }
    memcpy(v->names[v->name_count], name, sizeof name);
    return (uint32_t)v->name_count++;
}

static uint32_t type_of(struct ms_vtables *v, uint64_t word)
{
    char name[NAME_ROOM], meta_name[NAME_ROOM];
    uint64_t information, meta, meta_information;

    if (!class_name(v, word, &information, name) ||
        !ms_process_words(v->pid, &information, 1, &meta) ||
        !class_name(v, meta, &meta_information, meta_name) ||
        !describes_classes(meta_name))
        return MS_VTABLE_NONE;
    return name_number(v, name);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

bool ms_vtables_read(struct ms_vtables *v, uint64_t *words, size_t count)
{
    v->items = malloc((count + 1) * sizeof *v->items);
    v->names = malloc(MS_MEASURED_TYPES * sizeof *v->names);
    if (v->items == NULL || v->names == NULL)
        return false;
    if (count != 0)
        qsort(words, count, sizeof *words, by_value);
    for (size_t i = 0; i < count; i++) {
        if ((i > 0 && words[i] == words[i - 1]) || !in_module(v, words[i]))
            continue;
        uint32_t type = type_of(v, words[i]);
        if (type != MS_VTABLE_NONE)
            v->items[v->count++] = (struct ms_vtable){words[i], type};
    }
    return true;
}

void ms_vtables_fini(struct ms_vtables *v)
{
    free(v->items);
    free(v->names);
}

uint32_t ms_vtables_type(const struct ms_vtables *v, uint64_t word)
{
    size_t low = 0, high = v->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (v->items[middle].word == word)
            return v->items[middle].type;
        if (v->items[middle].word < word)
            low = middle + 1;
        else
            high = middle;
    }
    return MS_VTABLE_NONE;
}
