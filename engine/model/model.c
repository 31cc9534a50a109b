// SPDX-License-Identifier: MIT
// See model.h for the contract.

#include "model/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "platform/atomics.h"
#include "platform/memory.h"

#define SEEN_BYTES ((size_t)MS_ROW_CAPACITY * sizeof(struct ms_row_seen))
#define DETAIL_BYTES ((size_t)MS_ROW_CAPACITY * MS_DETAIL_BYTES)

enum memscope_status ms_model_init(struct ms_model *m)
{
    *m = (struct ms_model){0};
    m->seen = ms_memory_map(SEEN_BYTES);
    m->details = ms_memory_map(DETAIL_BYTES);
    m->groups = ms_memory_map(MS_GROUPS * sizeof *m->groups);
    enum memscope_status status = ms_stack_table_init(&m->stacks);
    if (m->seen == NULL || m->details == NULL || m->groups == NULL)
        status = MEMSCOPE_ERROR_MEMORY;
    if (status != MEMSCOPE_OK)
        ms_model_fini(m);
    return status;
}

void ms_model_fini(struct ms_model *m)
{
    if (m->seen != NULL)
        ms_memory_unmap(m->seen, SEEN_BYTES);
    if (m->details != NULL)
        ms_memory_unmap(m->details, DETAIL_BYTES);
    if (m->groups != NULL)
        ms_memory_unmap(m->groups, MS_GROUPS * sizeof *m->groups);
    ms_stack_table_fini(&m->stacks);
    ms_pairs_fini(&m->pairs);
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
           m->rows_seen * sizeof *m->seen + m->details_seen * MS_DETAIL_BYTES +
           m->pairs.slot_count * sizeof *m->pairs.slots +
           m->site_slot_count * sizeof *m->site_slots +
           ms_stack_table_bytes(&m->stacks);
}

bool ms_model_reserve(void **items, size_t count, size_t *room, size_t bytes)
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

struct ms_thread *ms_model_thread(struct ms_model *m, uint32_t slot)
{
    while (m->thread_count <= slot) {
        if (!ms_model_reserve((void **)&m->threads, m->thread_count,
                              &m->thread_room, sizeof *m->threads))
            return NULL;
        struct ms_thread *t = &m->threads[m->thread_count++];
        *t = (struct ms_thread){.active = true, .state = '?', .cpu = NAN};
        ms_model_empty_trend(t->trend);
    }
    return &m->threads[slot];
}

void ms_model_rate_later(struct ms_model *m, uint32_t site)
{
    if (m->sites[site].rated)
        return;
    if (!ms_model_reserve((void **)&m->rated_sites, m->rated_count,
                          &m->rated_room, sizeof *m->rated_sites))
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
    struct ms_stack_sums *stack;
    struct ms_site *site;
    struct ms_thread *allocator;
    struct ms_thread *freer; // NULL when it is the allocator
    uint32_t size_class;
    uint32_t sampling;
    uint64_t *freed_units; // of the owner
};

// A row that is met for the first time.
static bool meet_row(struct ms_model *m, struct ms_reader *r, uint32_t row,
                     uint32_t node, uint32_t allocator)
{
    struct ms_row_seen *seen = &m->seen[row];

    seen->stack = ms_model_stack(m, r, node);
    if (seen->stack == 0)
        return false;
    (void)ms_reader_stack(r, node, &(uint32_t){0}, &seen->context);
    struct ms_stack_sums *stack =
        ms_stack_table_at(&m->stacks, seen->stack - 1);
    seen->next_of_stack = stack->rows;
    stack->rows = row;
    seen->next_of_thread = m->threads[allocator].rows;
    m->threads[allocator].rows = row;
    m->rows_seen++;
    return true;
}

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
    // The larger slot first: making it may move the array.
    uint32_t high = key.thread > owner.thread ? key.thread : owner.thread;
    if (ms_model_thread(m, high) == NULL)
        return false;
    if (out->seen->stack == 0 && !meet_row(m, r, row, key.stack, owner.thread))
        goto damaged;
    out->stack = ms_stack_table_at(&m->stacks, out->seen->stack - 1);
    ms_model_rate_later(m, out->stack->site);
    out->site = &m->sites[out->stack->site];
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

