// SPDX-License-Identifier: MIT
// See reader.h for the contract.

#include "reader.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "platform/atomics.h"
#include "platform/memory.h"

// Plain fields of the segment are read once: what is checked is what is used.
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))

static bool part_fits(const struct ms_segment_header *h, uint64_t offset,
                      uint64_t bytes)
{
    return offset % 4096 == 0 && offset >= MS_HEADER_BYTES &&
           offset <= h->index_offset && bytes <= h->index_offset - offset;
}

static bool within(uint32_t low, uint32_t n, uint32_t high)
{
    return n >= low && n <= high;
}

static bool power_of_two(uint32_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

static bool capacities_are_sound(const struct ms_segment_header *h)
{
    return within(1, h->thread_capacity, MS_THREAD_CAPACITY) &&
           within(MS_ROW_CHUNK, h->row_capacity, MS_ROW_CAPACITY) &&
           within(MS_NODE_UNKNOWN + 1, h->node_capacity, MS_NODE_CAPACITY) &&
           within(1, h->module_capacity, MS_MODULE_CAPACITY) &&
           within(1, h->mapping_capacity, MS_MAPPING_CAPACITY) &&
           power_of_two(h->mapping_capacity) &&
           h->recorder_events == MS_RECORDER_EVENTS &&
           h->granule_shift == MS_GRANULE_SHIFT;
}

// Either the whole index or a table.
static bool index_is_sound(const struct ms_segment_header *h)
{
    if (h->table_capacity == 0)
        return h->index_bytes == MS_INDEX_BYTES;
    return h->index_bytes == 0 && power_of_two(h->table_capacity) &&
           h->table_capacity <= MS_TABLE_MOST &&
           part_fits(h, h->table_offset,
                     (h->table_capacity + (uint64_t)MS_TABLE_WINDOW) *
                         sizeof(struct ms_table_entry));
}

static bool header_is_sound(const struct ms_segment_header *h, uint64_t bytes)
{
    if (h->magic != MS_SEGMENT_MAGIC || h->version != MS_SEGMENT_VERSION ||
        h->header_bytes != MS_HEADER_BYTES || h->total_bytes != bytes ||
        h->backend > MS_BACKEND_CUSTOM || !capacities_are_sound(h))
        return false;
    if (h->index_offset % 4096 != 0 || h->index_offset > bytes ||
        bytes - h->index_offset != h->index_bytes || !index_is_sound(h))
        return false;
    return part_fits(h, h->threads_offset,
                     (uint64_t)h->thread_capacity * MS_THREAD_SLOT_BYTES) &&
           part_fits(h, h->rows_offset,
                     (uint64_t)h->row_capacity * sizeof(struct ms_row)) &&
           part_fits(h, h->details_offset,
                     (uint64_t)h->row_capacity *
                         sizeof(struct ms_row_detail)) &&
           part_fits(h, h->nodes_offset,
                     (uint64_t)h->node_capacity * sizeof(struct ms_node)) &&
           part_fits(h, h->modules_offset,
                     (uint64_t)h->module_capacity * MS_MODULE_BYTES) &&
           (h->annotations_offset == 0 ||
            part_fits(h, h->annotations_offset,
                      sizeof(struct ms_annotations))) &&
           part_fits(h, h->mappings_offset,
                     (uint64_t)h->mapping_capacity *
                         sizeof(struct ms_mapping_event)) &&
           part_fits(h, h->recorders_offset,
                     (uint64_t)h->thread_capacity * MS_RECORDER_EVENTS *
                         sizeof(struct ms_recorded_event));
}

enum memscope_status ms_reader_open(struct ms_reader *r, int fd)
{
    uint64_t bytes, used;
    void *page;

    *r = (struct ms_reader){.fd = fd};
    if (ms_shared_check(fd, &bytes, &used) != 0 || bytes < MS_HEADER_BYTES)
        goto bad;
    if (ms_shared_map(fd, 0, MS_HEADER_BYTES, false, &page) != 0)
        goto bad;
    // acquire: pairs with the runtime's last store of its start [G]
    bool started =
        ms_load_acquire(&((struct ms_segment_header *)page)->state) != 0;
    // Only what is constant now: the rest changes while we copy.
    if (started)
        memcpy(&r->head, page, offsetof(struct ms_segment_header, state));
    ms_memory_unmap(page, MS_HEADER_BYTES);
    if (!started || !header_is_sound(&r->head, bytes))
        goto bad;
    r->head.exe[sizeof r->head.exe - 1] = '\0';
    r->head.command[sizeof r->head.command - 1] = '\0';
    if (ms_shared_map(fd, 0, r->head.index_offset, false, &page) != 0) {
        close(fd);
        return MEMSCOPE_ERROR_MEMORY;
    }
    r->base = page;
    r->live = page;
    return MEMSCOPE_OK;

bad:
    close(fd);
    return MEMSCOPE_ERROR_FORMAT;
}

void ms_reader_close(struct ms_reader *r)
{
    ms_memory_unmap(r->base, r->head.index_offset);
    close(r->fd);
}

uint64_t ms_reader_used_bytes(const struct ms_reader *r)
{
    uint64_t bytes, used;

    return ms_shared_check(r->fd, &bytes, &used) == 0 ? used : UINT64_MAX;
}

static uint32_t bounded(uint32_t n, uint32_t limit)
{
    return n < limit ? n : limit;
}

uint32_t ms_reader_threads(struct ms_reader *r)
{
    return bounded(ms_load_relaxed(&r->live->thread_count),
                   r->head.thread_capacity);
}

uint32_t ms_reader_rows(struct ms_reader *r)
{
    return bounded(ms_load_relaxed(&r->live->row_count), r->head.row_capacity);
}

uint32_t ms_reader_modules(struct ms_reader *r)
{
    // acquire: pairs with the writer that has added the last one [E]
    return bounded(ms_load_acquire(&r->live->module_count),
                   r->head.module_capacity);
}

uint32_t ms_reader_nodes(struct ms_reader *r)
{
    return bounded(ms_load_relaxed(&r->live->node_count),
                   r->head.node_capacity);
}

struct ms_thread_slot *ms_reader_slot(struct ms_reader *r, uint32_t thread)
{
    return (void *)(r->base + r->head.threads_offset +
                    (uint64_t)thread * MS_THREAD_SLOT_BYTES);
}

struct ms_mapping_event *ms_reader_mappings(struct ms_reader *r)
{
    return (void *)(r->base + r->head.mappings_offset);
}

struct ms_table_entry *ms_reader_table(struct ms_reader *r)
{
    return (void *)(r->base + r->head.table_offset);
}

struct ms_row *ms_reader_row(struct ms_reader *r, uint32_t row)
{
    return (struct ms_row *)(void *)(r->base + r->head.rows_offset) + row;
}

struct ms_row_detail *ms_reader_row_detail(struct ms_reader *r, uint32_t row)
{
    return (struct ms_row_detail *)(void *)(r->base + r->head.details_offset) +
           row;
}

bool ms_reader_row_key(struct ms_reader *r, uint32_t row,
                       struct ms_row_key *out)
{
    if (row == 0 || row >= r->head.row_capacity)
        return false;
    struct ms_row *from = ms_reader_row(r, row);
    out->stack = READ_ONCE(from->stack);
    out->owner = READ_ONCE(from->owner);
    out->thread = READ_ONCE(from->thread);
    out->size_class = READ_ONCE(from->size_class);
    out->sampling = READ_ONCE(from->sampling);
    return out->stack != 0 && out->stack < ms_reader_nodes(r) &&
           out->owner < r->head.row_capacity &&
           out->thread < ms_reader_threads(r) &&
           out->size_class < MS_SIZE_CLASSES &&
           out->sampling < MS_SAMPLING_LEVELS;
}

bool ms_reader_row_is_foreign(struct ms_reader *r, uint32_t row)
{
    return READ_ONCE(ms_reader_row(r, row)->owner) != 0;
}

bool ms_reader_next_rows(struct ms_reader *r, uint32_t from, uint32_t *begin,
                         uint32_t *end)
{
    const uint64_t size = sizeof(struct ms_row), rows = ms_reader_rows(r);
    uint64_t offset = r->head.rows_offset, first, last;

    // Whole pages are populated, and a page holds whole rows.
    if (from >= rows ||
        !ms_shared_next_data(r->fd, offset + from * size, &first, &last) ||
        first >= offset + rows * size)
        return false;
    *begin = (uint32_t)((first - offset) / size);
    *end = (uint32_t)((last - offset) / size < rows ? (last - offset) / size
                                                    : rows);
    return true;
}

bool ms_reader_node(struct ms_reader *r, uint32_t node, struct ms_node *out)
{
    if (node == 0 || node >= ms_reader_nodes(r))
        return false;
    struct ms_node *from =
        (struct ms_node *)(void *)(r->base + r->head.nodes_offset) + node;
    out->address = READ_ONCE(from->address);
    out->parent = READ_ONCE(from->parent);
    out->module = READ_ONCE(from->module);
    return true;
}

bool ms_reader_stack(struct ms_reader *r, uint32_t stack, uint32_t *real,
                     uint32_t *context)
{
    struct ms_node node;

    *real = stack;
    *context = 0;
    if (!ms_reader_node(r, stack, &node))
        return false;
    if (!ms_is_pseudo(node.address))
        return true;
    *real = node.parent;
    *context = ms_pseudo_value(node.address);
    return ms_pseudo_kind(node.address) == MS_PSEUDO_CONTEXT &&
           ms_reader_node(r, *real, &node) && !ms_is_pseudo(node.address);
}

uint32_t ms_reader_link(struct ms_reader *r, uint32_t context,
                        enum ms_pseudo_kind *kind, uint32_t *value)
{
    struct ms_node node;

    if (!ms_reader_node(r, context, &node))
        return UINT32_MAX;
    *kind = ms_pseudo_kind(node.address);
    *value = ms_pseudo_value(node.address);
    bool good = (*kind == MS_PSEUDO_TASK && *value < MS_TASK_CAPACITY) ||
                (*kind == MS_PSEUDO_SCOPE && *value < MS_STRING_CAPACITY) ||
                (*kind == MS_PSEUDO_POOL && *value < MS_POOL_CAPACITY);
    // Outer links are older: so that no chain runs in a circle.
    return good && node.parent < context ? node.parent : UINT32_MAX;
}

struct ms_annotations *ms_reader_annotations(struct ms_reader *r)
{
    if (r->head.annotations_offset == 0)
        return NULL;
    return (void *)(r->base + r->head.annotations_offset);
}

void ms_reader_string(struct ms_reader *r, uint32_t string,
                      char text[MS_STRING_TEXT])
{
    struct ms_annotations *a = ms_reader_annotations(r);

    text[0] = '\0';
    if (a == NULL || string == 0 || string >= MS_STRING_CAPACITY)
        return;
    struct ms_string *from = &a->strings[string];
    // acquire: pairs with whoever has written it [S]
    if (ms_load_acquire(&from->length) == 0)
        return;
    memcpy(text, from->text, MS_STRING_TEXT);
    text[MS_STRING_TEXT - 1] = '\0';
}

bool ms_reader_module(struct ms_reader *r, uint32_t module,
                      struct ms_module *out)
{
    if (module == 0 || module >= ms_reader_modules(r))
        return false;
    struct ms_module *from = (void *)(r->base + r->head.modules_offset +
                                      (uint64_t)module * MS_MODULE_BYTES);
    out->start = READ_ONCE(from->start);
    out->end = READ_ONCE(from->end);
    out->bias = READ_ONCE(from->bias);
    out->load_ns = READ_ONCE(from->load_ns);
    // relaxed: it may be unloaded at any time
    ms_store_relaxed(&out->unload_ns, ms_load_relaxed(&from->unload_ns));
    out->build_id_bytes = READ_ONCE(from->build_id_bytes);
    memcpy(out->build_id, from->build_id, sizeof out->build_id);
    memcpy(out->path, from->path, sizeof out->path);
    out->path[sizeof out->path - 1] = '\0';
    if (out->build_id_bytes > sizeof out->build_id || out->end < out->start)
        return false;
    return true;
}

bool ms_reader_unloaded(struct ms_reader *r, uint32_t module,
                        struct ms_module *known)
{
    struct ms_module *from = (void *)(r->base + r->head.modules_offset +
                                      (uint64_t)module * MS_MODULE_BYTES);
    uint64_t ns = ms_load_relaxed(&from->unload_ns); // relaxed: a time

    ms_store_relaxed(&known->unload_ns, ns);
    return ns != 0;
}

void ms_reader_take_dirty(struct ms_reader *r, uint32_t thread,
                          void (*each)(void *arg, uint32_t row), void *arg)
{
    struct ms_thread_slot *slot = ms_reader_slot(r, thread);
    // [B] acquire: pairs with the thread's push; the rows' constants and
    // links are there
    uint32_t row = ms_exchange_acquire(&slot->dirty, 0);
    uint32_t left = ms_reader_rows(r);

    while (row != 0 && row != MS_DIRTY_END) {
        if (row >= r->head.row_capacity || left-- == 0) {
            r->damaged++;
            return;
        }
        struct ms_row *from = ms_reader_row(r, row);
        uint32_t next = ms_load_relaxed(&from->next_dirty);
        // The row may now be pushed again; we read it after this, and once
        // more at the next tick.
        ms_store_relaxed(&from->next_dirty, 0);
        each(arg, row);
        row = next;
    }
}
