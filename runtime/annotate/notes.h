// SPDX-License-Identifier: MIT
//
// notes: what the program has said of single blocks, beside the live index; and
// moments, what it has said of itself, in a ring. Any thread inside its guard;
// lock-free; signal-safe. What finds no room is counted.

#ifndef MS_RUNTIME_ANNOTATE_NOTES_H
#define MS_RUNTIME_ANNOTATE_NOTES_H

#include "runtime/control.h"
#include "store/fold.h"

// ms_note_of gives the note of the live block at `address`, making one when
// `make`. NULL: none (and *live says whether there is such a block at all).
struct ms_note *ms_note_of(struct ms_writer *w, uint64_t address, bool make,
                           bool *live);

// ms_notes_take takes the notes of a block that was taken out of the index
// away; ms_notes_put gives them to the block that it has become.
struct ms_note_copy {
    uint64_t counts;
    uint64_t size; // of the block that they were taken from
    uint32_t variable, type, owner, moves;
    bool any;
};
struct ms_note_copy ms_notes_take(struct ms_writer *w, uint64_t address,
                                  uint64_t cell);
void ms_notes_put(struct ms_writer *w, uint64_t address,
                  const struct ms_note_copy *copy);

// ms_notes_put_back gives them back to the block that they were taken from, as
// if nothing had been.
void ms_notes_put_back(struct ms_writer *w, uint64_t address,
                       const struct ms_note_copy *copy);

// ms_note_tag says a block's variable or type (0: none is said).
void ms_note_tag(struct ms_writer *w, struct ms_note *note,
                 enum ms_tag_kind kind, uint32_t name);

// ms_notes_moved tells of borrows that the block's new place has broken, and
// ends them. `address` is the old one.
void ms_notes_moved(struct ms_writer *w, uint64_t address,
                    struct ms_note_copy *notes);

// ms_notes_freed is ms_notes_take for a block that is freed: borrows and
// references that are left are told.
void ms_notes_freed(struct ms_writer *w, uint64_t address, uint64_t cell);

// ms_moment_add records a moment, at the stack of the hook that was entered.
void ms_moment_add(struct ms_writer *w, enum ms_moment_kind kind, uint32_t name,
                   uint64_t address);

// ms_moment_add_free is the same for what was freed wrongly.
struct ms_first_free;
void ms_moment_add_free(struct ms_writer *w, enum ms_moment_kind kind,
                        uint64_t address, const struct ms_first_free *first);

static inline bool ms_row_is_noted(const struct ms_writer *w, uint64_t cell)
{
    // relaxed: who frees a block knows of what was said of it before. Row 0,
    // of no cell, never is.
    return ms_unlikely(
               (ms_load_relaxed(&w->header->pulse) & MS_CONTROL_NOTED) != 0) &&
           ms_load_relaxed(&w->store->annotations->noted[ms_cell_row(cell)]) !=
               0;
}

#endif
