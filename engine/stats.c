// SPDX-License-Identifier: MIT
//
// stats: the numbers of one tick, made of what the collector has read, and
// published as its picture.

#include "session.h"

#include <string.h>

#include "platform/atomics.h"
#include "platform/clock.h"
#include "runtime/control.h"

#define SURE 1.96 // standard errors to each side: 95 of 100 cases

static uint64_t sum_unknown_frees(struct ms_session *s)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < s->model.thread_count; i++) {
        struct ms_thread *t = &s->model.threads[i];
        if (t->active)
            t->unknown_frees =
                ms_load_relaxed(&ms_reader_slot(&s->reader, i)->unknown_frees);
        sum += t->unknown_frees;
    }
    return sum;
}

static void fill_system(const struct ms_session *s, struct ms_stats *out)
{
    const struct ms_process_sample *p = &s->sample;

    out->system = (struct ms_system_stats){
        .cpu_usage = p->cpu_usage,
        .memory_usage = p->memory_usage,
        .process_cpu = p->process_cpu,
        .cpu_ns = p->cpu_ns,
        .cores = p->cores,
        .thread_count = p->thread_count,
        .threads_running = s->threads_running,
        .active_allocations = out->heap.live_blocks,
        .peak_memory = out->heap.peak_bytes,
        .rss_bytes = p->rss_bytes,
        .peak_rss_bytes = p->peak_rss_bytes,
        .pss_bytes = s->pss_bytes,
        .virtual_bytes = p->virtual_bytes,
        .minor_faults = p->minor_faults,
        .major_faults = p->major_faults,
        .machine_memory_bytes = p->machine_memory_bytes,
        .machine_available_bytes = p->machine_available_bytes,
        .cgroup_limit_bytes = p->cgroup_limit_bytes,
        .cgroup_used_bytes = p->cgroup_used_bytes,
    };
}

static void fill_heap(struct ms_session *s, struct ms_heap_totals *out)
{
    struct ms_heap_totals *h = &s->model.heap;
    struct ms_segment_header *live = s->reader.live;
    int64_t posted = ms_load_relaxed(&live->posted_peak_bytes);
    uint64_t posted_ns = ms_load_relaxed(&live->posted_peak_ns);

    h->live_bytes = h->alloc_bytes_total - h->free_bytes_total;
    h->live_blocks = h->alloc_count_total - h->free_count_total;
    // Between two ticks the threads themselves have seen the peak.
    if (posted > 0 && (uint64_t)posted > h->peak_bytes) {
        h->peak_bytes = (uint64_t)posted;
        h->peak_time_ns = posted_ns > s->reader.head.start_ns
                              ? posted_ns - s->reader.head.start_ns
                              : 0;
    }
    if (h->live_bytes > h->peak_bytes) {
        h->peak_bytes = h->live_bytes;
        h->peak_time_ns = ms_session_uptime_ns(s);
    }
    uint32_t control = (uint32_t)ms_load_relaxed(&live->pulse);
    uint64_t intervals[MS_SAMPLING_LEVELS];
    double bytes, blocks;
    for (uint32_t i = 0; i < MS_SAMPLING_LEVELS; i++)
        intervals[i] = UINT64_C(1) << ms_control_interval(control, i);
    ms_model_error(&s->model, intervals, &bytes, &blocks);
    h->live_bytes_error = (uint64_t)(SURE * bytes);
    h->live_blocks_error = (uint64_t)(SURE * blocks);
    *out = *h;
}

static void copy_backend_name(struct ms_segment_header *h, char name[32])
{
    uint64_t words[sizeof h->custom_name / sizeof(uint64_t)];

    // relaxed: a name of another moment is cut short at worst
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        words[i] = ms_load_relaxed(&h->custom_name[i]);
    _Static_assert(sizeof words == 32, "one name");
    memcpy(name, words, sizeof words);
    name[31] = '\0';
}

