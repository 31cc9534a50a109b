// SPDX-License-Identifier: MIT
//
// blocks: tags, moves, borrows and references of live blocks. See
// memscope_annotate.h for the contract.

#include <memscope.h>

#include "annotate/notes.h"
#include "annotate/own.h"
#include "annotate/strings.h"
#include "capture/engine.h"
#include "capture/guard.h"

#define BORROW_BITS 15u

_Static_assert(MS_BORROW_SLOTS == 1u << BORROW_BITS, "a token holds the slot");

static void count(struct ms_writer *w, enum ms_annotation what)
{
    // relaxed: a count
    ms_add_relaxed(&w->store->annotations->counts[what], 1u);
}

static void record(struct ms_writer *w, enum ms_operation operation,
                   uint64_t address)
{
    // relaxed: the caller's block, alive
    uint64_t cell = ms_load_relaxed(&w->index[address >> MS_GRANULE_SHIFT]);

    ms_recorder_add(w, operation, address, ms_cell_row(cell));
}

// The block's note, made if need be; NULL is told.
static struct ms_note *note(struct ms_writer *w, const void *block)
{
    bool live;
    struct ms_note *n = ms_note_of(w, (uintptr_t)block, true, &live);

    if (!live)
        ms_moment_add(w, MS_MOMENT_UNKNOWN_BLOCK, 0, (uintptr_t)block);
    return n;
}

bool memscope_tag(const void *block, const char *variable, const char *type)
{
    struct ms_writer *w = ms_annotate_enter(MS_HOOK_FRAME);

    if (w == NULL)
        return false;
    struct ms_note *n = note(w, block);
    if (n != NULL && variable != NULL)
        ms_note_tag(w, n, MS_TAG_VARIABLE,
                    ms_string_intern(w->store, variable));
    if (n != NULL && type != NULL)
        ms_note_tag(w, n, MS_TAG_TYPE, ms_string_intern(w->store, type));
    if (n != NULL)
        count(w, MS_ANNOTATION_TAGS);
    ms_guard_leave(w);
    return n != NULL;
}

bool memscope_move(const void *block)
{
    struct ms_writer *w = ms_annotate_enter(MS_HOOK_FRAME);

    if (w == NULL)
        return false;
    struct ms_note *n = note(w, block);
    if (n != NULL) {
        // relaxed: the program orders who owns its block
        if ((ms_load_relaxed(&n->counts) & MS_COUNTS_BORROWS) != 0)
            ms_moment_add(w, MS_MOMENT_MOVED_BORROWED,
                          ms_load_relaxed(&n->variable), (uintptr_t)block);
        ms_store_relaxed(&n->owner, w->thread + 1);
        ms_add_relaxed(&n->moves, 1u);
        count(w, MS_ANNOTATION_MOVES);
        record(w, MS_OPERATION_MOVE, (uintptr_t)block);
    }
    ms_guard_leave(w);
    return n != NULL;
}

// Takes a slot: the token, or 0.
static memscope_loan take_slot(struct ms_writer *w, uint64_t address,
                               const struct ms_note *n, uint64_t what)
{
    struct ms_borrow *slots = w->store->annotations->borrows;
    uint64_t first = (address >> 5) * UINT64_C(0x9E3779B97F4A7C15) >> 32;

    for (uint32_t i = 0; i < MS_BORROW_PROBES; i++) {
        uint32_t at = (uint32_t)(first + i) & (MS_BORROW_SLOTS - 1);
        struct ms_borrow *b = &slots[at];
        uint64_t state = ms_load_relaxed(&b->state); // relaxed: checked below
        // acquire: pairs with the return that has freed the slot [Y]
        if (state % 2 == 0 && ms_claim_acquire(&b->state, &state, state + 1)) {
            b->address = address;
            b->cell = ms_load_relaxed(&n->cell);
            b->what = what;
            return (state + 1) << BORROW_BITS | at;
        }
    }
    ms_store_count_drop(w->store, MS_DROP_BORROWS);
    return 0;
}

