// SPDX-License-Identifier: MIT
// See declared.h for the contract.

#include "symbols/declared.h"

#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_ROOM 512u
#define DEPTH_LIMIT 100u      // of nested entries, of pointers to pointers
#define ENTRIES_LIMIT 100000u // of one function

void ms_declared_types_fini(struct ms_declared_types *t)
{
    free(t->slots);
    *t = (struct ms_declared_types){0};
}

static size_t hash_of(const void *die)
{
    return (size_t)((uintptr_t)die * UINT64_C(0x9E3779B97F4A7C15) >> 24);
}

static bool grow(struct ms_declared_types *t)
{
    size_t room = t->room == 0 ? 256 : t->room * 2;
    struct ms_declared_type *slots = calloc(room, sizeof *slots);

    if (slots == NULL)
        return false;
    for (size_t i = 0; i < t->room; i++) {
        if (t->slots[i].die == NULL)
            continue;
        size_t k = hash_of(t->slots[i].die) & (room - 1);
        while (slots[k].die != NULL)
            k = (k + 1) & (room - 1);
        slots[k] = t->slots[i];
    }
    free(t->slots);
    t->slots = slots;
    t->room = room;
    return true;
}

// Where a type's name is, or is to be; NULL: no memory.
static struct ms_declared_type *slot_of(struct ms_declared_types *t,
                                        const void *die)
{
    if (t->count * 2 >= t->room && !grow(t))
        return NULL;
    size_t i = hash_of(die) & (t->room - 1);
    while (t->slots[i].die != NULL && t->slots[i].die != die)
        i = (i + 1) & (t->room - 1);
    return &t->slots[i];
}

// What an attribute refers to, its own or that of what the entry stands for.
static bool follow(Dwarf_Die *from, unsigned attribute, Dwarf_Die *to)
{
    Dwarf_Attribute a;

    return dwarf_attr_integrate(from, attribute, &a) != NULL &&
           dwarf_formref_die(&a, to) != NULL;
}

// Without what does not change the memory: const, and the like; and without
// names that stand for others. libdw's own would not come back from a circle.
static bool peeled(Dwarf_Die *type, bool names, Dwarf_Die *out)
{
    *out = *type;
    for (unsigned i = 0; i < DEPTH_LIMIT; i++)
        switch (dwarf_tag(out)) {
        case DW_TAG_typedef:
            if (!names)
                return true;
            // fall through
        case DW_TAG_const_type:
        case DW_TAG_volatile_type:
        case DW_TAG_restrict_type:
        case DW_TAG_atomic_type:
            if (!follow(out, DW_AT_type, out))
                return false;
            break;
        default:
            return true;
        }
    return false;
}

// The size of what has one by itself; 0: it has none, or is an array.
static Dwarf_Word size_of(Dwarf_Die *type)
{
    Dwarf_Die plain;
    Dwarf_Word bytes;

    if (!peeled(type, true, &plain))
        return 0;
    switch (dwarf_tag(&plain)) {
    case DW_TAG_base_type:
    case DW_TAG_enumeration_type:
    case DW_TAG_structure_type:
    case DW_TAG_class_type:
    case DW_TAG_union_type:
    case DW_TAG_pointer_type:
        return dwarf_aggregate_size(&plain, &bytes) == 0 ? bytes : 0;
    default:
        return 0;
    }
}

enum points_to { NO_POINTER, TO_VOID, TO_TYPE };

// What something's type points to.
static enum points_to pointed_to(Dwarf_Die *of, Dwarf_Die *target)
{
    Dwarf_Die type, plain;

    if (!follow(of, DW_AT_type, &type) || !peeled(&type, true, &plain) ||
        dwarf_tag(&plain) != DW_TAG_pointer_type)
        return NO_POINTER;
    if (!follow(&plain, DW_AT_type, &type) || !peeled(&type, false, target) ||
        dwarf_tag(target) == DW_TAG_unspecified_type)
        return TO_VOID;
    return TO_TYPE;
}

static bool is_c(Dwarf_Die *die)
{
    Dwarf_Die unit;

    switch (dwarf_cu_die(die->cu, &unit, NULL, NULL, NULL, NULL, NULL, NULL) !=
                    NULL
                ? dwarf_srclang(&unit)
                : -1) {
    case DW_LANG_C:
    case DW_LANG_C89:
    case DW_LANG_C99:
    case DW_LANG_C11:
        return true;
    default:
        return false;
    }
}

