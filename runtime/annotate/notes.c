// SPDX-License-Identifier: MIT
// See notes.h for the contract.

#include "annotate/notes.h"

#include "store/first_free.h"
#include "unwind/unwinder.h"

static uint64_t key_of(uint64_t address)
{
    return address << 1 | 1; // never 0
}

static void fill(struct ms_note *n, uint64_t cell, uint64_t size,
                 const struct ms_note_copy *from)
{
    // relaxed: published with the word [P]
    ms_store_relaxed(&n->cell, cell);
    ms_store_relaxed(&n->size, size);
    ms_store_relaxed(&n->counts, from->counts);
    ms_store_relaxed(&n->variable, from->variable);
    ms_store_relaxed(&n->type, from->type);
    ms_store_relaxed(&n->owner, from->owner);
    ms_store_relaxed(&n->moves, from->moves);
}

static struct ms_note *window_of(struct ms_writer *w, uint64_t address,
                                 _Atomic uint64_t **word)
{
    struct ms_annotations *a = w->store->annotations;
    uint32_t first = ms_note_window(address);

    *word = &a->note_words[first / MS_NOTE_WINDOW];
    return &a->notes[first];
}

// The block's entry among those that the word shows.
static struct ms_note *find(struct ms_note *window, uint64_t word,
                            uint64_t address, uint64_t cell)
{
    for (uint32_t i = 0; i < MS_NOTE_WINDOW; i++)
        // relaxed: published by the word [P]
        if ((word >> i & 1) != 0 &&
            ms_load_relaxed(&window[i].key) == key_of(address) &&
            ms_load_relaxed(&window[i].cell) == cell)
            return &window[i];
    return NULL;
}

static struct ms_note *reserve(struct ms_note *window, uint64_t address)
{
    for (uint32_t i = 0; i < MS_NOTE_WINDOW; i++) {
        uint64_t none = 0;
        // acquire: what was there has been read; pairs with remove [Z]
        if (ms_load_relaxed(&window[i].key) == 0 &&
            ms_claim_acquire(&window[i].key, &none, key_of(address)))
            return &window[i];
    }
    return NULL;
}

// The block's entry, filled with `from` if it is new. Every change of the
// window changes its word, so that of two threads that want to show an entry
// one fails, looks again, and finds the other's.
static struct ms_note *claim(struct ms_writer *w, uint64_t address,
                             uint64_t cell, uint64_t size,
                             const struct ms_note_copy *from)
{
    _Atomic uint64_t *at;
    struct ms_note *window = window_of(w, address, &at);
    struct ms_note *fresh = NULL;

    for (;;) {
        uint64_t word = ms_load_acquire(at); // acquire: pairs with [P] below
        struct ms_note *known = find(window, word, address, cell);
        if (known != NULL) {
            if (fresh != NULL) // relaxed: nobody has seen it
                ms_store_relaxed(&fresh->key, 0);
            return known;
        }
        if (fresh == NULL) {
            fresh = reserve(window, address);
            if (fresh == NULL)
                break;
            fill(fresh, cell, size, from);
            // relaxed: see ms_row_is_noted
            ms_store_relaxed(&w->store->annotations->noted[ms_cell_row(cell)],
                             1);
            ms_control_tell(w->header, MS_CONTROL_NOTED);
        }
        uint64_t shown =
            (word | UINT64_C(1) << (fresh - window)) + MS_NOTE_CHANGE;
        // [P] release: shows the entry
        if (ms_cas_release(at, &word, shown))
            return fresh;
    }
    ms_store_count_drop(w->store, MS_DROP_NOTES);
    return NULL;
}

static void remove_note(_Atomic uint64_t *at, struct ms_note *n, uint32_t i)
{
    uint64_t word = ms_load_relaxed(at);

    // relaxed: an exchange goes on with what [P] has released
    while (!ms_cas_relaxed(at, &word,
                           (word & ~(UINT64_C(1) << i)) + MS_NOTE_CHANGE))
        continue;
    // [Z] release: whoever fills it next comes after what we have read
    ms_store_release(&n->key, 0);
}

struct ms_note *ms_note_of(struct ms_writer *w, uint64_t address, bool make,
                           bool *live)
{
    static const struct ms_note_copy nothing;
    _Atomic uint64_t *at;
    uint64_t cell = 0;

    if (address < w->covers) // relaxed: the caller's block, alive
        cell = ms_load_relaxed(&w->index[address >> MS_GRANULE_SHIFT]);
    *live = ms_cell_live(cell) && (address >> 4 & 1) == (cell >> 32 & 1);
    if (!*live)
        return NULL;
    struct ms_note *window = window_of(w, address, &at);
    // acquire: pairs with claim [P]
    struct ms_note *known = find(window, ms_load_acquire(at), address, cell);
    if (known != NULL || !make)
        return known;
    uint64_t size = ms_cell_small_size(cell);
    if (size == MS_CELL_BIG)
        size = ms_load_relaxed(&w->index[(address >> MS_GRANULE_SHIFT) + 1]);
    return claim(w, address, cell, size, &nothing);
}

// relaxed, all of these: counts; the reader cuts an end that it sees before its
// beginning
static void tag_ends(struct ms_annotations *a, enum ms_tag_kind kind,
                     uint32_t name, uint64_t size)
{
    struct ms_tagged *t = &a->tagged[kind][name];

    if (name == 0)
        return;
    ms_add_relaxed(&t->ended_blocks, 1u);
    ms_add_relaxed(&t->ended_bytes, size);
}

