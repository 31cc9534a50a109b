// SPDX-License-Identifier: MIT
//
// mapped: the mapped memory of a session: what is read at each tick, and
// where its resident memory is, on request.

#include <stdlib.h>
#include <string.h>

#include "engine_private.h"
#include "platform/atomics.h"
#include "platform/memory.h"
#include "platform/memory_areas.h"

void ms_session_read_mappings(struct ms_session *s, bool last)
{
    s->reader.damaged += ms_mappings_read(
        &s->mappings, s->reader.live, ms_reader_mappings(&s->reader),
        s->reader.head.mapping_capacity, last);
}

void ms_session_book_mapping(void *arg, const struct ms_region *region,
                             int64_t bytes, int regions)
{
    struct ms_session *s = arg;
    bool in_totals = s->reader.head.options & MS_OPTION_MAPPED_IN_TOTALS;

    ms_model_book_mapping(&s->model, &s->reader, region, bytes, regions,
                          in_totals, s->seq);
}

void ms_session_mapped(struct ms_session *s, struct ms_mapped_stats *out)
{
    const struct ms_mapped_totals *t = &s->mappings.totals;

    *out = (struct ms_mapped_stats){
        .in_totals = s->reader.head.options & MS_OPTION_MAPPED_IN_TOTALS,
        .live_bytes = t->bytes,
        .live_regions = t->regions,
        .peak_bytes = t->peak_bytes,
        .map_bytes_total = t->map_bytes_total,
        .map_count_total = t->map_count_total,
        .unmap_bytes_total = t->unmap_bytes_total,
        .unmap_count_total = t->unmap_count_total,
        .dropped = ms_load_relaxed(&s->reader.live->dropped[MS_DROP_MAPS]) +
                   s->mappings.lost,
    };
}

// One request's view of the address space.
struct view {
    struct ms_memory_area *areas;
    uint8_t *is_stack; // by area
    size_t count;
};

