// SPDX-License-Identifier: MIT
//
// fast: the common case of the two hottest events, inlined into malloc and
// free themselves: loads and stores, and not one call, so that no register has
// to be saved for it. What is not the common case is left as it was found, for
// engine.h. The thread of the event; contract as there.

#ifndef MS_RUNTIME_CAPTURE_FAST_H
#define MS_RUNTIME_CAPTURE_FAST_H

#include "capture/guard.h"
#include "store/fold.h"
#include "unwind/unwinder.h"

enum ms_fast {
    MS_FAST_NOT,    // nothing was done
    MS_FAST_FAR,    // nothing yet; ms_fast_alloc_far, or ..._dealloc_far, is to
                    // be called
    MS_FAST_ROW,    // the same; of an allocation only the row is missing
    MS_FAST_DONE,   // all was
    MS_FAST_FOLLOW, // all but ms_fast_follow, which is to be called
};

// What ms_fast_follow and ms_fast_alloc_far need.
struct ms_fast_event {
    struct ms_writer *writer;
    uint32_t row;
};

// ms_fast_follow brings the event's row to the collector's notice, and the
// thread's net change to that of all; the writer is left.
void ms_fast_follow(struct ms_fast_event e);

// ms_fast_passes says that a block about to be allocated is not in the sample,
// ms_fast_passes_free that one is not that is about to be freed: that is all of
// such an event. `pulse` says that a sample is captured, not everything. Not in
// an event, so in a signal handler the distance to the next point may be
// counted from twice, by as much as the interrupted one would have.
MS_ALWAYS_INLINE bool ms_fast_passes(uint64_t pulse, size_t size)
{
    struct ms_writer *w = ms_guard_writer;

    // A block that the allocator then does not give takes no point from others.
    return w != NULL && w->pulse == pulse &&
           ms_sampler_passes(&w->sampler, size);
}

MS_ALWAYS_INLINE bool ms_fast_passes_free(uint64_t pulse, const void *block)
{
    const struct ms_writer *w = ms_guard_writer;

    return w != NULL && w->pulse == pulse && w->filter != NULL &&
           !ms_filter_has(w, (uintptr_t)block);
}

// ms_fast_enter is ms_guard_enter, or NULL where that is not simple. `pulse` is
// what was read for this event already, or NULL.
MS_ALWAYS_INLINE struct ms_writer *ms_fast_enter(const void *frame,
                                                 const uint64_t *pulse)
{
    struct ms_writer *w = ms_guard_writer;

    if (ms_unlikely(w == NULL || w->state != MS_WRITER_READY))
        return NULL;
    ms_guard_busy(w, frame);
    // A writer that a fork has wiped has a countdown of 0, and no header.
    // relaxed: a hint
    if (ms_likely(
            --w->countdown >= 0 &&
            (pulse != NULL ? *pulse : ms_load_relaxed(&w->header->pulse)) ==
                w->pulse))
        return w;
    ms_signal_fence(); // it is read anew: so counting down is one instruction
    w->countdown += w->countdown < 0; // as it was found
    w->state = w->header != NULL ? MS_WRITER_READY : MS_WRITER_NONE;
    return NULL;
}

MS_ALWAYS_INLINE enum ms_fast ms_fast_leave(struct ms_writer *w,
                                            enum ms_fast result)
{
    ms_signal_fence();
    w->state = MS_WRITER_READY;
    return result;
}

// Leaves the writer, if nothing is to follow. The row is looked at when it has
// been counted in, or the collector could miss that.
MS_ALWAYS_INLINE enum ms_fast ms_fast_end(struct ms_writer *w, struct ms_row *r,
                                          bool must_post,
                                          struct ms_fast_event *e)
{
    // relaxed: see ms_ledger_touch
    if (ms_unlikely(must_post || ms_load_relaxed(&r->next_dirty) == 0)) {
        struct ms_row *row = ms_anew(r);
        *e = (struct ms_fast_event){w, (uint32_t)(row - w->rows)};
        return MS_FAST_FOLLOW;
    }
    return ms_fast_leave(w, MS_FAST_DONE);
}

// Whether a block may be booked here at all.
MS_ALWAYS_INLINE bool ms_fast_fits(const struct ms_writer *w, uint64_t address)
{
    return ms_likely(w->special == 0 && address < w->covers &&
                     !ms_live_index_has(w->index, address));
}

// ms_size_class of a block that an allocator has given: none is so large that
// the last class has to take it. Of size 0 it is one that no row has.
MS_ALWAYS_INLINE uint32_t ms_fast_class(uint64_t size)
{
    _Static_assert(MS_ADDRESS_BITS < MS_SIZE_CLASSES && MS_SIZE_CLASSES <= 62,
                   "whatever fits in there has one; 0 has the 62nd");
    // 63 ^: what x86 has is the number of the highest bit. Here of twice as
    // much, as it is the class and one that a hint is asked for.
    return (63u ^ (uint32_t)__builtin_clzll(4 * size - 1)) - 1;
}

