// SPDX-License-Identifier: MIT
// See runtime/store.h for the contract.

#include "runtime/store.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "annotate/contexts.h"
#include "annotate/notes.h"
#include "platform/clock.h"
#include "platform/memory.h"
#include "platform/modules.h"
#include "runtime/cell.h"
#include "store/fold.h"
#include "store/stack_table.h"

#define SMALLEST_TABLE 14u // blocks, as a power of two
#define LARGEST_TABLE 26u
#define SHARE_OF_LEFT 8u
#define LEAST_LEFT (UINT64_C(64) << 20)   // with less, the program needs it all
#define LEAST_PRIVATE (UINT64_C(8) << 20) // the same of what our writers are in
#define INDEX_ALIGN (UINT64_C(1) << 30)   // lets the kernel share page tables

// Lays the parts out one after the other, each on its own pages.
static uint64_t place(uint64_t *end, uint64_t bytes)
{
    uint64_t at = *end;

    *end = (at + bytes + 4095) & ~UINT64_C(4095);
    return at;
}

static uint64_t hash_slots(uint32_t last_bits)
{
    uint64_t slots = UINT64_C(1) << last_bits;

    for (uint32_t b = MS_HASH_FIRST_BITS; b < last_bits; b += MS_HASH_STEP_BITS)
        slots += UINT64_C(1) << b;
    return slots;
}

// The parts of a segment whose capacities are set.
static void lay_out(struct ms_segment_header *h, bool annotations)
{
    uint64_t end = MS_HEADER_BYTES;

    h->threads_offset =
        place(&end, (uint64_t)h->thread_capacity * MS_THREAD_SLOT_BYTES);
    h->modules_offset =
        place(&end, (uint64_t)h->module_capacity * MS_MODULE_BYTES);
    if (annotations)
        h->annotations_offset = place(&end, sizeof(struct ms_annotations));
    h->nodes_offset =
        place(&end, (uint64_t)h->node_capacity * sizeof(struct ms_node));
    h->children_offset =
        place(&end, (uint64_t)h->node_capacity / MS_WINDOW_PARENTS *
                        MS_WINDOW_SLOTS * sizeof(uint32_t));
    h->hash_offset = place(&end, hash_slots(h->hash_bits) * sizeof(uint32_t));
    h->first_rows_offset =
        place(&end, (uint64_t)h->node_capacity * sizeof(uint64_t));
    if (h->table_capacity == 0)
        h->row_threads_offset =
            place(&end, (uint64_t)MS_CELL_GROUPS * sizeof(uint16_t));
    h->rows_offset =
        place(&end, (uint64_t)h->row_capacity * sizeof(struct ms_row));
    h->details_offset =
        place(&end, (uint64_t)h->row_capacity * sizeof(struct ms_row_detail));
    h->recorders_offset =
        place(&end, (uint64_t)h->thread_capacity * MS_RECORDER_EVENTS *
                        sizeof(struct ms_recorded_event));
    h->mappings_offset = place(&end, (uint64_t)h->mapping_capacity *
                                         sizeof(struct ms_mapping_event));
    h->table_offset = end;
    if (h->table_capacity != 0) {
        (void)place(&end, (h->table_capacity + (uint64_t)MS_TABLE_WINDOW) *
                              sizeof(struct ms_table_entry));
        h->index_offset = end;
    } else {
        h->index_offset = (end + INDEX_ALIGN - 1) & ~(INDEX_ALIGN - 1);
        h->index_bytes = MS_INDEX_BYTES;
    }
    h->total_bytes = h->index_offset + h->index_bytes;
    h->recorder_events = MS_RECORDER_EVENTS;
    h->granule_shift = MS_GRANULE_SHIFT;
}

static void lay_out_whole(struct ms_segment_header *h)
{
    *h = (struct ms_segment_header){
        .thread_capacity = MS_THREAD_CAPACITY,
        .row_capacity = MS_ROW_CAPACITY,
        .node_capacity = MS_NODE_CAPACITY,
        .module_capacity = MS_MODULE_CAPACITY,
        .mapping_capacity = MS_MAPPING_CAPACITY,
        .hash_bits = MS_HASH_LAST_BITS,
    };
    lay_out(h, true);
}