static void book_threads(struct ms_model *m, const struct place *p,
                         uint64_t count, uint64_t bytes, uint64_t seq)
{
    p->allocator->free_count += count;
    p->allocator->free_bytes += bytes;
    if (p->freer == NULL) {
        p->allocator->own_frees += count;
        p->allocator->own_free_bytes += bytes;
        return;
    }
    p->freer->cross_frees += count;
    p->freer->cross_free_bytes += bytes;
    p->freer->changed_seq = seq;
    m->cross_frees += count;
    if ((count | bytes) != 0)
        ms_pairs_add(&m->pairs, (uint32_t)(p->allocator - m->threads),
                     (uint32_t)(p->freer - m->threads), count, bytes);
}

static struct ms_detail_seen *detail_of(struct ms_model *m, uint32_t row,
                                        struct place *p)
{
    m->details_seen += !p->seen->detailed;
    p->seen->detailed = true;
    return &m->details[row];
}

// Of a row that has gained `count` frees, which have lived for `units` in all.
static void read_lifetimes(struct ms_model *m, struct ms_reader *r,
                           uint32_t row, struct place *p, uint64_t count,
                           uint64_t units)
{
    struct ms_lifetimes *const sums[] = {
        &p->site->lifetimes, &p->allocator->lifetimes, &m->lifetimes};
    bool exact = p->sampling == 0;
    uint64_t others = 0;

    // Without units none of an exact row's buckets has gained.
    if (units != 0 || !exact)
        others = ms_details_read_lifetimes(
            detail_of(m, row, p), ms_reader_row_detail(r, row), sums, 3);
    if (!exact)
        return;
    if (p->seen->detailed)
        count = ms_details_first(&m->details[row], count, others);
    for (size_t i = 0; i < 3; i++)
        sums[i]->count[0] += count;
}

// Whether a row has nothing new: most of those that are read again.
static bool no_frees(const struct ms_row *from, const struct ms_row_seen *seen)
{
    // relaxed: nothing is concluded from what was seen before
    return seen->stack != 0 &&
           ms_load_relaxed(&from->free_count) == seen->free_count &&
           ms_load_relaxed(&from->free_bytes) == seen->free_bytes &&
           ms_load_relaxed(&from->lifetime_units) == seen->lifetime_units &&
           ms_load_relaxed(&from->temporary_count) == seen->temporary_count;
}

static bool no_allocations(const struct ms_row *from,
                           const struct ms_row_seen *seen)
{
    // One with reallocs has chains, which may lag behind the counts.
    return seen->stack != 0 && ms_load_relaxed(&from->realloc_count) == 0 &&
           ms_load_relaxed(&from->alloc_count) == seen->alloc_count &&
           ms_load_relaxed(&from->alloc_bytes) == seen->alloc_bytes;
}

void ms_model_expect(const struct ms_model *m, struct ms_reader *r,
                     uint32_t row)
{
    __builtin_prefetch(ms_reader_row(r, row));
    __builtin_prefetch(&m->seen[row].alloc_count);
    __builtin_prefetch(&m->seen[row].stack);
}

void ms_model_expect_stack(const struct ms_model *m, uint32_t row)
{
    uint32_t stack = m->seen[row].stack;

    if (stack == 0)
        return;
    const struct ms_stack_sums *s = ms_stack_table_at(&m->stacks, stack - 1);
    __builtin_prefetch(&s->changed_seq);
    __builtin_prefetch(&s->lifetime_units);
}

static void take_frees(struct ms_model *m, struct ms_reader *r, uint32_t row,
                       struct place *p, uint64_t seq)
{
    struct ms_row *from = ms_reader_row(r, row);
    // [C] acquire: what these frees have freed was allocated before
    uint64_t count =
        gain(r, ms_load_acquire(&from->free_count), &p->seen->free_count);
    uint64_t bytes =
        gain(r, ms_load_acquire(&from->free_bytes), &p->seen->free_bytes);
    uint64_t units = gain(r, ms_load_relaxed(&from->lifetime_units),
                          &p->seen->lifetime_units);
    uint32_t temporary = ms_load_relaxed(&from->temporary_count);
    uint32_t temporaries = temporary - p->seen->temporary_count; // may wrap

