// SPDX-License-Identifier: MIT
// See model.h for the contract.

#include "model/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "platform/atomics.h"
#include "platform/memory.h"

#define SEEN_BYTES ((size_t)MS_ROW_CAPACITY * sizeof(struct ms_row_seen))
#define NODE_BYTES ((size_t)MS_NODE_CAPACITY * sizeof(uint32_t))

enum memscope_status ms_model_init(struct ms_model *m)
{
    *m = (struct ms_model){0};
    m->seen = ms_memory_map(SEEN_BYTES);
    m->site_of_node = ms_memory_map(NODE_BYTES);
    m->groups = ms_memory_map(MS_GROUPS * sizeof *m->groups);
    if (m->seen != NULL && m->site_of_node != NULL && m->groups != NULL)
        return MEMSCOPE_OK;
    ms_model_fini(m);
    return MEMSCOPE_ERROR_MEMORY;
}

void ms_model_fini(struct ms_model *m)
{
    if (m->seen != NULL)
        ms_memory_unmap(m->seen, SEEN_BYTES);
    if (m->site_of_node != NULL)
        ms_memory_unmap(m->site_of_node, NODE_BYTES);
    if (m->groups != NULL)
        ms_memory_unmap(m->groups, MS_GROUPS * sizeof *m->groups);
    free(m->sites);
    free(m->site_slots);
    free(m->threads);
    free(m->rated_sites);
    *m = (struct ms_model){0};
}

uint64_t ms_model_bytes(const struct ms_model *m)
{
    return m->site_room * sizeof *m->sites +
           m->thread_room * sizeof *m->threads +
           m->rated_room * sizeof *m->rated_sites +
           m->rows_seen * sizeof *m->seen +
           m->site_slot_count * sizeof *m->site_slots +
           m->site_count * sizeof *m->site_of_node;
}

// Makes room for one more; *items may move.
static bool reserve(void **items, size_t count, size_t *room, size_t bytes)
{
    if (count < *room)
        return true;
    size_t more = *room == 0 ? 64 : *room * 2;
    void *moved = realloc(*items, more * bytes);
    if (moved == NULL)
        return false;
    *items = moved;
    *room = more;
    return true;
}

static void empty_trend(float trend[MS_TREND_POINTS])
{
    for (size_t i = 0; i < MS_TREND_POINTS; i++)
        trend[i] = NAN;
}

struct ms_thread *ms_model_thread(struct ms_model *m, uint32_t slot)
{
    while (m->thread_count <= slot) {
        if (!reserve((void **)&m->threads, m->thread_count, &m->thread_room,
                     sizeof *m->threads))
            return NULL;
        struct ms_thread *t = &m->threads[m->thread_count++];
        *t = (struct ms_thread){.active = true, .state = '?', .cpu = NAN};
        empty_trend(t->trend);
    }
    return &m->threads[slot];
}

static uint32_t *slot_of_address(const struct ms_model *m, uint64_t address)
{
    size_t i = (size_t)(address * UINT64_C(0x9E3779B97F4A7C15) >> 20);

    for (;; i++) {
        uint32_t *slot = &m->site_slots[i & (m->site_slot_count - 1)];
        if (*slot == 0 || m->sites[*slot - 1].address == address)
            return slot;
    }
}

// Makes room for one more site and its slot.
static bool reserve_site(struct ms_model *m)
{
    if (!reserve((void **)&m->sites, m->site_count, &m->site_room,
                 sizeof *m->sites))
        return false;
    if (m->site_slot_count > 2 * m->site_count)
        return true;
    size_t count = m->site_slot_count == 0 ? 256 : m->site_slot_count * 2;
    uint32_t *slots = calloc(count, sizeof *slots);
    if (slots == NULL)
        return false;
    free(m->site_slots);
    m->site_slots = slots;
    m->site_slot_count = count;
    for (size_t i = 0; i < m->site_count; i++)
        *slot_of_address(m, m->sites[i].address) = (uint32_t)i + 1;
    return true;
}

uint32_t ms_model_site(struct ms_model *m, struct ms_reader *r, uint32_t stack)
{
    struct ms_node node;
    uint32_t real, context;

    if (!ms_reader_stack(r, stack, &real, &context) ||
        !ms_reader_node(r, real, &node))
        return 0;
    if (m->site_of_node[stack] != 0)
        return m->site_of_node[stack];
    if (!reserve_site(m))
        return 0;
    uint32_t *slot = slot_of_address(m, node.address);
    if (*slot != 0) {
        m->site_of_node[stack] = *slot;
        return *slot;
    }
    struct ms_site *s = &m->sites[m->site_count++];
    *s = (struct ms_site){
        .address = node.address,
        .stack = real,
        .function = "?",
        .file = "",
        .module = "",
    };
    empty_trend(s->trend);
    *slot = (uint32_t)m->site_count;
    m->site_of_node[stack] = *slot;
    return *slot;
}

