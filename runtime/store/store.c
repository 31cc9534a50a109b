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
#include "store/fold.h"

#define HASH_SLOTS                                                             \
    ((UINT64_C(1) << (MS_HASH_FIRST_BITS + MS_HASH_LEVELS)) -                  \
     (UINT64_C(1) << MS_HASH_FIRST_BITS))
#define INDEX_ALIGN (UINT64_C(1) << 30) // lets the kernel share page tables

// Lays the parts out one after the other, each on its own pages.
static uint64_t place(uint64_t *end, uint64_t bytes)
{
    uint64_t at = *end;

    *end = (at + bytes + 4095) & ~UINT64_C(4095);
    return at;
}

static void lay_out(struct ms_segment_header *h)
{
    uint64_t end = MS_HEADER_BYTES;

    h->threads_offset =
        place(&end, (uint64_t)MS_THREAD_CAPACITY * MS_THREAD_SLOT_BYTES);
    h->modules_offset =
        place(&end, (uint64_t)MS_MODULE_CAPACITY * MS_MODULE_BYTES);
    h->annotations_offset = place(&end, sizeof(struct ms_annotations));
    h->nodes_offset =
        place(&end, (uint64_t)MS_NODE_CAPACITY * sizeof(struct ms_node));
    h->hash_offset = place(&end, HASH_SLOTS * sizeof(uint32_t));
    h->rows_offset =
        place(&end, (uint64_t)MS_ROW_CAPACITY * sizeof(struct ms_row));
    h->recorders_offset =
        place(&end, (uint64_t)MS_THREAD_CAPACITY * MS_RECORDER_EVENTS *
                        sizeof(struct ms_recorded_event));
    h->index_offset = (end + INDEX_ALIGN - 1) & ~(INDEX_ALIGN - 1);
    h->index_bytes = MS_INDEX_BYTES;
    h->total_bytes = h->index_offset + h->index_bytes;
    h->thread_capacity = MS_THREAD_CAPACITY;
    h->row_capacity = MS_ROW_CAPACITY;
    h->node_capacity = MS_NODE_CAPACITY;
    h->module_capacity = MS_MODULE_CAPACITY;
    h->recorder_events = MS_RECORDER_EVENTS;
    h->granule_shift = MS_GRANULE_SHIFT;
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
    ms_store_relaxed(&h->node_count, 1);
    ms_store_relaxed(&h->module_count, 1);
    // [G] release: publishes the constants above; pairs with ms_reader_open
    ms_store_release(&h->state, MS_SEGMENT_LIVE);
}

uint64_t ms_store_bytes(void)
{
    struct ms_segment_header layout = {0};

    lay_out(&layout);
    return layout.total_bytes;
}

int ms_store_create(struct ms_store *s, enum ms_backend_id backend)
{
    struct ms_segment_header layout = {0};
    void *index;

    lay_out(&layout);
    *s = (struct ms_store){.fd = -1};
    int error = ms_shared_create(MS_SEGMENT_NAME, layout.total_bytes, &s->fd);
    if (error != 0)
        return error;
    error = ms_shared_map(s->fd, 0, layout.index_offset, true, &s->base);
    if (error != 0)
        goto fail_file;
    error = ms_shared_map(s->fd, layout.index_offset, layout.index_bytes, true,
                          &index);
    if (error != 0)
        goto fail_base;

    char *base = s->base;
    s->header = s->base;
    *s->header = layout;
    s->threads = base + layout.threads_offset;
    s->modules = (void *)(base + layout.modules_offset);
    s->annotations = (void *)(base + layout.annotations_offset);
    s->nodes = (void *)(base + layout.nodes_offset);
    s->hash = (void *)(base + layout.hash_offset);
    s->rows = (void *)(base + layout.rows_offset);
    s->recorders = (void *)(base + layout.recorders_offset);
    s->index = index;
    fill_header(s->header, backend);
    return 0;

fail_base:
    ms_memory_unmap(s->base, layout.index_offset);
fail_file:
    close(s->fd);
    s->fd = -1;
    return error;
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
    ms_memory_unmap((void *)s->index, s->header->index_bytes);
    ms_memory_unmap(s->base, offset);
    if (s->fd >= 0)
        close(s->fd);
}

void ms_fold_close_stale(struct ms_writer *w, uint64_t address)
{
    struct ms_taken taken = ms_live_index_take(w->index, address);

    if (ms_row_is_noted(w, taken.cell))
        (void)ms_notes_take(w, address, taken.cell);
    if (taken.cell != 0)
        ms_fold_deallocation(w, address, &taken, false);
}

MS_NOINLINE void ms_fold_sampled(struct ms_writer *w, uint64_t address,
                                 uint64_t size, uint32_t stack, bool by_realloc)
{
    if (!ms_live_index_covers(address)) {
        ms_store_count_drop(w->store, MS_DROP_ADDRESS);
        return;
    }
    if (w->was_off)
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