static size_t area_above(const struct view *v, uint64_t address)
{
    size_t low = 0, high = v->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (v->areas[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void mark_stacks(struct ms_session *s, struct view *v)
{
    uint32_t threads = ms_reader_threads(&s->reader);

    for (uint32_t t = 0; t < threads; t++) {
        struct ms_thread_slot *slot = ms_reader_slot(&s->reader, t);
        // relaxed: no more than a hint of where to look
        uint64_t low = ms_load_relaxed(&slot->stack_low);
        uint64_t high = ms_load_relaxed(&slot->stack_high);
        if (ms_load_relaxed(&slot->state) != MS_THREAD_LIVE)
            continue;
        for (size_t i = area_above(v, low);
             i < v->count && v->areas[i].start < high; i++)
            v->is_stack[i] = 1;
    }
}

// Whether blocks of malloc live, or have lived, in an area: then its part of
// the live index is populated.
static bool has_blocks(struct ms_session *s, const struct ms_memory_area *a)
{
    const struct ms_segment_header *h = &s->reader.head;
    uint64_t low = (a->start >> MS_GRANULE_SHIFT) * 8;
    uint64_t high = (a->end >> MS_GRANULE_SHIFT) * 8, begin, end;

    if (high > h->index_bytes)
        return false;
    return ms_shared_next_data(s->reader.fd, h->index_offset + low, &begin,
                               &end) &&
           begin < h->index_offset + high;
}

static uint64_t *share_of(struct ms_session *s, const struct view *v, size_t i,
                          struct ms_resident *out)
{
    const struct ms_memory_area *a = &v->areas[i];

    switch (a->kind) {
    case MS_AREA_OWN:
        return &out->store_bytes;
    case MS_AREA_FILE:
        return a->executable ? &out->code_bytes : &out->file_bytes;
    case MS_AREA_STACK:
        return &out->stack_bytes;
    case MS_AREA_HEAP:
        return &out->heap_bytes;
    case MS_AREA_ANONYMOUS:
        break;
    }
    if (a->shared)
        return &out->shared_bytes;
    if (v->is_stack[i])
        return &out->stack_bytes;
    return has_blocks(s, a) ? &out->heap_bytes : &out->other_bytes;
}

// What of a region is resident; the areas lose it to the region.
static uint64_t resident_of(pid_t pid, struct view *v,
                            const struct ms_mapping_row *r)
{
    uint64_t end = r->address + r->bytes, sum = 0;

    for (size_t i = area_above(v, r->address);
         i < v->count && v->areas[i].start < end; i++) {
        struct ms_memory_area *a = &v->areas[i];
        uint64_t low = a->start > r->address ? a->start : r->address;
        uint64_t high = a->end < end ? a->end : end;
        uint64_t part = a->resident_bytes;
        // Areas of the same kind are one to the system: then by page.
        if (part != 0 && high - low < a->end - a->start)
            part = ms_memory_resident(pid, low, high);
        if (part == UINT64_MAX)
            return UINT64_MAX;
        if (part > a->resident_bytes) // it has grown in between
            part = a->resident_bytes;
        a->resident_bytes -= part;
        sum += part;
    }
    return sum;
}

static void describe(const struct ms_session *s, const struct ms_region *r,
                     struct ms_mapping_row *out)
{
    uint64_t start = s->reader.head.start_ns;
    uint64_t now = (start + ms_session_uptime_ns(s)) >> MS_BIRTH_SHIFT;
    uint64_t age = (now - r->birth) & ((UINT64_C(1) << MS_BIRTH_BITS) - 1);
    uint64_t birth = (now - age) << MS_BIRTH_SHIFT;

    *out = (struct ms_mapping_row){
        .address = r->address,
        .bytes = r->bytes,
        .kind = r->kind == MS_MAPPING_FILE    ? "file"
                : r->kind == MS_MAPPING_BREAK ? "break"
                                              : "anonymous",
        .readable = r->protection & 1,
        .writable = r->protection & 2,
        .executable = r->protection & 4,
        .shared = r->protection & MS_MAPPING_SHARED,
        .site = r->stack != 0 ? ms_model_known_site(&s->model, r->stack) : 0,
        .thread = r->thread,
        .birth_ns = birth > start ? birth - start : 0,
        .resident_bytes = UINT64_MAX,
    };
}

// Fills in what is resident, as far as the system tells.
void ms_session_join_regions(struct ms_session *s,
                             struct ms_mappings_picture *out)
{
    struct view v = {0};
    struct ms_resident *sum = &out->resident;

    *sum = (struct ms_resident){
        .total_bytes = UINT64_MAX,
        .mapped_bytes = UINT64_MAX,
        .store_bytes = UINT64_MAX,
        .heap_bytes = UINT64_MAX,
        .stack_bytes = UINT64_MAX,
        .code_bytes = UINT64_MAX,
        .file_bytes = UINT64_MAX,
        .shared_bytes = UINT64_MAX,
        .other_bytes = UINT64_MAX,
    };
    if (s->state == MS_SESSION_ENDED ||
        ms_memory_areas(s->pid, &v.areas, &v.count) != 0)
        return;
    v.is_stack = calloc(v.count + 1, 1);
    if (v.is_stack == NULL)
        goto out;
    *sum = (struct ms_resident){0};
    mark_stacks(s, &v);
    for (size_t i = 0; i < v.count; i++)
        sum->total_bytes += v.areas[i].resident_bytes;
    for (size_t i = 0; i < out->count; i++) {
        struct ms_mapping_row *r = &out->rows[i];
        r->resident_bytes = resident_of(s->pid, &v, r);
        if (r->resident_bytes != UINT64_MAX)
            sum->mapped_bytes += r->resident_bytes;
    }
    for (size_t i = 0; i < v.count; i++)
        *share_of(s, &v, i, sum) += v.areas[i].resident_bytes;
out:
    free(v.is_stack);
    free(v.areas);
}

enum memscope_status ms_session_regions(struct ms_session *s,
                                        struct ms_mappings_picture *out)
{
    *out = (struct ms_mappings_picture){.session = s->id, .seq = s->seq};
    memcpy(out->epoch, s->epoch, sizeof out->epoch);
    out->rows = calloc(s->mappings.count + 1, sizeof *out->rows);
    for (size_t i = 0; out->rows != NULL && i < s->mappings.count; i++)
        describe(s, &s->mappings.regions[i], &out->rows[out->count++]);
    return out->rows != NULL ? MEMSCOPE_OK : MEMSCOPE_ERROR_MEMORY;
}

enum memscope_status ms_engine_mappings(struct ms_engine *e, uint32_t session,
                                        struct ms_mappings_picture *out)
{
    struct ms_session *s = ms_engine_hold(e, session);

    *out = (struct ms_mappings_picture){0};
    if (s == NULL)
        return MEMSCOPE_ERROR_NOT_FOUND;
    pthread_mutex_lock(&s->lock);
    enum memscope_status status = ms_session_regions(s, out);
    pthread_mutex_unlock(&s->lock);
    // The kernel is asked without the lock: a tick does not wait for it.
    if (status == MEMSCOPE_OK)
        ms_session_join_regions(s, out);
    ms_engine_let_go(e, s);
    return status;
}
