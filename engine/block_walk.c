// SPDX-License-Identifier: MIT
//
// block_walk: the live index, read block by block. Only the populated parts of
// the file are mapped, one window at a time, so that the walk needs little
// address space and little memory however large the heap is.

#include <stdlib.h>

#include "block_said.h"
#include "engine_private.h"
#include "platform/atomics.h"
#include "platform/memory.h"
#include "runtime/cell.h"
#include "types/declared_types.h"

#define WINDOW_BYTES (UINT64_C(1) << 24)
#define CELL_BYTES sizeof(uint64_t)

struct ms_block_walk {
    struct ms_engine *engine;
    struct ms_session *session;
    uint64_t next;     // file offset of the next cell
    uint64_t end;      // file offset behind the last one that is wanted
    uint64_t data_end; // of the populated part
    uint64_t window_begin, window_end;
    _Atomic uint64_t *window; // NULL: none
};

enum memscope_status ms_block_walk_create(struct ms_engine *e, uint32_t session,
                                          struct ms_block_walk **out)
{
    struct ms_session *s = ms_engine_hold(e, session);

    *out = NULL;
    if (s == NULL)
        return MEMSCOPE_ERROR_NOT_FOUND;
    struct ms_block_walk *w = calloc(1, sizeof *w);
    if (w == NULL) {
        ms_engine_let_go(e, s);
        return MEMSCOPE_ERROR_MEMORY;
    }
    w->engine = e;
    w->session = s;
    w->next = s->reader.head.table_capacity == 0 ? s->reader.head.index_offset
                                                 : 0; // number of an entry
    w->data_end = w->next;
    w->end = s->reader.head.total_bytes;
    *out = w;
    return MEMSCOPE_OK;
}

void ms_block_walk_between(struct ms_block_walk *w, uint64_t low, uint64_t high)
{
    const struct ms_segment_header *h = &w->session->reader.head;
    uint64_t cells = (h->total_bytes - h->index_offset) / CELL_BYTES;
    uint64_t first = low >> MS_GRANULE_SHIFT, last = high >> MS_GRANULE_SHIFT;

    if (h->table_capacity != 0)
        return;
    w->next = h->index_offset + (first < cells ? first : cells) * CELL_BYTES;
    w->data_end = w->next;
    if (last < cells)
        w->end = h->index_offset + (last + 1) * CELL_BYTES;
}

static void drop_window(struct ms_block_walk *w)
{
    if (w->window != NULL)
        ms_memory_unmap((void *)w->window, w->window_end - w->window_begin);
    w->window = NULL;
}

void ms_block_walk_destroy(struct ms_block_walk *w)
{
    if (w == NULL)
        return;
    drop_window(w);
    ms_engine_let_go(w->engine, w->session);
    free(w);
}

// Makes the cell at w->next readable, or finds the next populated one.
static bool map_next(struct ms_block_walk *w)
{
    const struct ms_segment_header *h = &w->session->reader.head;
    void *mapped;

    if (w->next >= w->data_end) {
        uint64_t begin, end;
        if (w->next >= h->total_bytes ||
            !ms_shared_next_data(w->session->reader.fd, w->next, &begin, &end))
            return false;
        w->next = begin;
        w->data_end = end < h->total_bytes ? end : h->total_bytes;
    }
    drop_window(w);
    w->window_begin = w->next & ~UINT64_C(4095);
    w->window_end = w->data_end;
    if (w->window_end - w->window_begin > WINDOW_BYTES)
        w->window_end = w->window_begin + WINDOW_BYTES;
    if (ms_shared_map(w->session->reader.fd, w->window_begin,
                      w->window_end - w->window_begin, false, &mapped) != 0)
        return false;
    w->window = mapped;
    return true;
}

static uint64_t cell_at(const struct ms_block_walk *w, uint64_t offset)
{
    // acquire: pairs with the owner's release [A]
    return ms_load_acquire(&w->window[(offset - w->window_begin) / CELL_BYTES]);
}

// The size in the second cell, which may stand in the next window.
static bool big_size(struct ms_block_walk *w, uint64_t offset, uint64_t *size)
{
    if (offset >= w->session->reader.head.total_bytes)
        return false;
    if (offset >= w->window_end) {
        uint64_t keep = w->next;
        w->next = offset;
        w->data_end = w->data_end > offset ? w->data_end : offset + 4096;
        bool mapped = map_next(w);
        w->next = keep;
        if (!mapped)
            return false;
    }
    *size = cell_at(w, offset);
    return !ms_cell_live(*size);
}