static uint32_t between(uint32_t low, uint32_t n, uint32_t high)
{
    return n < low ? low : n > high ? high : n;
}

// A segment with a table of 2^bits blocks: the rest in proportion, as programs
// at large need it.
static void lay_out_small(struct ms_segment_header *h, uint32_t bits)
{
    uint32_t blocks = 1u << bits;

    *h = (struct ms_segment_header){
        .thread_capacity = between(64, blocks >> 10, MS_THREAD_CAPACITY),
        .row_capacity = between(1024, blocks >> 2, MS_ROW_CAPACITY),
        .node_capacity = between(1024, blocks >> 2, MS_NODE_CAPACITY),
        .module_capacity = between(256, blocks >> 8, MS_MODULE_CAPACITY),
        .mapping_capacity = between(1024, blocks >> 6, MS_MAPPING_CAPACITY),
        .hash_bits = between(MS_HASH_FIRST_BITS, bits - 1, MS_HASH_LAST_BITS),
        .table_capacity = blocks,
    };
    lay_out(h, false);
}

static void fill_header(struct ms_segment_header *h, enum ms_backend_id backend)
{
    h->magic = MS_SEGMENT_MAGIC;
    h->version = MS_SEGMENT_VERSION;
    h->header_bytes = MS_HEADER_BYTES;
    h->pid = (uint32_t)getpid();
    h->backend = backend;
    h->start_ns = ms_clock_monotonic_ns();
    h->start_realtime_ns = ms_clock_realtime_ns();
    ms_program_path(h->exe, sizeof h->exe);
    ms_program_command(h->command, sizeof h->command);
    ms_store_relaxed(&h->row_count, MS_ROW_CHUNK); // row 0 means none
    ms_store_relaxed(&h->node_count, MS_NODE_UNKNOWN + 1);
    ms_store_relaxed(&h->module_count, 1);
    // [G] release: publishes the constants above; pairs with ms_reader_open
    ms_store_release(&h->state, MS_SEGMENT_LIVE);
}

uint64_t ms_store_bytes(void)
{
    struct ms_segment_header layout;

    lay_out_whole(&layout);
    return layout.total_bytes;
}

// Creates and maps a segment of this layout. 0 or an errno value.
static int map_all(struct ms_store *s, const struct ms_segment_header *layout)
{
    void *index = NULL;

    *s = (struct ms_store){.fd = -1};
    int error = ms_shared_create(MS_SEGMENT_NAME, layout->total_bytes, &s->fd);
    if (error != 0)
        return error;
    error = ms_shared_map(s->fd, 0, layout->index_offset, true, &s->base);
    if (error != 0)
        goto fail_file;
    if (layout->index_bytes != 0)
        error = ms_shared_map(s->fd, layout->index_offset, layout->index_bytes,
                              true, &index);
    if (error != 0)
        goto fail_base;
    s->index = index;
    s->base_bytes = layout->index_offset;
    s->index_bytes = layout->index_bytes;
    return 0;

fail_base:
    ms_memory_unmap(s->base, layout->index_offset);
fail_file:
    close(s->fd);
    s->fd = -1;
    return error;
}

// The largest one that keeps within `most` bytes, and that the system gives.
static int map_within(struct ms_store *s, struct ms_segment_header *layout,
                      uint64_t most)
{
    int error = ENOMEM;

    for (uint32_t bits = LARGEST_TABLE; error != 0 && bits >= SMALLEST_TABLE;
         bits--) {
        lay_out_small(layout, bits);
        if (layout->total_bytes <= most)
            error = map_all(s, layout);
    }
    return error;
}