memscope_loan memscope_borrow(const void *block, bool is_mutable)
{
    uint64_t what = is_mutable ? MS_COUNTS_MUTABLE : MS_COUNTS_SHARED;
    memscope_loan loan = 0;
    struct ms_writer *w = ms_annotate_enter(MS_HOOK_FRAME);

    if (w == NULL)
        return 0;
    struct ms_note *n = note(w, block);
    if (n != NULL)
        loan = take_slot(w, (uintptr_t)block, n, what);
    if (loan != 0) {
        // relaxed: one word; of two borrowers one sees the other
        uint64_t before = ms_add_relaxed(&n->counts, what);
        uint64_t others = is_mutable
                              ? MS_COUNTS_BORROWS
                              : MS_COUNTS_BORROWS & ~(MS_COUNTS_MUTABLE - 1);
        if ((before & others) != 0)
            ms_moment_add(w, MS_MOMENT_BORROW_CONFLICT,
                          ms_load_relaxed(&n->variable), (uintptr_t)block);
        count(w, MS_ANNOTATION_BORROWS);
        record(w, MS_OPERATION_BORROW, (uintptr_t)block);
    }
    ms_guard_leave(w);
    return loan;
}

// The loan is over: what it was, and the slot free again. False: it was over.
static bool end_loan(struct ms_writer *w, memscope_loan loan,
                     struct ms_borrow *was)
{
    struct ms_borrow *b =
        &w->store->annotations->borrows[loan & (MS_BORROW_SLOTS - 1)];
    uint64_t state = loan >> BORROW_BITS;

    // relaxed: the program has handed the loan on, and with it what is here
    if (state % 2 == 0 || ms_load_relaxed(&b->state) != state)
        return false;
    was->address = b->address;
    was->cell = b->cell;
    was->what = b->what;
    // [Y] release: whoever takes the slot next comes after these reads. Of two
    // that return the same loan at once, one fails.
    return ms_claim_release(&b->state, &state, state + 1);
}

bool memscope_return(memscope_loan loan)
{
    struct ms_borrow was;
    bool live;

    if (loan == 0)
        return true;
    struct ms_writer *w = ms_annotate_enter(MS_HOOK_FRAME);
    if (w == NULL)
        return false;
    bool good = end_loan(w, loan, &was);
    if (!good) {
        ms_moment_add(w, MS_MOMENT_BAD_RETURN, 0, 0);
    } else {
        struct ms_note *n = ms_note_of(w, was.address, false, &live);
        // A block that is gone, or another one by now, took its counts along.
        if (n != NULL && ms_load_relaxed(&n->cell) != was.cell)
            n = NULL;
        if (n != NULL &&
            (ms_load_relaxed(&n->counts) & MS_COUNTS_BORROWS) >= was.what)
            ms_add_relaxed(&n->counts, -was.what);
        count(w, MS_ANNOTATION_RETURNS);
        if (n != NULL)
            record(w, MS_OPERATION_RETURN, was.address);
    }
    ms_guard_leave(w);
    return good;
}

int64_t memscope_retain(const void *block)
{
    int64_t now = -1;
    struct ms_writer *w = ms_annotate_enter(MS_HOOK_FRAME);

    if (w == NULL)
        return now;
    struct ms_note *n = note(w, block);
    if (n != NULL) {
        // relaxed: a count, ordered by the program
        uint64_t before = ms_add_relaxed(&n->counts, MS_COUNTS_REFERENCE);
        now = (int64_t)(before / MS_COUNTS_REFERENCE) + 1;
        count(w, MS_ANNOTATION_RETAINS);
    }
    ms_guard_leave(w);
    return now;
}

int64_t memscope_release(const void *block)
{
    int64_t now = -1;
    struct ms_writer *w = ms_annotate_enter(MS_HOOK_FRAME);

    if (w == NULL)
        return now;
    struct ms_note *n = note(w, block);
    if (n != NULL) {
        uint64_t counts = ms_load_relaxed(&n->counts);
        while (
            counts >= MS_COUNTS_REFERENCE && // relaxed: as above
            !ms_cas_relaxed(&n->counts, &counts, counts - MS_COUNTS_REFERENCE))
            continue;
        now = (int64_t)(counts / MS_COUNTS_REFERENCE) - 1;
        if (now < 0)
            ms_moment_add(w, MS_MOMENT_OVER_RELEASE,
                          ms_load_relaxed(&n->variable), (uintptr_t)block);
        count(w, MS_ANNOTATION_RELEASES);
    }
    ms_guard_leave(w);
    return now;
}