void ms_model_rate_later(struct ms_model *m, uint32_t site)
{
    if (m->sites[site].rated)
        return;
    if (!reserve((void **)&m->rated_sites, m->rated_count, &m->rated_room,
                 sizeof *m->rated_sites))
        return; // its rate stays as it was
    m->rated_sites[m->rated_count++] = site;
    m->sites[site].rated = true;
}

// A counter's gain since it was read last; a counter never falls.
static uint64_t gain(struct ms_reader *r, uint64_t now, uint64_t *seen)
{
    uint64_t more = now - *seen;

    if (now < *seen) {
        r->damaged++;
        return 0;
    }
    *seen = now;
    return more;
}

// Whole blocks between two counts in units of 2^-MS_COUNT_SHIFT.
static uint64_t whole(uint64_t before, uint64_t now)
{
    return (now >> MS_COUNT_SHIFT) - (before >> MS_COUNT_SHIFT);
}

// Where a row's events are booked.
struct place {
    struct ms_row_seen *seen;
    struct ms_site *site;
    struct ms_thread *allocator;
    struct ms_thread *freer; // NULL when it is the allocator
    uint32_t size_class;
    uint32_t sampling;
    uint64_t *freed_units; // of the owner
};

static bool find_place(struct ms_model *m, struct ms_reader *r, uint32_t row,
                       uint64_t seq, struct place *out)
{
    struct ms_row_key key, owner;

    if (!ms_reader_row_key(r, row, &key))
        goto damaged;
    owner = key;
    if (key.owner != 0 && !ms_reader_row_key(r, key.owner, &owner))
        goto damaged;
    out->seen = &m->seen[row];
    if (out->seen->site == 0) {
        out->seen->site = ms_model_site(m, r, key.stack);
        if (out->seen->site == 0)
            goto damaged;
        (void)ms_reader_stack(r, key.stack, &(uint32_t){0},
                              &out->seen->context);
        m->rows_seen++;
    }
    // The larger slot first: making it may move the array.
    uint32_t high = key.thread > owner.thread ? key.thread : owner.thread;
    if (ms_model_thread(m, high) == NULL)
        return false;
    uint32_t site = out->seen->site - 1;
    ms_model_rate_later(m, site);
    out->site = &m->sites[site];
    out->site->changed_seq = seq;
    out->allocator = &m->threads[owner.thread];
    out->allocator->changed_seq = seq;
    out->freer = key.owner != 0 ? &m->threads[key.thread] : NULL;
    out->size_class = owner.size_class;
    out->sampling = key.sampling;
    out->freed_units = &m->seen[key.owner != 0 ? key.owner : row].freed_units;
    return true;

damaged:
    r->damaged++;
    return false;
}

void ms_model_read_frees(struct ms_model *m, struct ms_reader *r, uint32_t row,
                         uint64_t seq)
{
    struct ms_row *from = ms_reader_row(r, row);
    struct place p;

    if (!find_place(m, r, row, seq, &p))
        return;
    // [C] acquire: what these frees have freed was allocated before
    uint64_t count =
        gain(r, ms_load_acquire(&from->free_count), &p.seen->free_count);
    uint64_t bytes =
        gain(r, ms_load_acquire(&from->free_bytes), &p.seen->free_bytes);
    uint64_t units = gain(r, ms_load_relaxed(&from->lifetime_units),
                          &p.seen->lifetime_units);
    uint32_t temporary = ms_load_relaxed(&from->temporary_count);
    uint32_t temporaries = temporary - p.seen->temporary_count; // may wrap

    if (p.sampling != 0) {
        *p.freed_units += count;
        count = whole(*p.freed_units - count, *p.freed_units);
    }
    p.seen->temporary_count = temporary;
    ms_groups_freed(m->groups, r, p.seen->context, count, bytes);
    p.site->free_count += count;
    p.site->free_bytes += bytes;
    p.site->lifetime_units += units;
    p.site->temporary_count += temporaries;
    p.allocator->free_count += count;
    p.allocator->free_bytes += bytes;
    if (p.freer != NULL) {
        p.freer->cross_frees += count;
        p.freer->changed_seq = seq;
        m->cross_frees += count;
    }
    m->heap.free_count_total += count;
    m->heap.free_bytes_total += bytes;
    m->heap.temporary_count_total += temporaries;
    m->size_blocks[p.size_class] -= count;
    m->size_bytes[p.size_class] -= bytes;
    m->sampled_bytes[p.sampling][p.size_class] -= bytes;
}