MS_ALWAYS_INLINE enum ms_fast ms_fast_book(struct ms_writer *w, uint32_t row,
                                           uint64_t address, uint64_t size,
                                           struct ms_fast_event *e)
{
    struct ms_row *r = &w->rows[row];

    ms_ledger_allocated(r, size);
    ms_recorder_put(w, MS_OPERATION_ALLOCATION, address,
                    ms_live_index_put(w->index, address, row, size, w->now));
    w->last_address = address;
    w->unposted += (int64_t)size;
    return ms_fast_end(w, r, w->unposted >= MS_POST_BYTES, e);
}

// Leaves the writer for engine.h, but a block that is not in the sample is
// done.
MS_ALWAYS_INLINE enum ms_fast ms_fast_give_up(struct ms_writer *w,
                                              uint64_t size)
{
    bool passed_over =
        w->mode == MS_MODE_SAMPLED && ms_sampler_passes(&w->sampler, size);

    return ms_fast_leave(w, passed_over ? MS_FAST_DONE : MS_FAST_NOT);
}

// Of a block that the allocator has given, of less than 2^MS_ADDRESS_BITS.
MS_ALWAYS_INLINE enum ms_fast ms_fast_alloc(const void *block, uint64_t size,
                                            const void *frame,
                                            struct ms_fast_event *e)
{
    struct ms_writer *w = ms_fast_enter(frame, NULL);
    uint64_t address = (uintptr_t)block;
    struct ms_row_hint *hint;

    if (ms_unlikely(w == NULL))
        return MS_FAST_NOT;
    if (ms_unlikely(!ms_fast_fits(w, address)))
        return ms_fast_give_up(w, size);
    *e = (struct ms_fast_event){.writer = w};
    struct ms_frame from = ms_frame_of_hook(frame);
    if (ms_unlikely(w->unwinder == NULL)) {
        struct ms_site_entry *site = ms_writer_site(w, from.pc);
        if (ms_unlikely(site->address != from.pc))
            return MS_FAST_ROW;
        hint = &site->hint;
    } else {
        struct ms_memo_entry *stack =
            ms_unwinder_recognize_near(w->unwinder, from, frame);
        if (ms_unlikely(stack == NULL))
            return MS_FAST_FAR;
        stack->met = true;
        hint = &stack->hint;
    }
    uint32_t row = ms_row_hint_for(hint, ms_fast_class(size));
    if (ms_unlikely(row == 0))
        return MS_FAST_ROW;
    return ms_fast_book(w, row, address, size, e);
}

// ms_fast_alloc_far goes on where ms_fast_alloc has said FAR or ROW, to the
// end, with the writer that was entered. Returns the block, so that malloc need
// not keep it.
void *ms_fast_alloc_far(struct ms_writer *w, void *block, uint64_t size,
                        const void *frame, enum ms_fast said);

// ms_fast_dealloc_far does what ms_fast_dealloc has said FAR to: the block is
// of another thread's row.
void ms_fast_dealloc_far(struct ms_writer *w, const void *block);

// Of a block that the allocator is to get back, not NULL. `pulse` was read for
// this event.
MS_ALWAYS_INLINE enum ms_fast ms_fast_dealloc(const void *block, uint64_t pulse,
                                              const void *frame,
                                              struct ms_fast_event *e)
{
    struct ms_writer *w = ms_fast_enter(frame, &pulse);
    uint64_t address = (uintptr_t)block;

    if (ms_unlikely(w == NULL))
        return MS_FAST_NOT;
    if (ms_unlikely(w->special_free != 0)) {
        bool passed_over = w->mode == MS_MODE_SAMPLED && w->filter != NULL &&
                           !ms_filter_has(w, address);
        return ms_fast_leave(w, passed_over ? MS_FAST_DONE : MS_FAST_NOT);
    }
    if (ms_unlikely(address >= w->covers))
        return ms_fast_leave(w, MS_FAST_NOT);
    _Atomic uint64_t *place = &w->index[address >> MS_GRANULE_SHIFT];
    uint64_t cell = ms_load_relaxed(place); // relaxed: it is the owner's, ours
    uint32_t mark = ms_ledger_group_mark(w, cell);
    if (ms_unlikely(mark != w->mark)) {
        *e = (struct ms_fast_event){.writer = w};
        return mark != 0 ? MS_FAST_FAR : ms_fast_leave(w, MS_FAST_NOT);
    }
    uint64_t size = ms_live_index_clear(place, cell).size;
    // In bytes, as a row has 64, and a detail twice as many.
    uint64_t row_at = ms_cell_row_64(cell);
    struct ms_row *r = (void *)((char *)w->rows + row_at);
    struct ms_row_detail *d = (void *)((char *)w->details + 2 * row_at);
    ms_ledger_freed_one(r, d, size, ms_fold_age(w, cell));
    if (address == w->last_address)
        ms_bump(&r->temporary_count, 1u);
    ms_recorder_put(w, MS_OPERATION_DEALLOCATION, address,
                    ms_cell_at(cell, w->now));
    w->last_address = 0;
    w->unposted -= (int64_t)size;
    return ms_fast_end(w, r, w->unposted <= -MS_POST_BYTES, e);
}

#endif
