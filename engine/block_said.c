// SPDX-License-Identifier: MIT
// See block_said.h for the contract.

#include "block_said.h"

#include "platform/atomics.h"
#include "runtime/annotations.h"
#include "runtime/cell.h"
#include "runtime/control.h"

static uint32_t name_of(_Atomic uint32_t *from)
{
    uint32_t name = ms_load_relaxed(from); // relaxed: published by [P]

    return name < MS_STRING_CAPACITY ? name : 0;
}

static void read_note(struct ms_annotations *a, uint64_t cell,
                      struct ms_block *block)
{
    uint32_t first = ms_note_window(block->address);
    // acquire: pairs with whoever has shown a note [P]
    uint64_t word = ms_load_acquire(&a->note_words[first / MS_NOTE_WINDOW]);

    // Only what is in use: to read a hole would make it memory.
    for (uint32_t i = 0; i < MS_NOTE_WINDOW && (uint32_t)word != 0; i++) {
        struct ms_note *note = &a->notes[first + i];
        if ((word >> i & 1) == 0 || ms_load_relaxed(&note->cell) != cell ||
            ms_load_relaxed(&note->key) != (block->address << 1 | 1))
            continue;
        block->said.variable = name_of(&note->variable);
        block->said.type = name_of(&note->type);
        return;
    }
}

static void read_context(struct ms_reader *r, uint32_t stack,
                         struct ms_said *said)
{
    uint32_t real, context, value;
    enum ms_pseudo_kind kind;

    if (stack == 0 || !ms_reader_stack(r, stack, &real, &context))
        return;
    // The innermost of each kind; a pool is one link more than may be nested.
    for (uint32_t i = 0; i <= MS_CONTEXT_DEPTH && context != 0; i++) {
        context = ms_reader_link(r, context, &kind, &value);
        if (context == UINT32_MAX)
            return;
        if (kind == MS_PSEUDO_TASK && said->task == 0)
            said->task = value;
        else if (kind == MS_PSEUDO_SCOPE && said->scope == 0)
            said->scope = value;
        else if (kind == MS_PSEUDO_POOL && said->pool == 0)
            said->pool = value;
    }
}

void ms_block_read_said(struct ms_reader *r, uint64_t cell, uint32_t stack,
                        struct ms_block *block)
{
    struct ms_annotations *a = ms_reader_annotations(r);

    block->said = (struct ms_said){0};
    if (a == NULL)
        return;
    read_context(r, stack, &block->said);
    // relaxed: what is said meanwhile is seen by the next walk
    if ((ms_load_relaxed(&r->live->pulse) & MS_CONTROL_NOTED) != 0 &&
        ms_load_relaxed(&a->noted[ms_cell_row(cell)]) != 0)
        read_note(a, cell, block);
}