static void tag_begins(struct ms_annotations *a, enum ms_tag_kind kind,
                       uint32_t name, uint64_t size)
{
    struct ms_tagged *t = &a->tagged[kind][name];

    if (name == 0)
        return;
    ms_add_relaxed(&t->blocks, 1u);
    ms_add_relaxed(&t->bytes, size);
}

void ms_note_tag(struct ms_writer *w, struct ms_note *note,
                 enum ms_tag_kind kind, uint32_t name)
{
    _Atomic uint32_t *at = kind == MS_TAG_TYPE ? &note->type : &note->variable;
    uint64_t size = ms_load_relaxed(&note->size);
    // relaxed: names are published by themselves [S]
    uint32_t before = ms_load_relaxed(at);

    if (name == before)
        return;
    tag_begins(w->store->annotations, kind, name, size);
    ms_store_relaxed(at, name);
    tag_ends(w->store->annotations, kind, before, size);
}

struct ms_note_copy ms_notes_take(struct ms_writer *w, uint64_t address,
                                  uint64_t cell)
{
    _Atomic uint64_t *at;
    struct ms_note *window = window_of(w, address, &at);
    uint64_t word = ms_load_acquire(at); // acquire: pairs with claim [P]
    struct ms_note_copy all = {0};

    for (uint32_t i = 0; i < MS_NOTE_WINDOW; i++) {
        struct ms_note *n = &window[i];
        if ((word >> i & 1) == 0 || ms_load_relaxed(&n->key) != key_of(address))
            continue;
        if (ms_load_relaxed(&n->cell) == cell) {
            uint32_t variable = ms_load_relaxed(&n->variable);
            uint32_t type = ms_load_relaxed(&n->type);
            uint32_t owner = ms_load_relaxed(&n->owner);
            all.any = true;
            all.size = ms_load_relaxed(&n->size);
            tag_ends(w->store->annotations, MS_TAG_TYPE, type, all.size);
            tag_ends(w->store->annotations, MS_TAG_VARIABLE, variable,
                     all.size);
            all.counts += ms_load_relaxed(&n->counts);
            all.moves += ms_load_relaxed(&n->moves);
            all.variable = variable != 0 ? variable : all.variable;
            all.type = type != 0 ? type : all.type;
            all.owner = owner != 0 ? owner : all.owner;
        }
        remove_note(at, n, i);
    }
    return all;
}

// Gives them to the block at an address. False: there is none, or no room.
static bool put(struct ms_writer *w, uint64_t address,
                const struct ms_note_copy *copy, uint64_t *size)
{
    if (!copy->any || address >= w->covers)
        return false;
    // relaxed: our own block's
    uint64_t cell = ms_load_relaxed(&w->index[address >> MS_GRANULE_SHIFT]);
    if (!ms_cell_live(cell))
        return false;
    *size = ms_cell_small_size(cell);
    if (*size == MS_CELL_BIG)
        *size = ms_load_relaxed(&w->index[(address >> MS_GRANULE_SHIFT) + 1]);
    return claim(w, address, cell, *size, copy) != NULL;
}

void ms_notes_put(struct ms_writer *w, uint64_t address,
                  const struct ms_note_copy *copy)
{
    struct ms_annotations *a = w->store->annotations;
    uint64_t size;

    if (!put(w, address, copy, &size))
        return;
    tag_begins(a, MS_TAG_TYPE, copy->type, size);
    tag_begins(a, MS_TAG_VARIABLE, copy->variable, size);
}

static void tag_goes_on(struct ms_annotations *a, enum ms_tag_kind kind,
                        uint32_t name, uint64_t size)
{
    struct ms_tagged *t = &a->tagged[kind][name];

    if (name == 0)
        return;
    ms_add_relaxed(&t->ended_blocks, -UINT64_C(1));
    ms_add_relaxed(&t->ended_bytes, -size);
}

void ms_notes_put_back(struct ms_writer *w, uint64_t address,
                       const struct ms_note_copy *copy)
{
    struct ms_annotations *a = w->store->annotations;
    uint64_t size;

    if (!put(w, address, copy, &size))
        return;
    tag_goes_on(a, MS_TAG_TYPE, copy->type, size);
    tag_goes_on(a, MS_TAG_VARIABLE, copy->variable, size);
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

static void add_moment(struct ms_writer *w, enum ms_moment_kind kind,
                       uint32_t name, uint64_t address,
                       const struct ms_first_free *first)
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
    ms_store_relaxed(&m->row, first->row);
    ms_store_relaxed(&m->first_thread, first->thread);
    ms_store_relaxed(&m->first_time, first->time);
    ms_store_relaxed(&m->first_stack, first->stack);
    // [W] release: publishes the moment; pairs with the collector
    ms_store_release(&m->seq, number + 1);
}

void ms_moment_add(struct ms_writer *w, enum ms_moment_kind kind, uint32_t name,
                   uint64_t address)
{
    static const struct ms_first_free none;

    add_moment(w, kind, name, address, &none);
}

void ms_moment_add_free(struct ms_writer *w, enum ms_moment_kind kind,
                        uint64_t address, const struct ms_first_free *first)
{
    add_moment(w, kind, 0, address, first);
}