    if (p->sampling != 0) {
        *p->freed_units += count;
        count = whole(*p->freed_units - count, *p->freed_units);
    }
    p->seen->temporary_count = temporary;
    if (p->seen->context != 0)
        ms_groups_freed(m->groups, r, p->seen->context, count, bytes);
    p->stack->free_count += count;
    p->stack->free_bytes += bytes;
    p->stack->lifetime_units += units;
    p->stack->temporary_count += temporaries;
    if ((count | bytes | units | temporaries) != 0)
        ms_stack_table_touch(&m->stacks, p->seen->stack - 1, seq);
    p->site->free_count += count;
    p->site->free_bytes += bytes;
    p->site->lifetime_units += units;
    p->site->temporary_count += temporaries;
    book_threads(m, p, count, bytes, seq);
    if ((count | bytes | units) != 0)
        read_lifetimes(m, r, row, p, count, units);
    m->heap.free_count_total += count;
    m->heap.free_bytes_total += bytes;
    m->heap.temporary_count_total += temporaries;
    m->size_blocks[p->size_class] -= count;
    m->size_bytes[p->size_class] -= bytes;
    m->sampled_bytes[p->sampling][p->size_class] -= bytes;
}

static void take_allocations(struct ms_model *m, struct ms_reader *r,
                             uint32_t row, struct place *p, uint64_t seq)
{
    struct ms_row *from = ms_reader_row(r, row);
    // relaxed: ordered by the frees' acquire [C]
    uint64_t before = p->seen->alloc_count;
    uint64_t count =
        gain(r, ms_load_relaxed(&from->alloc_count), &p->seen->alloc_count);
    uint64_t bytes =
        gain(r, ms_load_relaxed(&from->alloc_bytes), &p->seen->alloc_bytes);
    uint32_t realloc_now = ms_load_relaxed(&from->realloc_count);
    uint32_t reallocs = realloc_now - p->seen->realloc_count; // may wrap

    if (p->sampling != 0)
        count = whole(before, before + count);
    p->seen->realloc_count = realloc_now;
    if (p->seen->context != 0)
        ms_groups_allocated(m->groups, r, p->seen->context, count, bytes);
    p->stack->alloc_count += count;
    p->stack->alloc_bytes += bytes;
    p->stack->realloc_count += reallocs;
    if ((count | bytes | reallocs) != 0)
        ms_stack_table_touch(&m->stacks, p->seen->stack - 1, seq);
    p->site->alloc_count += count;
    p->site->alloc_bytes += bytes;
    p->site->realloc_count += reallocs;
    ms_site_note_low(p->site);
    // One that has lagged behind the count is seen a tick later.
    if (p->seen->realloc_count != 0)
        ms_details_read_chains(detail_of(m, row, p),
                               ms_reader_row_detail(r, row), &p->site->chains);
    p->allocator->alloc_count += count;
    p->allocator->alloc_bytes += bytes;
    m->heap.alloc_count_total += count;
    m->heap.alloc_bytes_total += bytes;
    m->heap.realloc_count_total += reallocs;
    m->size_blocks[p->size_class] += count;
    m->size_bytes[p->size_class] += bytes;
    m->sampled_bytes[p->sampling][p->size_class] += bytes;
}

void ms_model_read_frees(struct ms_model *m, struct ms_reader *r, uint32_t row,
                         uint64_t seq)
{
    struct place p;

    if (!no_frees(ms_reader_row(r, row), &m->seen[row]) &&
        find_place(m, r, row, seq, &p))
        take_frees(m, r, row, &p, seq);
}

void ms_model_read_own(struct ms_model *m, struct ms_reader *r, uint32_t row,
                       uint64_t seq)
{
    const struct ms_row *from = ms_reader_row(r, row);
    const struct ms_row_seen *seen = &m->seen[row];
    bool frees = !no_frees(from, seen);
    struct place p;

    if ((!frees && no_allocations(from, seen)) ||
        !find_place(m, r, row, seq, &p))
        return;
    if (frees)
        take_frees(m, r, row, &p, seq);
    if (!no_allocations(from, seen))
        take_allocations(m, r, row, &p, seq);
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
