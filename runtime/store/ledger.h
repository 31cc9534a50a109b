// SPDX-License-Identifier: MIT
//
// ledger: a thread's rows, one per stack and size class, with their counts by
// lifetime. The thread is the only writer; the collector reads rows that have
// put themselves on the thread's dirty list since the last tick.
//
// The order that a reader may rely on: a row's allocation is visible before
// any free of that block is, whichever thread frees it [C].

#ifndef MS_RUNTIME_STORE_LEDGER_H
#define MS_RUNTIME_STORE_LEDGER_H

#include "runtime/cell.h"
#include "store/writer.h"

// ms_ledger_own and ms_ledger_foreign find the writer's row for blocks of a
// size at a stack, or for blocks of another thread's row, making it at first
// sight; new rows are of the writer's level of sampling. 0: no row left.
uint32_t ms_ledger_new_own(struct ms_writer *w, uint32_t stack,
                           uint32_t size_class);
uint32_t ms_ledger_foreign(struct ms_writer *w, uint32_t owner);

// ms_ledger_leave_group has the next rows be of a group of their own: they are
// another thread's.
void ms_ledger_leave_group(struct ms_writer *w);

// ms_ledger_push puts a clean row on the dirty list.
void ms_ledger_push(struct ms_writer *w, uint32_t row);

// ms_ledger_post adds the thread's net change to the common counter.
void ms_ledger_post(struct ms_writer *w);

static inline uint32_t ms_ledger_key(uint32_t stack, uint32_t size_class,
                                     uint32_t level)
{
    _Static_assert(MS_NODE_CAPACITY <= 1u << 24 && MS_SIZE_CLASSES <= 64 &&
                       MS_SAMPLING_LEVELS <= 4,
                   "all fit one key");
    return stack | size_class << 24 | level << 30;
}

// The row that a stack was booked in first, by whichever thread: it, the size
// class and the thread's number. Most stacks have no other, and nodes that are
// numbered alike are looked for together: so that it is mostly at hand. All
// others stand in the thread's row map.
static inline uint64_t ms_first_row_pack(uint32_t row, uint32_t size_class,
                                         uint32_t thread)
{
    return row | (uint64_t)size_class << 24 | (uint64_t)thread << 32;
}

static inline uint32_t ms_first_row_for(const struct ms_writer *w,
                                        uint32_t stack, uint32_t size_class)
{
    // relaxed: what is of this thread, it has written itself
    uint64_t first = ms_load_relaxed(&w->first_rows[stack]);

    first ^= ms_first_row_pack(0, size_class, w->thread);
    return first < MS_ROW_CAPACITY ? (uint32_t)first : 0;
}

// For capture in exact mode: the row, if there is one, or 0. `hint` is of this
// very stack; it is asked first and kept up.
MS_ALWAYS_INLINE uint32_t ms_ledger_known(const struct ms_writer *w,
                                          uint32_t stack, uint32_t size_class,
                                          struct ms_row_hint *hint)
{
    uint32_t row = ms_row_hint_for(hint, size_class);

    if (ms_likely(row != 0))
        return row;
    row = ms_first_row_for(w, stack, size_class);
    if (row == 0)
        row = ms_row_map_get(&w->own, ms_ledger_key(stack, size_class, 0));
    if (row != 0)
        ms_row_hint_keep(hint, size_class, row);
    return row;
}

// The same, made at first sight; `hint` may be NULL.
MS_ALWAYS_INLINE uint32_t ms_ledger_own(struct ms_writer *w, uint32_t stack,
                                        uint64_t size, struct ms_row_hint *hint)
{
    uint32_t class = ms_size_class(size);

    struct ms_row_hint none = {0};
    uint32_t row =
        ms_ledger_known(w, stack, class, hint != NULL ? hint : &none);

    return ms_likely(row != 0) ? row : ms_ledger_new_own(w, stack, class);
}

// The thread, and one, of the group that a block's row is in, if all of that
// are rows of that thread, own and exact; 0: ask the row. A row's line is
// written by its own thread at each event: others had better not look at it.
static inline uint32_t ms_ledger_group_mark(const struct ms_writer *w,
                                            uint64_t cell)
{
    // relaxed: constant, once it is not 0
    return ms_load_relaxed(&w->row_threads[ms_cell_group(cell)]);
}

static inline bool ms_ledger_is_own(const struct ms_writer *w, uint64_t cell)
{
    uint32_t mark = w->row_threads != NULL ? ms_ledger_group_mark(w, cell) : 0;

    return mark != 0 ? mark == w->mark
                     : w->rows[ms_cell_row(cell)].thread == w->thread;
}

static inline void ms_ledger_touch(struct ms_writer *w, uint32_t row)
{
    // relaxed: a stale "dirty" is made good by the collector, which reads each
    // row again one tick after it was on the list
    if (ms_unlikely(ms_load_relaxed(&w->rows[row].next_dirty) == 0))
        ms_ledger_push(w, row);
}

static inline bool ms_ledger_must_post(const struct ms_writer *w)
{
    return w->unposted >= MS_POST_BYTES || w->unposted <= -MS_POST_BYTES;
}

static inline void ms_ledger_change(struct ms_writer *w, int64_t bytes)
{
    w->unposted += bytes;
    if (ms_unlikely(ms_ledger_must_post(w)))
        ms_ledger_post(w);
}

// What happens to a row, of which the collector is yet to be told.
static inline void ms_ledger_allocated(struct ms_row *r, uint64_t size)
{
    // relaxed: the free's release [C] publishes them with the block
    ms_bump(&r->alloc_count, 1);
    ms_bump(&r->alloc_bytes, size);
}

static inline void ms_ledger_allocation(struct ms_writer *w, uint32_t row,
                                        uint64_t size, bool by_realloc)
{
    struct ms_row *r = &w->rows[row];

    ms_ledger_allocated(r, size);
    if (by_realloc)
        ms_bump(&r->realloc_count, 1u);
    ms_ledger_touch(w, row);
    ms_ledger_change(w, (int64_t)size);
}

static inline void ms_ledger_freed(struct ms_row *r, uint64_t count,
                                   uint64_t bytes)
{
    // [C] release: whoever sees the free sees the allocation; pairs with the
    // collector's acquire
    ms_store_release(&r->free_count, ms_load_relaxed(&r->free_count) + count);
    ms_store_release(&r->free_bytes, ms_load_relaxed(&r->free_bytes) + bytes);
}

static inline void ms_ledger_freed_one(struct ms_row *r,
                                       struct ms_row_detail *d, uint64_t size,
                                       uint64_t lifetime)
{
    // Most blocks live for less than a unit: they touch no detail, and are
    // those that no bucket has.
    if (lifetime != 0) {
        // First: whoever sees the free sees its lifetime.
        ms_bump(&d->lifetimes[ms_lifetime_bucket(lifetime)], 1u);
        ms_bump(&r->lifetime_units, lifetime);
    }
    ms_ledger_freed(r, 1, size);
}

static inline void ms_ledger_free(struct ms_writer *w, uint32_t row,
                                  uint64_t size, uint64_t lifetime,
                                  bool temporary)
{
    ms_ledger_freed_one(&w->rows[row], &w->details[row], size, lifetime);
    if (temporary)
        ms_bump(&w->rows[row].temporary_count, 1u);
    ms_ledger_touch(w, row);
    ms_ledger_change(w, -(int64_t)size);
}

#endif
