// SPDX-License-Identifier: MIT
// See engine.h for the contract.

#include "capture/engine.h"

#include "annotate/contexts.h"
#include "capture/book.h"
#include "capture/fast.h"
#include "capture/wrong_free.h"
#include "store/chains.h"
#include "store/live_table.h"

void ms_capture_book(struct ms_writer *w, enum ms_operation operation,
                     void *block, size_t size, const void *frame)
{
    bool by_realloc = operation == MS_OPERATION_REALLOCATION;
    const struct ms_backend *backend = ms_backend_now();
    struct ms_event e = ms_capture_event(operation, block, size, frame);

    (by_realloc ? backend->capture_realloc : backend->capture_alloc)(w, &e);
    if (w->context != 0 && e.stack != 0)
        e.stack = ms_context_wrap(w, e.stack, &e.hint);
    if (e.stack != 0)
        ms_fold_allocation(w, e.address, size, e.stack, e.hint, by_realloc);
}

void ms_capture_moderated(struct ms_writer *w, enum ms_operation operation,
                          void *block, size_t size, const void *frame)
{
    if (ms_moderation_skips_alloc(w, size)) {
        ms_guard_skip(w);
        return;
    }
    ms_moderation_time(w);
    struct ms_event e = ms_capture_event(operation, block, size, frame);
    ms_moderation_book(w, &e);
    ms_guard_leave(w);
}

MS_NOINLINE void ms_fast_follow(struct ms_fast_event e)
{
    ms_ledger_touch(e.writer, e.row);
    ms_ledger_change(e.writer, 0);
    (void)ms_fast_leave(e.writer, MS_FAST_DONE);
}

// The row of blocks of a size where a backend keeps call sites, or of a stack
// that has been recognized; 0: it has not been found before.
static uint32_t site_row(struct ms_writer *w, uint64_t pc, uint64_t size)
{
    struct ms_site_entry *site = ms_writer_site(w, pc);

    if (ms_unlikely(site->address != pc))
        return 0;
    return ms_ledger_known(w, site->stack, ms_size_class(size), &site->hint);
}

static uint32_t stack_row(struct ms_writer *w, struct ms_memo_entry *stack,
                          uint64_t size)
{
    stack->met = true;
    return ms_ledger_known(w, stack->node, ms_size_class(size), &stack->hint);
}

MS_NOINLINE void *ms_fast_alloc_far(struct ms_writer *w, void *block,
                                    uint64_t size, const void *frame,
                                    enum ms_fast said)
{
    struct ms_fast_event e;
    struct ms_frame from = ms_frame_of_hook(frame);
    uint32_t row = 0;

    if (w->unwinder == NULL) {
        row = site_row(w, from.pc, size);
    } else {
        struct ms_memo_entry *stack =
            said == MS_FAST_ROW ? ms_memo_last(&w->unwinder->memo)
                                : ms_unwinder_recognize_far(w->unwinder, from);
        if (stack != NULL)
            row = stack_row(w, stack, size);
    }
    if (row == 0) {
        ms_capture_book(w, MS_OPERATION_ALLOCATION, block, size, frame);
        ms_guard_leave(w);
    } else if (ms_fast_book(w, row, (uintptr_t)block, size, &e) ==
               MS_FAST_FOLLOW) {
        ms_fast_follow(e);
    }
    return block;
}

MS_NOINLINE void ms_fast_dealloc_far(struct ms_writer *w, const void *block)
{
    uint64_t address = (uintptr_t)block;
    struct ms_taken taken = ms_fold_take(w, address);

    ms_fold_deallocation(w, address, &taken, false);
    (void)ms_fast_leave(w, MS_FAST_DONE);
}

// Whether the block is the one that this thread has booked last: the calloc of
// an allocator may call its malloc, where we have seen it.
static bool is_booked(const struct ms_writer *w, uint64_t address, size_t size)
{
    if (address != w->last_address || address >= w->covers)
        return false;
    const _Atomic uint64_t *place = &w->index[address >> MS_GRANULE_SHIFT];
    uint64_t cell = ms_load_relaxed(place); // relaxed: we have written it
    uint64_t booked = ms_cell_small_size(cell);
    if (booked == MS_CELL_BIG)
        booked = ms_load_relaxed(place + 1);
    return ms_cell_live(cell) && booked == size;
}

// The row that a block is to be booked in, if that has been found before; or 0.
static uint32_t known_row(struct ms_writer *w, uint64_t address, uint64_t size,
                          const void *frame)
{
    if (ms_unlikely(!ms_fast_fits(w, address)))
        return 0;
    if (ms_unlikely(w->unwinder == NULL))
        return site_row(w, ms_frame_of_hook(frame).pc, size);
    struct ms_memo_entry *stack = ms_unwinder_recognize(w->unwinder, frame);
    return ms_likely(stack != NULL) ? stack_row(w, stack, size) : 0;
}

MS_NOINLINE void ms_capture_alloc_slow(void *block, size_t size,
                                       const void *frame)
{
    struct ms_writer *w = ms_guard_enter(frame);

    if (w == NULL)
        return;
    if (w->mode != MS_MODE_EXACT) {
        ms_capture_moderated(w, MS_OPERATION_ALLOCATION, block, size, frame);
        return;
    }
    if (!is_booked(w, (uintptr_t)block, size)) {
        uint32_t row = known_row(w, (uintptr_t)block, size, frame);
        if (row != 0)
            ms_fold_into(w, row, (uintptr_t)block, size, false);
        else
            ms_capture_book(w, MS_OPERATION_ALLOCATION, block, size, frame);
    }
    ms_guard_leave(w);
}