// The entry of a list, from the first one on, that another one is or lies in:
// entries lie in the order of their addresses.
static void find_among(Dwarf_Die *first, const void *die, Dwarf_Die *out)
{
    Dwarf_Die next;

    for (*out = *first; dwarf_siblingof(out, &next) == 0 &&
                        (uintptr_t)next.addr > (uintptr_t)out->addr &&
                        (uintptr_t)next.addr <= (uintptr_t)die;)
        *out = next;
}

// The namespaces and classes that an entry lies in, with a "::" each.
static void put_scopes(Dwarf_Die *unit, const void *die, char name[NAME_ROOM])
{
    Dwarf_Die at = *unit, child;
    size_t used = 0;

    for (unsigned i = 0; i < DEPTH_LIMIT && dwarf_child(&at, &child) == 0;
         i++) {
        find_among(&child, die, &at);
        if (at.addr == die)
            return;
        int tag = dwarf_tag(&at);
        const char *part = dwarf_diename(&at);
        if (tag == DW_TAG_namespace && part == NULL)
            part = "(anonymous namespace)";
        bool named = tag == DW_TAG_namespace || tag == DW_TAG_structure_type ||
                     tag == DW_TAG_class_type || tag == DW_TAG_union_type;
        if (named && part != NULL && used < NAME_ROOM)
            used +=
                (size_t)snprintf(name + used, NAME_ROOM - used, "%s::", part);
    }
}

// "struct " as C says it; C++: the scopes that it lies in.
static void put_scope(Dwarf_Die *type, char name[NAME_ROOM])
{
    Dwarf_Die unit;

    name[0] = '\0';
    if (is_c(type)) {
        int tag = dwarf_tag(type);
        snprintf(name, NAME_ROOM, "%s",
                 tag == DW_TAG_structure_type     ? "struct "
                 : tag == DW_TAG_union_type       ? "union "
                 : tag == DW_TAG_enumeration_type ? "enum "
                                                  : "");
    } else if (dwarf_cu_die(type->cu, &unit, NULL, NULL, NULL, NULL, NULL,
                            NULL) != NULL) {
        put_scopes(&unit, type->addr, name);
    }
}

// The name of a type as its language writes it. False: it has none.
static bool put_name(Dwarf_Die *type, char name[NAME_ROOM])
{
    Dwarf_Die target;
    size_t stars = 0;

    for (; dwarf_tag(type) == DW_TAG_pointer_type; type = &target, stars++) {
        Dwarf_Die next;
        if (stars == DEPTH_LIMIT)
            return false;
        if (!follow(type, DW_AT_type, &next) ||
            !peeled(&next, false, &target)) {
            snprintf(name, NAME_ROOM, "void");
            stars++;
            goto end;
        }
    }
    const char *own = dwarf_diename(type);
    if (own == NULL)
        return false;
    put_scope(type, name);
    size_t used = strlen(name);
    snprintf(name + used, NAME_ROOM - used, "%s", own);
end:
    for (size_t i = strlen(name); stars > 0 && i + 3 < NAME_ROOM; stars--) {
        if (name[i - 1] != '*')
            name[i++] = ' ';
        name[i++] = '*';
        name[i] = '\0';
    }
    return stars == 0;
}

static enum ms_declared_said tell(struct ms_declared_types *types,
                                  struct ms_strings *strings, Dwarf_Die *type,
                                  bool many, struct ms_declared *out)
{
    char name[NAME_ROOM];
    Dwarf_Word bytes = size_of(type);

    if (bytes == 0)
        return MS_DECLARED_NOTHING;
    struct ms_declared_type *slot = slot_of(types, type->addr);
    if (slot == NULL)
        return MS_DECLARED_NOTHING;
    if (slot->die == NULL) {
        slot->name = put_name(type, name) ? ms_strings_keep(strings, name) : "";
        slot->die = type->addr;
        types->count++;
    }
    *out =
        (struct ms_declared){.type = slot->name, .bytes = bytes, .many = many};
    return slot->name[0] != '\0' ? MS_DECLARED_TYPE : MS_DECLARED_NOTHING;
}

// The function that an entry is an instance of.
static void origin_of(Dwarf_Die *function, Dwarf_Die *origin)
{
    Dwarf_Attribute a;

    *origin = *function;
    for (unsigned i = 0; i < DEPTH_LIMIT; i++)
        if (dwarf_attr(origin, DW_AT_abstract_origin, &a) == NULL ||
            dwarf_formref_die(&a, origin) == NULL)
            return;
}