void ms_model_read_allocations(struct ms_model *m, struct ms_reader *r,
                               uint32_t row, uint64_t seq)
{
    struct ms_row *from = ms_reader_row(r, row);
    struct place p;

    if (!find_place(m, r, row, seq, &p))
        return;
    // relaxed: ordered by the frees' acquire [C]
    uint64_t before = p.seen->alloc_count;
    uint64_t count =
        gain(r, ms_load_relaxed(&from->alloc_count), &p.seen->alloc_count);
    uint64_t bytes =
        gain(r, ms_load_relaxed(&from->alloc_bytes), &p.seen->alloc_bytes);
    uint32_t realloc_now = ms_load_relaxed(&from->realloc_count);
    uint32_t reallocs = realloc_now - p.seen->realloc_count; // may wrap

    if (p.sampling != 0)
        count = whole(before, before + count);
    p.seen->realloc_count = realloc_now;
    ms_groups_allocated(m->groups, r, p.seen->context, count, bytes);
    p.site->alloc_count += count;
    p.site->alloc_bytes += bytes;
    p.site->realloc_count += reallocs;
    ms_site_note_low(p.site);
    p.allocator->alloc_count += count;
    p.allocator->alloc_bytes += bytes;
    m->heap.alloc_count_total += count;
    m->heap.alloc_bytes_total += bytes;
    m->heap.realloc_count_total += reallocs;
    m->size_blocks[p.size_class] += count;
    m->size_bytes[p.size_class] += bytes;
    m->sampled_bytes[p.sampling][p.size_class] += bytes;
}

// A block of n bytes, sampled with p = 1 - exp(-n/T), stands for n/p bytes:
// its share of the variance is n^2 (1-p)/p per live block, which is
// n * n/(exp(n/T)-1). Blocks of a class are taken to have its middle size.
void ms_model_error(const struct ms_model *m,
                    const uint64_t intervals[MS_SAMPLING_LEVELS], double *bytes,
                    double *blocks)
{
    double bytes_variance = 0, blocks_variance = 0;

    for (uint32_t level = 1; level < MS_SAMPLING_LEVELS; level++)
        for (uint32_t class = 0; class < MS_SIZE_CLASSES; class ++) {
            double live = (double)m->sampled_bytes[level][class];
            double size = class == 0 ? 1 : 0.75 * ldexp(1, (int)class);
            double odds = 1 / expm1(size / (double)intervals[level]);
            if (live <= 0 || intervals[level] == 0)
                continue;
            bytes_variance += live * size * odds;
            blocks_variance += live / size * odds;
        }
    *bytes = sqrt(bytes_variance);
    *blocks = sqrt(blocks_variance);
}

static void rate_site(struct ms_site *s, double seconds, uint64_t seq)
{
    s->alloc_rate =
        (float)((double)(s->alloc_count - s->alloc_count_1s) / seconds);
    s->free_rate =
        (float)((double)(s->free_count - s->free_count_1s) / seconds);
    s->alloc_count_1s = s->alloc_count;
    s->free_count_1s = s->free_count;
    s->changed_seq = seq;
}

void ms_model_second(struct ms_model *m, double seconds, uint64_t seq)
{
    size_t kept = 0;

    for (size_t i = 0; i < m->rated_count; i++) {
        struct ms_site *s = &m->sites[m->rated_sites[i]];
        rate_site(s, seconds, seq);
        // One more second for those that moved, to show that they stopped.
        s->rated = s->alloc_rate > 0 || s->free_rate > 0;
        if (s->rated)
            m->rated_sites[kept++] = m->rated_sites[i];
    }
    m->rated_count = kept;
    for (size_t i = 0; i < m->thread_count; i++) {
        struct ms_thread *t = &m->threads[i];
        double bytes = (double)(t->alloc_bytes - t->alloc_bytes_1s) / seconds;
        double count = (double)(t->alloc_count - t->alloc_count_1s) / seconds;
        if (bytes != t->bytes_rate || count != t->count_rate)
            t->changed_seq = seq;
        t->bytes_rate = bytes;
        t->count_rate = count;
        t->alloc_bytes_1s = t->alloc_bytes;
        t->alloc_count_1s = t->alloc_count;
    }
}

// True when the point changes the picture.
static bool add_point(float trend[MS_TREND_POINTS], uint32_t head,
                      uint64_t alloc_bytes, uint64_t free_bytes)
{
    float before = trend[(head + MS_TREND_POINTS - 1) % MS_TREND_POINTS];
    float dropped = trend[head];
    float next = (float)(alloc_bytes - free_bytes);

    trend[head] = next;
    if (next != before || next != dropped)
        return true;
    // The ends are equal; what lies between has moved by one all the same.
    for (uint32_t i = 0; i < MS_TREND_POINTS; i++)
        if (trend[i] != next)
            return true;
    return false;
}

void ms_model_trend(struct ms_model *m, uint64_t seq)
{
    uint32_t head = m->trend_head;

    for (size_t i = 0; i < m->site_count; i++) {
        struct ms_site *s = &m->sites[i];
        if (add_point(s->trend, head, s->alloc_bytes, s->free_bytes))
            s->changed_seq = seq;
    }
    for (size_t i = 0; i < m->thread_count; i++) {
        struct ms_thread *t = &m->threads[i];
        if (add_point(t->trend, head, t->alloc_bytes, t->free_bytes))
            t->changed_seq = seq;
    }
    m->trend_head = (head + 1) % MS_TREND_POINTS;
}
