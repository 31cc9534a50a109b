// SPDX-License-Identifier: MIT
// See scopes.h for the contract.

#include "symbols/scopes.h"

#include <dwarf.h>
#include <stdlib.h>

#define DEPTH_LIMIT 200      // of nested entries
#define RANGES_LIMIT 100000u // of one entry

// A range before nested ones have been cut out of it.
struct range {
    uint64_t low, high;
    uint32_t scope, depth;
};

struct build {
    struct ms_scopes *scopes;
    struct range *ranges;
    size_t count, room;
    bool failed;
};

static bool reserve(void **items, size_t count, size_t *room, size_t bytes)
{
    if (count < *room)
        return true;
    size_t more = *room == 0 ? 64 : *room * 2;
    void *moved = realloc(*items, more * bytes);
    if (moved == NULL)
        return false;
    *items = moved;
    *room = more;
    return true;
}

static void add_ranges(struct build *b, Dwarf_Die *die, uint32_t scope,
                       uint32_t depth)
{
    Dwarf_Addr base, low, high;
    ptrdiff_t at = 0;

    for (size_t n = 0; n < RANGES_LIMIT; n++) {
        at = dwarf_ranges(die, at, &base, &low, &high);
        if (at <= 0)
            return;
        // At 0 lie functions that the linker has left out.
        if (low == 0 || low >= high)
            continue;
        if (!reserve((void **)&b->ranges, b->count, &b->room,
                     sizeof *b->ranges)) {
            b->failed = true;
            return;
        }
        b->ranges[b->count++] = (struct range){low, high, scope, depth};
    }
}

static uint32_t add_scope(struct build *b, Dwarf_Die *die, uint32_t parent)
{
    struct ms_scopes *s = b->scopes;

    if (s->count >= MS_SCOPES_LIMIT)
        return MS_SCOPE_NONE;
    if (!reserve((void **)&s->items, s->count, &s->room, sizeof *s->items)) {
        b->failed = true;
        return MS_SCOPE_NONE;
    }
    s->items[s->count] = (struct ms_scope){
        .die = dwarf_dieoffset(die),
        .parent = parent,
        .call_file = "",
        .function = "",
    };
    return (uint32_t)s->count++;
}

// Entries that may have functions in them.
static bool holds_functions(int tag)
{
    switch (tag) {
    case DW_TAG_lexical_block:
    case DW_TAG_try_block:
    case DW_TAG_catch_block:
    case DW_TAG_with_stmt:
    case DW_TAG_namespace:
    case DW_TAG_module:
    case DW_TAG_structure_type:
    case DW_TAG_class_type:
    case DW_TAG_union_type:
    case DW_TAG_interface_type:
    case DW_TAG_enumeration_type:
        return true;
    default:
        return false;
    }
}

static void read_children(struct build *b, Dwarf_Die *parent, uint32_t scope,
                          uint32_t depth)
{
    Dwarf_Die die;
    size_t count = 0;

    if (depth >= DEPTH_LIMIT || dwarf_child(parent, &die) != 0)
        return;
    do {
        int tag = dwarf_tag(&die);
        uint32_t inner = scope;
        if (tag == DW_TAG_subprogram)
            inner = add_scope(b, &die, MS_SCOPE_NONE);
        else if (tag == DW_TAG_inlined_subroutine)
            inner = add_scope(b, &die, scope);
        else if (!holds_functions(tag))
            continue;
        if (inner != scope && inner != MS_SCOPE_NONE)
            add_ranges(b, &die, inner, depth);
        if (dwarf_haschildren(&die) == 1)
            read_children(b, &die, inner, depth + 1);
    } while (!b->failed && ++count < MS_SCOPES_LIMIT &&
             dwarf_siblingof(&die, &die) == 0);
}

static int by_place(const void *a, const void *b)
{
    const struct range *x = a, *y = b;

    if (x->low != y->low)
        return x->low < y->low ? -1 : 1;
    if (x->depth != y->depth)
        return x->depth < y->depth ? -1 : 1;
    return (x->scope > y->scope) - (x->scope < y->scope);
}

static void add_span(struct build *b, uint64_t low, uint64_t high,
                     uint32_t scope)
{
    struct ms_scopes *s = b->scopes;

    if (low >= high || b->failed)
        return;
    if (!reserve((void **)&s->spans, s->span_count, &s->span_room,
                 sizeof *s->spans)) {
        b->failed = true;
        return;
    }
    s->spans[s->span_count++] = (struct ms_span){low, high, scope};
}

// Cuts nested ranges out of those around them.
static void flatten(struct build *b)
{
    struct range open[DEPTH_LIMIT + 1];
    size_t depth = 0;
    uint64_t at = 0;

    qsort(b->ranges, b->count, sizeof *b->ranges, by_place);
    for (size_t i = 0; i <= b->count && !b->failed; i++) {
        uint64_t low = i < b->count ? b->ranges[i].low : UINT64_MAX;
        while (depth > 0 && open[depth - 1].high <= low) {
            add_span(b, at, open[depth - 1].high, open[depth - 1].scope);
            if (open[depth - 1].high > at)
                at = open[depth - 1].high;
            depth--;
        }
        if (i == b->count || depth > DEPTH_LIMIT)
            break;
        if (depth > 0)
            add_span(b, at, low, open[depth - 1].scope);
        at = low;
        open[depth] = b->ranges[i];
        // What reaches beyond what it lies in is cut.
        if (depth > 0 && open[depth - 1].high < open[depth].high)
            open[depth].high = open[depth - 1].high;
        if (depth < DEPTH_LIMIT)
            depth++;
    }
}

bool ms_scopes_build(struct ms_scopes *s, Dwarf_Die *unit)
{
    struct build b = {.scopes = s};

    read_children(&b, unit, MS_SCOPE_NONE, 0);
    if (b.count != 0)
        flatten(&b);
    free(b.ranges);
    return !b.failed;
}

void ms_scopes_fini(struct ms_scopes *s)
{
    free(s->items);
    free(s->spans);
    *s = (struct ms_scopes){0};
}

uint32_t ms_scopes_find(const struct ms_scopes *s, uint64_t address)
{
    size_t low = 0, high = s->span_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->spans[middle].low <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && address < s->spans[low - 1].high ? s->spans[low - 1].scope
                                                       : MS_SCOPE_NONE;
}

size_t ms_scopes_bytes(const struct ms_scopes *s)
{
    return s->room * sizeof *s->items + s->span_room * sizeof *s->spans;
}