// Its first template parameter that is a type, of arrays that of the element.
static bool template_type(Dwarf_Die *function, Dwarf_Die *type, bool *array)
{
    Dwarf_Die child;

    if (dwarf_child(function, &child) != 0)
        return false;
    for (size_t n = 0; n < ENTRIES_LIMIT; n++) {
        if (dwarf_tag(&child) == DW_TAG_template_type_parameter)
            break;
        if (dwarf_siblingof(&child, &child) != 0)
            return false;
    }
    if (!follow(&child, DW_AT_type, type) || !peeled(type, false, type))
        return false;
    *array = dwarf_tag(type) == DW_TAG_array_type;
    return !*array ||
           (follow(type, DW_AT_type, type) && peeled(type, false, type));
}

// What the variables of a function say.
struct variables {
    uint32_t line;
    const void *returned; // what the function returns a pointer to, or NULL
    Dwarf_Die found;      // what those on the line point to
    unsigned count;       // of different types on the line
    bool others; // there are pointers to something else than `returned`
    size_t entries;
};

static void look_at(struct variables *v, Dwarf_Die *variable)
{
    Dwarf_Die target;
    int line = 0;

    if (pointed_to(variable, &target) != TO_TYPE)
        return;
    v->others |= target.addr != v->returned;
    if (v->line == 0 || dwarf_decl_line(variable, &line) != 0 ||
        line != (int)v->line)
        return;
    v->count += v->count == 0 || v->found.addr != target.addr;
    v->found = target;
}

static void read_variables(struct variables *v, Dwarf_Die *in, unsigned depth)
{
    Dwarf_Die child;

    if (depth == DEPTH_LIMIT || dwarf_child(in, &child) != 0)
        return;
    do {
        switch (dwarf_tag(&child)) {
        case DW_TAG_variable:
            look_at(v, &child);
            break;
        case DW_TAG_lexical_block:
        case DW_TAG_try_block:
        case DW_TAG_catch_block:
            read_variables(v, &child, depth + 1);
            break;
        default:
            break;
        }
    } while (++v->entries < ENTRIES_LIMIT &&
             dwarf_siblingof(&child, &child) == 0);
}

// Whether it is asked for some number of bytes, or of elements.
static bool takes_size(Dwarf_Die *function)
{
    Dwarf_Die child, type, plain;
    Dwarf_Attribute a;
    Dwarf_Word encoding;

    if (dwarf_child(function, &child) != 0)
        return false;
    for (size_t n = 0; n < ENTRIES_LIMIT; n++) {
        if (dwarf_tag(&child) == DW_TAG_formal_parameter &&
            follow(&child, DW_AT_type, &type) && peeled(&type, true, &plain) &&
            dwarf_tag(&plain) == DW_TAG_base_type &&
            dwarf_formudata(dwarf_attr(&plain, DW_AT_encoding, &a),
                            &encoding) == 0 &&
            encoding == DW_ATE_unsigned && size_of(&plain) == sizeof(size_t))
            return true;
        if (dwarf_siblingof(&child, &child) != 0)
            return false;
    }
    return false;
}

// Whether it is a function of a class.
static bool is_member(Dwarf_Die *function)
{
    Dwarf_Attribute a;

    return dwarf_attr_integrate(function, DW_AT_object_pointer, &a) != NULL;
}

enum ms_declared_said ms_declared_in(struct ms_declared_types *types,
                                     struct ms_strings *strings,
                                     Dwarf_Die *function, uint32_t line,
                                     struct ms_declared *out)
{
    Dwarf_Die origin, type, returned;
    bool array;

    origin_of(function, &origin);
    const char *name = dwarf_diename(&origin);
    enum points_to to = pointed_to(&origin, &returned);
    if (name != NULL && strcmp(name, "allocate") == 0 && to == TO_TYPE &&
        is_member(&origin))
        return tell(types, strings, &returned, true, out);
    if (name != NULL && strncmp(name, "make_unique<", 12) == 0 &&
        template_type(&origin, &type, &array))
        return tell(types, strings, &type, array, out);
    struct variables v = {
        .line = line,
        .returned = to == TO_TYPE ? returned.addr : NULL,
    };
    // An instance has those that it needs, the origin all of them.
    read_variables(&v, &origin, 0);
    if (v.count != 0)
        return v.count == 1 ? tell(types, strings, &v.found, true, out)
                            : MS_DECLARED_NOTHING;
    if (to == TO_VOID && takes_size(&origin))
        return MS_DECLARED_HANDED_ON;
    // A function that gives out bytes has all kinds of reasons to make some.
    if (to != TO_TYPE || size_of(&returned) <= 1)
        return MS_DECLARED_NOTHING;
    return tell(types, strings, &returned, !v.others, out);
}