// Fills in the rest; the size is there.
static void describe(struct ms_block_walk *w, uint64_t offset, uint64_t cell,
                     struct ms_block *out)
{
    struct ms_session *s = w->session;
    uint64_t index = (offset - s->reader.head.index_offset) / CELL_BYTES;
    uint32_t row = ms_cell_row(cell);
    uint64_t start = s->reader.head.start_ns;
    uint64_t now = start + ms_session_uptime_ns(s);
    struct ms_row_key key = {0};
    uint32_t context; // ms_block_read_said follows it

    // A cell keeps the low bits of a birth: the latest time that has them.
    uint64_t mask = (UINT64_C(1) << MS_BIRTH_BITS) - 1;
    uint64_t age = ((now >> MS_BIRTH_SHIFT) - ms_cell_birth(cell)) & mask;
    uint64_t birth = ((now >> MS_BIRTH_SHIFT) - age) << MS_BIRTH_SHIFT;
    out->address = ms_cell_address(cell, index);
    out->birth_ns = birth > start && age <= mask >> 1 ? birth - start : 0;
    out->site = 0;
    out->thread = 0;
    out->stack = 0;
    if (ms_reader_row_key(&s->reader, row, &key)) {
        out->thread = key.thread + 1;
        if (key.stack < MS_NODE_CAPACITY)
            out->site = ms_model_known_site(&s->model, key.stack);
        if (!ms_reader_stack(&s->reader, key.stack, &out->stack, &context))
            out->stack = 0;
    } else {
        s->reader.damaged++;
    }
    out->declared =
        out->stack != 0 ? ms_session_type_of(s, out->stack, out->size) : "";
    ms_block_read_said(&s->reader, cell, key.stack, out);
}

void ms_block_walk_name(struct ms_block_walk *w, uint32_t name,
                        char text[MS_SAID_NAME])
{
    _Static_assert(MS_SAID_NAME == MS_STRING_TEXT, "a name fits");
    ms_reader_string(&w->session->reader, name, text);
}

// The live table, entry by entry. {session lock}
static size_t next_of_table(struct ms_block_walk *w, struct ms_block *blocks,
                            size_t capacity)
{
    struct ms_reader *r = &w->session->reader;
    struct ms_table_entry *table = ms_reader_table(r);
    uint64_t entries = r->head.table_capacity + (uint64_t)MS_TABLE_WINDOW;
    size_t count = 0;

    for (; count < capacity && w->next < entries; w->next++) {
        struct ms_table_entry *e = &table[w->next];
        uint64_t address = ms_load_relaxed(&e->address); // looked at again
        // acquire: pairs with the owner's release [A]
        uint64_t cell = ms_load_acquire(&e->cell);
        if (address == 0 || !ms_cell_live(cell))
            continue;
        struct ms_block *b = &blocks[count];
        b->size = ms_load_relaxed(&e->size); // relaxed: published by [A]
        describe(w, 0, cell, b);
        b->address = address;
        if (ms_load_relaxed(&e->address) == address)
            count++;
    }
    return count;
}

size_t ms_block_walk_next(struct ms_block_walk *w, struct ms_block *blocks,
                          size_t capacity)
{
    struct ms_session *s = w->session;
    size_t count = 0;

    pthread_mutex_lock(&s->lock); // for the model; once per batch
    if (s->reader.head.table_capacity != 0) {
        count = next_of_table(w, blocks, capacity);
        capacity = count;
    }
    while (count < capacity) {
        if ((w->window == NULL || w->next >= w->window_end ||
             w->next < w->window_begin) &&
            !map_next(w))
            break;
        if (w->next >= w->end)
            break;
        uint64_t offset = w->next;
        uint64_t cell = cell_at(w, offset);
        w->next = offset + CELL_BYTES;
        if (!ms_cell_live(cell))
            continue;
        struct ms_block *b = &blocks[count];
        b->size = ms_cell_small_size(cell);
        if (b->size == MS_CELL_BIG &&
            !big_size(w, offset + CELL_BYTES, &b->size))
            continue; // gone while we looked
        describe(w, offset, cell, b);
        count++;
    }
    pthread_mutex_unlock(&s->lock);
    return count;
}
