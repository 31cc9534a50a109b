// SPDX-License-Identifier: MIT
// See mappings.h for the contract.

#include "mappings.h"

#include <stdlib.h>
#include <string.h>

#include "platform/atomics.h"
#include "platform/clock.h"

#define PAGE_MASK UINT64_C(4095)
#define PATIENCE_NS UINT64_C(5000000000)

static uint64_t end_of(const struct ms_region *r)
{
    return r->address + r->bytes;
}

// The first region that ends above an address.
static size_t find(const struct ms_mappings *m, uint64_t address)
{
    size_t low = 0, high = m->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (end_of(&m->regions[middle]) <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void note_gain(struct ms_mappings *m, const struct ms_region *r,
                      int64_t bytes, int regions)
{
    struct ms_mapped_totals *t = &m->totals;

    if (bytes > 0)
        t->map_bytes_total += (uint64_t)bytes;
    else
        t->unmap_bytes_total += (uint64_t)-bytes;
    t->map_count_total += regions > 0;
    t->unmap_count_total += regions < 0;
    t->bytes = t->map_bytes_total - t->unmap_bytes_total;
    t->regions = t->map_count_total - t->unmap_count_total;
    if (t->bytes > t->peak_bytes)
        t->peak_bytes = t->bytes;
    if (m->gain != NULL)
        m->gain(m->gain_arg, r, bytes, regions);
}

static bool insert(struct ms_mappings *m, size_t at, const struct ms_region *r)
{
    if (m->count == m->room) {
        size_t room = m->room == 0 ? 64 : m->room * 2;
        struct ms_region *moved =
            room <= MS_REGIONS_MOST
                ? realloc(m->regions, room * sizeof *m->regions)
                : NULL;
        if (moved == NULL) {
            m->lost++;
            return false;
        }
        m->regions = moved;
        m->room = room;
    }
    memmove(&m->regions[at + 1], &m->regions[at],
            (m->count - at) * sizeof *m->regions);
    m->regions[at] = *r;
    m->count++;
    return true;
}

static void erase(struct ms_mappings *m, size_t at)
{
    m->count--;
    memmove(&m->regions[at], &m->regions[at + 1],
            (m->count - at) * sizeof *m->regions);
}

// What lies between the two ends goes, and is remembered as taken by a thread.
static void cut(struct ms_mappings *m, uint64_t low, uint64_t high, uint32_t by)
{
    size_t i = find(m, low);

    while (i < m->count && m->regions[i].address < high) {
        struct ms_region whole = m->regions[i], piece = whole;
        piece.address = whole.address > low ? whole.address : low;
        piece.bytes =
            (end_of(&whole) < high ? end_of(&whole) : high) - piece.address;
        bool head = piece.address > whole.address;
        bool tail = end_of(&piece) < end_of(&whole);

        m->taken[m->taken_next++ % MS_REGIONS_TAKEN] =
            (struct ms_taken_region){.region = piece, .by = by};
        note_gain(m, &piece, -(int64_t)piece.bytes,
                  head && tail   ? 1
                  : head || tail ? 0
                                 : -1);
        if (!head && !tail) {
            erase(m, i);
            continue;
        }
        struct ms_region rest = whole;
        rest.address = end_of(&piece);
        rest.bytes = end_of(&whole) - rest.address;
        if (head)
            m->regions[i++].bytes = piece.address - whole.address;
        else
            m->regions[i++] = rest;
        if (head && tail && !insert(m, i++, &rest))
            note_gain(m, &rest, -(int64_t)rest.bytes, -1);
    }
}

static void add(struct ms_mappings *m, const struct ms_region *r, uint32_t by)
{
    cut(m, r->address, end_of(r), by);
    if (insert(m, find(m, r->address), r))
        note_gain(m, r, (int64_t)r->bytes, 1);
}

// Puts back what a thread has just taken there, in pieces as it was.
static void restore(struct ms_mappings *m, uint64_t low, uint64_t high,
                    uint32_t by)
{
    for (size_t i = 0; i < MS_REGIONS_TAKEN; i++) {
        struct ms_taken_region *t = &m->taken[i];
        if (t->by != by || by == 0 || t->region.address < low ||
            end_of(&t->region) > high)
            continue;
        add(m, &t->region, 0);
        t->by = 0;
    }
}

// The last one that a thread has taken says of what kind the moved one is.
static void take_kind(const struct ms_mappings *m, struct ms_region *r)
{
    for (size_t i = 0; i < MS_REGIONS_TAKEN; i++) {
        const struct ms_taken_region *t =
            &m->taken[(m->taken_next - 1 - i) % MS_REGIONS_TAKEN];
        if (t->by == r->thread && t->by != 0) {
            r->kind = t->region.kind;
            r->protection = t->region.protection;
            return;
        }
    }
}

bool ms_mappings_apply(struct ms_mappings *m,
                       enum ms_mapping_operation operation,
                       const struct ms_region *event)
{
    struct ms_region r = *event;

    if (r.bytes == 0 || r.bytes > UINT64_C(1) << 57 ||
        r.address > UINT64_C(1) << 57)
        return false;
    r.size_class = (uint8_t)ms_size_class(r.bytes);
    switch (operation) {
    case MS_MAPPING_MOVE:
        take_kind(m, &r);
        add(m, &r, 0);
        return true;
    case MS_MAPPING_MAP:
        add(m, &r, 0);
        return true;
    case MS_MAPPING_UNMAP:
        // What it took before is of no use any more.
        for (size_t i = 0; i < MS_REGIONS_TAKEN; i++)
            if (m->taken[i].by == r.thread)
                m->taken[i].by = 0;
        cut(m, r.address, end_of(&r), r.thread);
        return true;
    case MS_MAPPING_RESTORE:
        restore(m, r.address, end_of(&r), r.thread);
        return true;
    }
    return false;
}

static bool apply_event(struct ms_mappings *m, struct ms_mapping_event *e)
{
    // relaxed: published by the turn [M]
    uint64_t where = ms_load_relaxed(&e->where);
    uint64_t bytes = ms_load_relaxed(&e->bytes);
    uint64_t who = ms_load_relaxed(&e->who);
    struct ms_region r = {
        .address = where & ~PAGE_MASK,
        .bytes = bytes & ~PAGE_MASK,
        .stack = (uint32_t)who,
        .thread = (uint32_t)(who >> 32),
        .birth = ms_load_relaxed(&e->time),
        .kind = where >> 4 & 15,
        .protection = bytes & 15,
    };

    return r.kind <= MS_MAPPING_BREAK && r.stack < MS_NODE_CAPACITY &&
           r.thread <= MS_THREAD_CAPACITY &&
           ms_mappings_apply(m, (enum ms_mapping_operation)(where & 15), &r);
}

// Whether the thread that has claimed the next entry has been away for so long
// that the others wait no more: it may have left by a jump.
static bool given_up(struct ms_mappings *m)
{
    uint64_t now = ms_clock_monotonic_ns();

    if (m->stuck_ns == 0)
        m->stuck_ns = now;
    return now - m->stuck_ns > PATIENCE_NS;
}

uint64_t ms_mappings_read(struct ms_mappings *m, struct ms_segment_header *live,
                          struct ms_mapping_event *queue, uint32_t capacity,
                          bool last)
{
    // relaxed: only we write the tail; the head is a hint, the turns order
    uint64_t tail = ms_load_relaxed(&live->mapping_tail);
    uint64_t head = ms_load_relaxed(&live->mapping_head);
    uint64_t damaged = 0;

    for (uint32_t left = capacity; tail != head && left > 0; left--) {
        struct ms_mapping_event *e = &queue[tail & (capacity - 1)];
        uint32_t turn = (uint32_t)(tail / capacity * 2);
        // acquire: pairs with the thread that has filled it [M]
        bool filled = ms_load_acquire(&e->turn) == turn + 1;
        if (!filled && !last && !given_up(m))
            break;
        m->stuck_ns = 0;
        if (!filled || !apply_event(m, e))
            damaged++;
        // [N] release: the entry has been read; pairs with its next writer
        ms_store_release(&e->turn, turn + 2);
        tail++;
    }
    ms_store_relaxed(&live->mapping_tail, tail);
    return damaged;
}

void ms_mappings_fini(struct ms_mappings *m)
{
    free(m->regions);
}