int ms_store_create_within(struct ms_store *s, enum ms_backend_id backend,
                           uint64_t limit)
{
    struct ms_segment_header layout;
    int error = ENOMEM;

    if (ms_private_memory_left() < LEAST_PRIVATE)
        return ENOMEM;
    if (limit == 0) {
        lay_out_whole(&layout);
        error = map_all(s, &layout);
    }
    if (error == ENOMEM || error == EFBIG) {
        // The address space is the program's: we take a small part of it.
        uint64_t left = ms_memory_left();
        uint64_t most = left / SHARE_OF_LEFT;
        if (left < LEAST_LEFT)
            return ENOMEM;
        if (limit != 0 && limit < most)
            most = limit;
        error = map_within(s, &layout, most);
        layout.limit_bytes = most;
    }
    if (error != 0)
        return error;
    char *base = s->base;
    s->header = s->base;
    *s->header = layout;
    s->threads = base + layout.threads_offset;
    s->modules = (void *)(base + layout.modules_offset);
    if (layout.annotations_offset != 0)
        s->annotations = (void *)(base + layout.annotations_offset);
    s->mappings = (void *)(base + layout.mappings_offset);
    s->nodes = (void *)(base + layout.nodes_offset);
    s->children = (void *)(base + layout.children_offset);
    s->hash = (void *)(base + layout.hash_offset);
    s->first_rows = (void *)(base + layout.first_rows_offset);
    if (layout.row_threads_offset != 0)
        s->row_threads = (void *)(base + layout.row_threads_offset);
    s->rows = (void *)(base + layout.rows_offset);
    s->details = (void *)(base + layout.details_offset);
    s->recorders = (void *)(base + layout.recorders_offset);
    if (layout.table_capacity != 0)
        s->table = (void *)(base + layout.table_offset);
    fill_header(s->header, backend);
    return 0;
}

int ms_store_create(struct ms_store *s, enum ms_backend_id backend)
{
    return ms_store_create_within(s, backend, 0);
}

void ms_store_destroy(struct ms_store *s)
{
    struct ms_writer *next;

    // relaxed: nobody else uses the store any more
    for (struct ms_writer *w = ms_load_relaxed(&s->writers); w; w = next) {
        next = w->next;
        ms_row_map_clear(&w->own);
        ms_row_map_clear(&w->foreign);
        ms_contexts_free(w);
        ms_memory_unmap(w, sizeof *w);
    }
    if (s->filter != NULL)
        ms_memory_unmap((void *)s->filter, MS_FILTER_BYTES);
    uint64_t offset = s->header->index_offset;
    if (s->index != NULL)
        ms_memory_unmap((void *)s->index, s->header->index_bytes);
    ms_memory_unmap(s->base, offset);
    if (s->fd >= 0)
        close(s->fd);
}

void ms_fold_close_stale(struct ms_writer *w, uint64_t address)
{
    struct ms_taken taken = ms_fold_take(w, address);

    if (ms_row_is_noted(w, taken.cell))
        (void)ms_notes_take(w, address, taken.cell);
    if (taken.cell != 0)
        ms_fold_deallocation(w, address, &taken, false);
}

MS_NOINLINE void ms_fold_sampled(struct ms_writer *w, uint64_t address,
                                 uint64_t size, uint32_t stack, bool by_realloc)
{
    if (address >= w->covers) {
        ms_fold_allocation_uncovered(w, address, size, stack, by_realloc);
        return;
    }
    if (ms_live_index_has(w->index, address))
        ms_fold_close_stale(w, address);
    uint32_t row = ms_sampled_row(w, stack, size);
    if (row == 0) {
        ms_store_count_drop(w->store, MS_DROP_ROWS);
        return;
    }
    ms_sampled_allocation(w, row, address, size, by_realloc);
    ms_live_index_put(w->index, address, row, size, w->now);
    ms_recorder_add(
        w, by_realloc ? MS_OPERATION_REALLOCATION : MS_OPERATION_ALLOCATION,
        address, row);
    w->last_address = address;
}

void ms_store_allocation(struct ms_writer *w, uint64_t address, uint64_t size,
                         uint32_t stack, bool by_realloc)
{
    ms_writer_now(w);
    ms_fold_allocation(w, address, size, stack, NULL, by_realloc);
}

struct ms_taken ms_store_take(struct ms_writer *w, uint64_t address)
{
    return ms_fold_take(w, address);
}

void ms_store_put_back(struct ms_writer *w, uint64_t address,
                       const struct ms_taken *taken)
{
    ms_fold_put_back(w, address, taken);
}

void ms_store_deallocation(struct ms_writer *w, uint64_t address,
                           const struct ms_taken *taken, bool by_realloc)
{
    ms_writer_now(w);
    ms_fold_deallocation(w, address, taken, by_realloc);
}
