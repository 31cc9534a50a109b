// SPDX-License-Identifier: MIT
// See wrong_free.h for the contract.

#include "capture/wrong_free.h"

#include "annotate/notes.h"
#include "capture/backend.h"
#include "platform/real_alloc.h"
#include "runtime/control.h"
#include "store/first_free.h"
#include "store/recorder.h"

#define MOMENTS_MOST 256u
#define LOOKS_A_TICK 16u
#define GRANULES_BACK 4096u // 128 KiB: a block that is larger is not found

static bool may_look(struct ms_writer *w)
{
    struct ms_annotations *a = w->store->annotations;
    uint64_t tick = w->pulse >> 32;

    // What was never captured may be freed.
    if (w->was_less || w->mode != MS_MODE_EXACT || a == NULL)
        return false;
    // relaxed: counts
    if (ms_load_relaxed(&a->moment_counts[MS_MOMENT_FREED_TWICE]) +
            ms_load_relaxed(&a->moment_counts[MS_MOMENT_FREED_INSIDE]) +
            ms_load_relaxed(&a->moment_counts[MS_MOMENT_FREED_NO_BLOCK]) >=
        MOMENTS_MOST)
        return false;
    if (w->look_tick != tick) {
        w->look_tick = tick;
        w->looks = 0;
    }
    return w->looks++ < LOOKS_A_TICK;
}

// The live block that an address lies in the middle of. 0: none that is near.
static uint32_t row_around(const struct ms_writer *w, uint64_t address,
                           uint64_t *offset)
{
    uint64_t place = address >> MS_GRANULE_SHIFT;

    if (address >= w->covers)
        return 0;
    for (uint64_t i = 1; i <= GRANULES_BACK && i <= place; i++) {
        // relaxed: another thread may free that block just now
        uint64_t cell = ms_load_relaxed(&w->index[place - i]);
        if (!ms_cell_live(cell))
            continue;
        uint64_t size = ms_cell_small_size(cell);
        if (size == MS_CELL_BIG)
            size = ms_load_relaxed(&w->index[place - i + 1]);
        *offset = address - ms_cell_address(cell, place - i);
        return *offset < size ? ms_cell_row(cell) : 0;
    }
    return 0;
}

// On the thread's own stack, or in a loaded file.
static bool is_no_heap(const struct ms_writer *w, uint64_t address)
{
    // acquire: pairs with the writer that has added the last one [E]
    uint32_t count = ms_load_acquire(&w->header->module_count);

    if (address >= w->stack_low && address < w->stack_high)
        return true;
    for (uint32_t i = 1; i < count && i < w->header->module_capacity; i++) {
        const struct ms_module *m = ms_store_module(w->store, i);
        if (address >= m->start && address < m->end &&
            ms_load_relaxed(&m->unload_ns) == 0)
            return true;
    }
    return false;
}

MS_NOINLINE void ms_wrong_free(struct ms_writer *w, const void *block)
{
    uint64_t address = (uintptr_t)block, offset = 0;

    if (!may_look(w) || ms_boot_owns(block))
        return;
    struct ms_first_free first = ms_first_free_find(w, address);
    if (first.thread != 0) {
        ms_moment_add_free(w, MS_MOMENT_FREED_TWICE, address, &first);
        return;
    }
    first.row = row_around(w, address, &offset);
    first.time = (uint32_t)offset;
    if (first.row != 0)
        ms_moment_add_free(w, MS_MOMENT_FREED_INSIDE, address, &first);
    else if (is_no_heap(w, address))
        ms_moment_add_free(w, MS_MOMENT_FREED_NO_BLOCK, address, &first);
}

void ms_free_stack(struct ms_writer *w, struct ms_event *e)
{
    if (w->unwinder != NULL)
        ms_backend_whole_stack(w, e);
    else
        ms_backend_core.capture_alloc(w, e);
    if (e->stack != 0 && e->address < UINT64_C(1) << 47)
        ms_recorder_add(w, MS_OPERATION_FREE_STACK, e->address, e->stack);
}
