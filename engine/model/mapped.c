// SPDX-License-Identifier: MIT
//
// mapped: mapped regions in the model's sums.

#include "model.h"

// Sizes and counts by two's complement: what is lost is a gain below zero.
static void book_gain(uint64_t *alloc, uint64_t *freed, int64_t gained)
{
    if (gained > 0)
        *alloc += (uint64_t)gained;
    else
        *freed += (uint64_t)-gained;
}

static void book_in_totals(struct ms_model *m, struct ms_stack_sums *stack,
                           struct ms_thread *thread,
                           const struct ms_region *region, int64_t bytes,
                           int regions)
{
    struct ms_heap_totals *h = &m->heap;
    struct ms_site *site = &m->sites[stack->site];

    book_gain(&stack->alloc_bytes, &stack->free_bytes, bytes);
    book_gain(&stack->alloc_count, &stack->free_count, regions);
    book_gain(&site->alloc_bytes, &site->free_bytes, bytes);
    book_gain(&site->alloc_count, &site->free_count, regions);
    book_gain(&thread->alloc_bytes, &thread->free_bytes, bytes);
    book_gain(&thread->alloc_count, &thread->free_count, regions);
    // Who has unmapped it is not known: as if its thread had.
    if (bytes < 0)
        thread->own_free_bytes += (uint64_t)-bytes;
    if (regions < 0)
        thread->own_frees += (uint64_t)-regions;
    book_gain(&h->alloc_bytes_total, &h->free_bytes_total, bytes);
    book_gain(&h->alloc_count_total, &h->free_count_total, regions);
    m->size_bytes[region->size_class] += (uint64_t)bytes;
    m->size_blocks[region->size_class] += (uint64_t)(int64_t)regions;
}

void ms_model_book_mapping(struct ms_model *m, struct ms_reader *r,
                           const struct ms_region *region, int64_t bytes,
                           int regions, bool in_totals, uint64_t seq)
{
    // Of an unknown thread or stack, it counts among the mapped bytes alone.
    uint32_t known = region->stack != 0 && region->thread != 0
                         ? ms_model_stack(m, r, region->stack)
                         : 0;
    if (known == 0 || ms_model_thread(m, region->thread - 1) == NULL)
        return;
    struct ms_stack_sums *stack = ms_stack_table_at(&m->stacks, known - 1);
    struct ms_site *site = &m->sites[stack->site];
    struct ms_thread *thread = &m->threads[region->thread - 1];

    stack->mapped_bytes += (uint64_t)bytes;
    ms_stack_table_touch(&m->stacks, known - 1, seq);
    site->mapped_bytes += (uint64_t)bytes;
    site->changed_seq = seq;
    if (!in_totals)
        return;
    ms_model_rate_later(m, stack->site);
    thread->changed_seq = seq;
    book_in_totals(m, stack, thread, region, bytes, regions);
}
