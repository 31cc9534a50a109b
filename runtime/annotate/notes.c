// SPDX-License-Identifier: MIT
// See notes.h for the contract.

#include "annotate/notes.h"

#include "unwind/unwinder.h"

static uint64_t key_of(uint64_t address)
{
    return address << 1;
}

static void fill(struct ms_note *n, uint64_t cell, uint64_t size,
                 const struct ms_note_copy *from)
{
    // relaxed: published with the key [N]
    ms_store_relaxed(&n->cell, cell);
    ms_store_relaxed(&n->size, size);
    ms_store_relaxed(&n->counts, from->counts);
    ms_store_relaxed(&n->variable, from->variable);
    ms_store_relaxed(&n->type, from->type);
    ms_store_relaxed(&n->owner, from->owner);
    ms_store_relaxed(&n->moves, from->moves);
}

// An entry for the block: an empty one, or one of an earlier life of the
// address.
static struct ms_note *claim(struct ms_writer *w, uint64_t address,
                             uint64_t cell, uint64_t size,
                             const struct ms_note_copy *from)
{
    struct ms_note *window =
        &w->store->annotations->notes[ms_note_window(address)];
    uint64_t key = key_of(address);

    for (uint32_t i = 0; i < MS_NOTE_WINDOW; i++) {
        struct ms_note *n = &window[i];
        uint64_t found = ms_load_relaxed(&n->key); // relaxed: the claim checks
        bool stale = found == key && ms_load_relaxed(&n->cell) != cell;
        if ((found == 0 || stale) &&
            ms_claim_relaxed(&n->key, &found, key | 1)) {
            fill(n, cell, size, from);
            // [N] release: publishes the entry; pairs with whoever finds it
            ms_store_release(&n->key, key);
            // relaxed: see ms_row_is_noted
            ms_store_relaxed(&w->rows[ms_cell_row(cell)].noted, 1);
            return n;
        }
    }
    ms_store_count_drop(w->store, MS_DROP_NOTES);
    return NULL;
}

struct ms_note *ms_note_of(struct ms_writer *w, uint64_t address, bool make,
                           bool *live)
{
    static const struct ms_note_copy nothing;
    uint64_t cell = 0;

    if (ms_live_index_covers(address)) // relaxed: the caller's block, alive
        cell = ms_load_relaxed(&w->index[address >> MS_GRANULE_SHIFT]);
    *live = ms_cell_live(cell) && (address >> 4 & 1) == (cell >> 32 & 1);
    if (!*live)
        return NULL;
    struct ms_note *window =
        &w->store->annotations->notes[ms_note_window(address)];
    for (uint32_t i = 0; i < MS_NOTE_WINDOW; i++)
        // acquire: pairs with claim [N]
        if (ms_load_acquire(&window[i].key) == key_of(address) &&
            ms_load_relaxed(&window[i].cell) == cell)
            return &window[i];
    if (!make)
        return NULL;
    uint64_t size = ms_cell_small_size(cell);
    if (size == MS_CELL_BIG)
        size = ms_load_relaxed(&w->index[(address >> MS_GRANULE_SHIFT) + 1]);
    return claim(w, address, cell, size, &nothing);
}

struct ms_note_copy ms_notes_take(struct ms_writer *w, uint64_t address,
                                  uint64_t cell)
{
    struct ms_note *window =
        &w->store->annotations->notes[ms_note_window(address)];
    struct ms_note_copy all = {0};

    for (uint32_t i = 0; i < MS_NOTE_WINDOW; i++) {
        struct ms_note *n = &window[i];
        // acquire: pairs with claim [N]
        if (ms_load_acquire(&n->key) != key_of(address))
            continue;
        if (ms_load_relaxed(&n->cell) == cell) {
            uint32_t variable = ms_load_relaxed(&n->variable);
            uint32_t type = ms_load_relaxed(&n->type);
            uint32_t owner = ms_load_relaxed(&n->owner);
            all.any = true;
            all.counts += ms_load_relaxed(&n->counts);
            all.moves += ms_load_relaxed(&n->moves);
            all.variable = variable != 0 ? variable : all.variable;
            all.type = type != 0 ? type : all.type;
            all.owner = owner != 0 ? owner : all.owner;
        }
        ms_store_relaxed(&n->key, 0); // relaxed: it says nothing any more
    }
    return all;
}

void ms_notes_put(struct ms_writer *w, uint64_t address,
                  const struct ms_note_copy *copy)
{
    uint64_t cell, size;

    if (!copy->any || !ms_live_index_covers(address))
        return;
    // relaxed: our own block's
    cell = ms_load_relaxed(&w->index[address >> MS_GRANULE_SHIFT]);
    if (!ms_cell_live(cell))
        return;
    size = ms_cell_small_size(cell);
    if (size == MS_CELL_BIG)
        size = ms_load_relaxed(&w->index[(address >> MS_GRANULE_SHIFT) + 1]);
    (void)claim(w, address, cell, size, copy);
}

void ms_notes_moved(struct ms_writer *w, uint64_t address,
                    struct ms_note_copy *notes)
{
    if ((notes->counts & MS_COUNTS_BORROWS) != 0)
        ms_moment_add(w, MS_MOMENT_MOVED_BORROWED, notes->variable, address);
    notes->counts &= ~MS_COUNTS_BORROWS;
}

MS_NOINLINE void ms_notes_freed(struct ms_writer *w, uint64_t address,
                                uint64_t cell)
{
    struct ms_note_copy left = ms_notes_take(w, address, cell);

    if ((left.counts & MS_COUNTS_BORROWS) != 0)
        ms_moment_add(w, MS_MOMENT_FREED_BORROWED, left.variable, address);
    if (left.counts >= MS_COUNTS_REFERENCE)
        ms_moment_add(w, MS_MOMENT_FREED_REFERENCED, left.variable, address);
}

static uint32_t here(struct ms_writer *w)
{
    struct ms_frame from =
        ms_frame_of_hook((const void *)(uintptr_t)w->entered);
    struct ms_row_hint *hint;

    if (w->unwinder != NULL)
        return ms_unwinder_stack(w->unwinder, &from, &hint);
    return ms_store_stack(w->store, from.pc, 0);
}

void ms_moment_add(struct ms_writer *w, enum ms_moment_kind kind, uint32_t name,
                   uint64_t address)
{
    struct ms_annotations *a = w->store->annotations;
    uint32_t stack = here(w);
    // relaxed: claims a place; its seq publishes what is there [W]
    uint64_t number = ms_add_relaxed(&a->moment_count, 1u);
    struct ms_moment *m = &a->moments[number % MS_MOMENTS];

    ms_add_relaxed(&a->moment_counts[kind], 1u); // relaxed: a count
    // relaxed: published by seq [W]
    ms_store_relaxed(&m->seq, 0);
    ms_store_relaxed(&m->ns, ms_clock_monotonic_ns());
    ms_store_relaxed(&m->address, address);
    ms_store_relaxed(&m->kind, (uint32_t)kind);
    ms_store_relaxed(&m->name, name);
    ms_store_relaxed(&m->stack, stack);
    ms_store_relaxed(&m->thread, w->thread);
    // [W] release: publishes the moment; pairs with the collector
    ms_store_release(&m->seq, number + 1);
}
