// SPDX-License-Identifier: MIT
//
// pools: slabs that are handed out in blocks. See memscope_annotate.h for the
// contract. A slab that is a block itself leaves the account while it is a
// pool: its blocks stand for it.

#include <memscope.h>

#include "annotate/contexts.h"
#include "annotate/notes.h"
#include "annotate/own.h"
#include "annotate/strings.h"
#include "capture/book.h"
#include "capture/engine.h"

#define GRANULES_AT_ONCE 4096u // of a discard inside one guard

static uint32_t claim(struct ms_annotations *a)
{
    // relaxed: claims a number; its state publishes it [T]
    uint32_t n = ms_load_relaxed(&a->pool_count);

    do {
        if (n + 1 >= MS_POOL_CAPACITY)
            return 0;
    } while (!ms_cas_relaxed(&a->pool_count, &n, n + 1));
    return n + 1; // 0 is none
}

static uint32_t create(struct ms_writer *w, const char *name, uint64_t base,
                       uint64_t size)
{
    struct ms_annotations *a = w->store->annotations;
    uint32_t number = claim(a);

    if (number == 0) {
        ms_store_count_drop(w->store, MS_DROP_POOLS);
        return 0;
    }
    struct ms_pool *p = &a->pools[number];
    struct ms_taken slab = {0};
    if (!ms_own_unseen(w, base))
        slab = ms_fold_take(w, base);
    p->name = ms_string_intern(w->store, name);
    p->base = base;
    p->size = size;
    if (slab.cell != 0) {
        p->slab_stack = w->rows[ms_cell_row(slab.cell)].stack;
        p->slab_size = slab.size;
        if (ms_row_is_noted(w, slab.cell))
            (void)ms_notes_take(w, base, slab.cell);
        ms_fold_deallocation(w, base, &slab, true);
    }
    ms_store_relaxed(&p->low, UINT64_MAX);
    // [T] release: publishes the constants; pairs with the engine
    ms_store_release(&p->state, MS_NAMED_READY);
    return number;
}

memscope_pool memscope_pool_create(const char *name, const void *base,
                                   size_t size)
{
    struct ms_writer *w = ms_annotate_enter(MS_HOOK_FRAME);

    if (w == NULL)
        return 0;
    uint32_t pool = create(w, name, (uintptr_t)base, size);
    ms_guard_leave(w);
    return pool;
}

static struct ms_pool *find(struct ms_writer *w, memscope_pool pool)
{
    struct ms_pool *p = &w->store->annotations->pools[pool];

    // relaxed: the program has handed the handle on
    if (pool < MS_POOL_CAPACITY &&
        ms_load_relaxed(&p->state) == MS_NAMED_READY &&
        ms_load_relaxed(&p->destroyed) == 0)
        return p;
    ms_moment_add(w, MS_MOMENT_UNBALANCED, 0, 0);
    return NULL;
}

static bool holds(const struct ms_pool *p, uint64_t address, uint64_t size)
{
    return address >= p->base && size <= p->size &&
           address - p->base <= p->size - size;
}

// Widens the bounds between which a discard has to look.
static void widen(struct ms_pool *p, uint64_t address)
{
    // relaxed: who discards has the pool to himself, by the program's order
    uint64_t low = ms_load_relaxed(&p->low);
    uint64_t high = ms_load_relaxed(&p->high);

    while (address < low && !ms_cas_relaxed(&p->low, &low, address))
        continue;
    while (address > high && !ms_cas_relaxed(&p->high, &high, address))
        continue;
}

bool memscope_pool_alloc(memscope_pool pool, const void *block, size_t size)
{
    const void *frame = MS_HOOK_FRAME;

    if (pool == 0)
        return true;
    struct ms_writer *w = ms_annotate_enter(frame);
    if (w == NULL)
        return false;
    struct ms_pool *p = find(w, pool);
    bool room = p != NULL && holds(p, (uintptr_t)block, size) &&
                ms_own_has_room(w, (uintptr_t)block, size);
    if (room) {
        uint32_t outside = w->context;
        if (ms_backend_now()->has_contexts && outside != MS_CONTEXT_PAUSED)
            w->context = ms_context_inside(w, MS_PSEUDO_POOL, pool);
        ms_own_book(w, MS_OPERATION_ALLOCATION, block, size, frame);
        w->context = outside;
        widen(p, (uintptr_t)block);
    } else if (p != NULL && !holds(p, (uintptr_t)block, size)) {
        ms_moment_add(w, MS_MOMENT_OVERLAP, p->name, (uintptr_t)block);
    }
    ms_guard_leave(w);
    return room;
}

bool memscope_pool_dealloc(memscope_pool pool, const void *block)
{
    if (pool == 0)
        return true;
    struct ms_writer *w = ms_annotate_enter(MS_HOOK_FRAME);
    if (w == NULL)
        return false;
    struct ms_pool *p = find(w, pool);
    bool known = p != NULL && holds(p, (uintptr_t)block, 0) &&
                 ms_own_free(w, (uintptr_t)block);
    ms_guard_leave(w);
    return known;
}

// Frees what begins in [*at, end), a part of it; moves *at.
static size_t discard_part(struct ms_writer *w, uint64_t *at, uint64_t end)
{
    size_t freed = 0;

    for (uint32_t i = 0; i < GRANULES_AT_ONCE && *at < end; i++) {
        // relaxed: the pool is the caller's
        uint64_t cell = ms_load_relaxed(&w->index[*at >> MS_GRANULE_SHIFT]);
        if (ms_cell_live(cell))
            freed +=
                ms_own_free(w, ms_cell_address(cell, *at >> MS_GRANULE_SHIFT));
        *at += UINT64_C(1) << MS_GRANULE_SHIFT;
    }
    return freed;
}

size_t memscope_pool_discard(memscope_pool pool)
{
    const void *frame = MS_HOOK_FRAME;
    uint64_t at = 0, end = 0;
    size_t freed = 0;

    if (pool == 0)
        return 0;
    do { // a guard for each part: signal handlers are to be booked as well
        struct ms_writer *w = ms_annotate_enter(frame);
        if (w == NULL)
            return freed;
        struct ms_pool *p = find(w, pool);
        if (p != NULL && end == 0 && ms_load_relaxed(&p->high) != 0) {
            at = ms_load_relaxed(&p->low) & ~UINT64_C(31);
            end = ms_load_relaxed(&p->high) + 1;
            ms_add_relaxed(
                &w->store->annotations->counts[MS_ANNOTATION_DISCARDS], 1u);
        }
        freed += discard_part(w, &at, end);
        if (p != NULL && at >= end) {
            ms_store_relaxed(&p->low, UINT64_MAX);
            ms_store_relaxed(&p->high, 0);
        }
        ms_guard_leave(w);
    } while (at < end);
    return freed;
}

void memscope_pool_destroy(memscope_pool pool)
{
    (void)memscope_pool_discard(pool);
    if (pool == 0)
        return;
    struct ms_writer *w = ms_annotate_enter(MS_HOOK_FRAME);
    if (w == NULL)
        return;
    struct ms_pool *p = find(w, pool);
    if (p != NULL) {
        ms_store_relaxed(&p->destroyed, 1); // relaxed: a mark
        if (p->slab_stack != 0)
            ms_own_fold(w, p->base, p->slab_size, p->slab_stack, false);
    }
    ms_guard_leave(w);
}