MS_NOINLINE bool ms_capture_dealloc_slow(void *block, const void *frame)
{
    struct ms_writer *w = ms_guard_enter(frame);
    uint64_t address = (uintptr_t)block;

    if (w == NULL)
        return false;
    if (w->mode != MS_MODE_EXACT && ms_moderation_skips_free(w, address)) {
        ms_guard_skip(w);
        return false;
    }
    if (w->mode != MS_MODE_EXACT && w->filter != NULL)
        ms_moderation_time(w);
    struct ms_taken taken = ms_fold_take(w, address);
    if (ms_row_is_noted(w, taken.cell))
        ms_notes_freed(w, address, taken.cell);
    const struct ms_backend *backend = ms_backend_now();
    if (backend->capture_dealloc != NULL) {
        struct ms_event e = ms_capture_event(MS_OPERATION_DEALLOCATION, block,
                                             taken.size, frame);
        backend->capture_dealloc(w, &e);
    }
    if (taken.cell == 0)
        ms_wrong_free(w, block);
    ms_fold_deallocation(w, address, &taken, false);
    ms_guard_leave(w);
    return taken.cell != 0;
}

void ms_capture_alloc(void *block, size_t size, const void *frame)
{
    struct ms_fast_event e;
    enum ms_fast done = ms_fast_alloc(block, size, frame, &e);

    if (ms_likely(done == MS_FAST_DONE))
        return;
    if (done == MS_FAST_FOLLOW)
        ms_fast_follow(e);
    else if (done == MS_FAST_FAR || done == MS_FAST_ROW)
        (void)ms_fast_alloc_far(e.writer, block, size, frame, done);
    else
        ms_capture_alloc_slow(block, size, frame);
}

bool ms_capture_dealloc(void *block, const void *frame)
{
    return ms_capture_dealloc_slow(block, frame);
}

// The sampler counts the bytes of each block that it decides about.
uint64_t ms_capture_mark(void)
{
    const struct ms_writer *w = ms_guard_writer;

    return w == NULL ? 0 : (uint64_t)w->sampler.until ^ w->sampler.random;
}

bool ms_capture_knows(const void *block, uint64_t mark)
{
    struct ms_writer *w = ms_guard_writer;
    uint64_t address = (uintptr_t)block;

    if (w == NULL || w->state == MS_WRITER_NONE)
        return false;
    if (w->mode == MS_MODE_SAMPLED && ms_capture_mark() != mark)
        return true;
    if (address >= w->covers)
        return w->store->table != NULL && ms_live_table_has(w->store, address);
    // relaxed: only the block's owner, who asks, writes its cell
    uint64_t cell = ms_load_relaxed(&w->index[address >> MS_GRANULE_SHIFT]);
    return ms_cell_live(cell) &&
           ms_cell_address(cell, address >> MS_GRANULE_SHIFT) == address;
}

void ms_capture_realloc_begin(struct ms_capture_realloc *r, void *block,
                              const void *frame)
{
    struct ms_writer *w = ms_guard_enter(frame);

    r->address = (uintptr_t)block;
    r->taken = (struct ms_taken){0};
    r->notes.any = false;
    if (ms_unlikely(w == NULL))
        return;
    if (w->mode != MS_MODE_EXACT && ms_moderation_skips_free(w, r->address)) {
        ms_guard_skip(w);
        return;
    }
    r->taken = ms_fold_take(w, r->address);
    if (ms_unlikely(ms_row_is_noted(w, r->taken.cell)))
        r->notes = ms_notes_take(w, r->address, r->taken.cell);
    if (ms_unlikely(r->taken.cell == 0))
        ms_wrong_free(w, block);
    ms_guard_leave(w);
}

// A block that was resized and is in the index.
static void resized(struct ms_writer *w, const struct ms_capture_realloc *r,
                    uint64_t now, uint64_t size)
{
    // relaxed: this thread has just written it
    uint64_t cell = ms_load_relaxed(&w->index[now >> MS_GRANULE_SHIFT]);

    if (r->taken.cell != 0)
        ms_chains_resized(w, r->address, &r->taken, now, cell, size);
    if (now != r->address)
        ms_recorder_add(w, MS_OPERATION_MOVE, now, ms_cell_row(cell));
}

void ms_capture_realloc_end(struct ms_capture_realloc *r, void *now,
                            size_t size, const void *frame)
{
    struct ms_writer *w = ms_guard_enter(frame);

    if (ms_unlikely(w == NULL))
        return;
    if (now == NULL && size != 0) {
        ms_fold_put_back(w, r->address, &r->taken);
        ms_notes_put_back(w, r->address, &r->notes);
        ms_guard_leave(w);
        return;
    }
    if (w->mode == MS_MODE_EXACT || r->taken.cell != 0)
        ms_fold_deallocation(w, r->address, &r->taken, true);
    if (now != NULL && w->mode != MS_MODE_EXACT) {
        ms_capture_moderated(w, MS_OPERATION_REALLOCATION, now, size, frame);
        return; // notes end here: it may be in the sample no more
    }
    if (now != NULL) {
        uint32_t row = known_row(w, (uintptr_t)now, size, frame);
        if (ms_likely(row != 0))
            ms_fold_into(w, row, (uintptr_t)now, size, true);
        else
            ms_capture_book(w, MS_OPERATION_REALLOCATION, now, size, frame);
        if (ms_unlikely(r->notes.any)) {
            ms_notes_moved(w, r->address, &r->notes);
            ms_notes_put(w, (uintptr_t)now, &r->notes);
        }
        if ((uintptr_t)now == w->last_address && w->last_address < w->covers)
            resized(w, r, (uintptr_t)now, size);
    }
    ms_guard_leave(w);
}