static void fill_capture(struct ms_session *s, struct ms_capture_stats *out)
{
    static const char *const backends[] = {
        [MS_BACKEND_CORE] = "core",     [MS_BACKEND_LOCKFREE] = "lockfree",
        [MS_BACKEND_ASYNC] = "async",   [MS_BACKEND_UNIFIED] = "unified",
        [MS_BACKEND_CUSTOM] = "custom",
    };
    const struct ms_segment_header *head = &s->reader.head;
    struct ms_segment_header *h = s->reader.live;
    uint64_t drops[MS_DROP_KINDS];
    enum ms_capture_mode mode;
    uint64_t interval;

    for (size_t i = 0; i < MS_DROP_KINDS; i++)
        drops[i] = ms_load_relaxed(&h->dropped[i]);
    ms_governor_now(&s->reader, &mode, &interval);
    bool custom = (ms_load_relaxed(&h->pulse) & MS_CONTROL_CUSTOM) != 0;
    *out = (struct ms_capture_stats){
        .backend = backends[custom ? MS_BACKEND_CUSTOM : head->backend],
        .mode = ms_capture_mode_name(mode),
        .interval = interval,
        .always_exact = (ms_load_relaxed(&h->pulse) & MS_CONTROL_WAS_LESS) == 0,
        .budget = s->governor.order.budget,
        .overhead = s->governor.overhead,
        .events_total =
            s->model.heap.alloc_count_total + s->model.heap.free_count_total,
        // Inside an event, or without a slot, it is not known which it was.
        .dropped_allocs = drops[MS_DROP_REENTRY] + drops[MS_DROP_THREADS] +
                          drops[MS_DROP_ROWS] + drops[MS_DROP_ADDRESS] +
                          drops[MS_DROP_INDEX],
        .dropped_frees = drops[MS_DROP_FREES],
        .dropped_reentry = drops[MS_DROP_REENTRY],
        .dropped_threads = drops[MS_DROP_THREADS],
        .dropped_rows = drops[MS_DROP_ROWS],
        .dropped_index = drops[MS_DROP_ADDRESS] + drops[MS_DROP_INDEX],
        .unknown_stacks = drops[MS_DROP_STACKS],
        .unknown_frees = sum_unknown_frees(s),
        .store_bytes = ms_reader_used_bytes(&s->reader),
        .store_limit_bytes =
            head->table_capacity != 0 ? head->total_bytes : UINT64_MAX,
        .block_limit =
            head->table_capacity != 0 ? head->table_capacity : UINT64_MAX,
        .stacks = ms_reader_nodes(&s->reader) - (MS_NODE_UNKNOWN + 1),
        .rows = s->model.rows_seen,
        .damaged = s->reader.damaged,
    };
    if (custom)
        copy_backend_name(h, out->backend_name);
}

static void add_to_history(struct ms_session *s, const struct ms_stats *now)
{
    struct ms_sample sample = {
        .seq = now->seq,
        .uptime_ns = now->uptime_ns,
        .live_bytes = now->heap.live_bytes,
        .live_blocks = now->heap.live_blocks,
        .peak_bytes = now->heap.peak_bytes,
        .alloc_bytes = now->heap.alloc_bytes_total,
        .free_bytes = now->heap.free_bytes_total,
        .alloc_count = now->heap.alloc_count_total,
        .free_count = now->heap.free_count_total,
        .rss_bytes = now->system.rss_bytes,
        .process_cpu = now->system.process_cpu,
        .system_cpu = s->sample.system_cpu,
        .thread_count = now->system.thread_count,
    };

    ms_history_add(&s->history, &sample);
}

static void fill_histograms(struct ms_session *s)
{
    struct ms_histograms *h = &s->histograms;
    const struct ms_model *m = &s->model;

    _Static_assert(MS_HISTOGRAM_SIZES == MS_SIZE_CLASSES &&
                       MS_HISTOGRAM_LIFETIMES >= MS_LIFETIME_BUCKETS,
                   "one plan");
    memcpy(h->size_live_bytes, m->size_bytes, sizeof m->size_bytes);
    memcpy(h->size_live_blocks, m->size_blocks, sizeof m->size_blocks);
    memcpy(h->lifetime_count, m->lifetimes.count, sizeof m->lifetimes.count);
    h->lifetime_unit_ns = UINT64_C(1) << MS_BIRTH_SHIFT;
    h->seq = s->seq;
}

void ms_session_publish(struct ms_session *s)
{
    struct ms_stats *out = &s->stats[s->seq % MS_STATS_KEPT];

    *out = (struct ms_stats){
        .session = s->id,
        .pid = s->pid,
        .ended = s->state == MS_SESSION_ENDED,
        .seq = s->seq,
        .time_ns = ms_clock_realtime_ns(),
        .uptime_ns = ms_session_uptime_ns(s),
        .site_count = s->model.site_count,
        .thread_count = s->model.thread_count,
    };
    memcpy(out->epoch, s->epoch, sizeof out->epoch);
    fill_heap(s, &out->heap);
    fill_system(s, out);
    ms_session_mapped(s, &out->mapped);
    fill_capture(s, &out->capture);
    fill_histograms(s);
    add_to_history(s, out);
    ms_past_add(&s->past, s, out);
}
