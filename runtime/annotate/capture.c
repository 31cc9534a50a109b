// SPDX-License-Identifier: MIT
//
// capture: blocks of allocators of the program's own, and pauses. See
// memscope_annotate.h for the contract.

#include "annotate/own.h"

#include <memscope.h>

#include "annotate/contexts.h"
#include "capture/book.h"
#include "capture/engine.h"

static bool is_live(const struct ms_writer *w, uint64_t granule)
{
    // relaxed: a neighbour's cell may change; then it is for the program to
    // keep its blocks apart
    return granule < UINT64_C(1) << (MS_ADDRESS_BITS - MS_GRANULE_SHIFT) &&
           ms_cell_live(ms_load_relaxed(&w->index[granule]));
}

bool ms_own_has_room(struct ms_writer *w, uint64_t address, uint64_t size)
{
    uint64_t granule = address >> MS_GRANULE_SHIFT;
    enum ms_drop_kind why;

    if (address >= w->covers) {
        why = MS_DROP_ADDRESS;
    } else if (is_live(w, granule) ||
               (size >= MS_CELL_BIG && is_live(w, granule + 1)) ||
               (granule > 0 && is_live(w, granule - 1) &&
                ms_cell_small_size(ms_load_relaxed(&w->index[granule - 1])) ==
                    MS_CELL_BIG)) {
        why = MS_DROP_CROWDED;
        ms_moment_add(w, MS_MOMENT_OVERLAP, 0, address);
    } else {
        return true;
    }
    ms_store_count_drop(w->store, why);
    return false;
}

bool ms_own_unseen(const struct ms_writer *w, uint64_t address)
{
    return w->mode != MS_MODE_EXACT && ms_moderation_skips_free(w, address);
}

void ms_own_book(struct ms_writer *w, enum ms_operation operation,
                 const void *block, size_t size, const void *frame)
{
    if (w->mode == MS_MODE_EXACT) {
        ms_capture_book(w, operation, (void *)(uintptr_t)block, size, frame);
    } else if (!ms_moderation_skips_alloc(w, size)) {
        struct ms_event e = ms_capture_event(operation, block, size, frame);
        ms_moderation_book(w, &e);
    }
}

void ms_own_fold(struct ms_writer *w, uint64_t address, uint64_t size,
                 uint32_t stack, bool by_realloc)
{
    if (w->mode == MS_MODE_EXACT)
        ms_fold_allocation(w, address, size, stack, NULL, by_realloc);
    else if (w->mode != MS_MODE_OFF)
        ms_fold_sampled(w, address, size, stack, by_realloc);
}

bool ms_own_free(struct ms_writer *w, uint64_t address)
{
    if (ms_own_unseen(w, address))
        return true;
    struct ms_taken taken = ms_fold_take(w, address);
    if (taken.cell == 0) {
        if (w->mode == MS_MODE_EXACT)
            ms_moment_add(w, MS_MOMENT_UNKNOWN_BLOCK, 0, address);
        return w->mode != MS_MODE_EXACT;
    }
    if (ms_row_is_noted(w, taken.cell))
        ms_notes_freed(w, address, taken.cell);
    ms_fold_deallocation(w, address, &taken, false);
    return true;
}

bool memscope_capture_alloc(const void *block, size_t size)
{
    const void *frame = MS_HOOK_FRAME;
    struct ms_writer *w = ms_annotate_enter(frame);

    if (w == NULL)
        return false;
    bool room = ms_own_has_room(w, (uintptr_t)block, size);
    if (room)
        ms_own_book(w, MS_OPERATION_ALLOCATION, block, size, frame);
    ms_guard_leave(w);
    return room;
}

bool memscope_capture_dealloc(const void *block)
{
    struct ms_writer *w = ms_annotate_enter(MS_HOOK_FRAME);

    if (w == NULL)
        return false;
    bool known = ms_own_free(w, (uintptr_t)block);
    ms_guard_leave(w);
    return known;
}

bool memscope_capture_realloc(const void *from, const void *to, size_t size)
{
    const void *frame = MS_HOOK_FRAME;
    struct ms_capture_realloc change = {.address = (uintptr_t)from};
    struct ms_writer *w = ms_annotate_enter(frame);

    if (w == NULL)
        return false;
    if (!ms_own_unseen(w, change.address))
        change.taken = ms_fold_take(w, change.address);
    if (change.taken.cell == 0 && w->mode == MS_MODE_EXACT) {
        ms_moment_add(w, MS_MOMENT_UNKNOWN_BLOCK, 0, change.address);
        ms_guard_leave(w);
        return false;
    }
    if (ms_row_is_noted(w, change.taken.cell))
        change.notes = ms_notes_take(w, change.address, change.taken.cell);
    if (change.taken.cell != 0)
        ms_fold_deallocation(w, change.address, &change.taken, true);
    ms_notes_moved(w, change.address, &change.notes);
    bool room = ms_own_has_room(w, (uintptr_t)to, size);
    if (room) {
        ms_own_book(w, MS_OPERATION_REALLOCATION, to, size, frame);
        ms_notes_put(w, (uintptr_t)to, &change.notes);
    }
    ms_guard_leave(w);
    return room;
}

bool memscope_capture_move(const void *from, const void *to)
{
    struct ms_note_copy notes = {0};
    struct ms_writer *w = ms_annotate_enter(MS_HOOK_FRAME);

    if (w == NULL)
        return false;
    struct ms_taken taken = {0};
    if (!ms_own_unseen(w, (uintptr_t)from))
        taken = ms_fold_take(w, (uintptr_t)from);
    if (taken.cell == 0) {
        bool exact = w->mode == MS_MODE_EXACT;
        if (exact)
            ms_moment_add(w, MS_MOMENT_UNKNOWN_BLOCK, 0, (uintptr_t)from);
        ms_guard_leave(w);
        return !exact;
    }
    const struct ms_row *row = &w->rows[ms_cell_row(taken.cell)];
    if (ms_row_is_noted(w, taken.cell))
        notes = ms_notes_take(w, (uintptr_t)from, taken.cell);
    ms_notes_moved(w, (uintptr_t)from, &notes);
    bool room = ms_own_has_room(w, (uintptr_t)to, taken.size);
    if (room && row->sampling != 0) {
        // What stands for others is found by its address: booked anew.
        ms_fold_deallocation(w, (uintptr_t)from, &taken, true);
        ms_own_fold(w, (uintptr_t)to, taken.size, row->stack, true);
        ms_notes_put(w, (uintptr_t)to, &notes);
    } else if (room) {
        ms_fold_put_back(w, (uintptr_t)to, &taken); // with its row and birth
        ms_notes_put(w, (uintptr_t)to, &notes);
        ms_recorder_add(w, MS_OPERATION_MOVE, (uintptr_t)to,
                        ms_cell_row(taken.cell));
    } else {
        ms_fold_deallocation(w, (uintptr_t)from, &taken, true);
    }
    ms_guard_leave(w);
    return room;
}

void memscope_pause(void)
{
    struct ms_writer *w = ms_annotate_enter(MS_HOOK_FRAME);

    if (w == NULL)
        return;
    ms_context_pause(w);
    ms_guard_leave(w);
}

void memscope_resume(void)
{
    struct ms_writer *w = ms_annotate_enter(MS_HOOK_FRAME);

    if (w == NULL)
        return;
    if (!ms_context_resume(w))
        ms_moment_add(w, MS_MOMENT_UNBALANCED, 0, 0);
    ms_guard_leave(w);
}
