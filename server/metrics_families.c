// SPDX-License-Identifier: MIT
// See metrics_families.h for the contract.

#include "metrics_families.h"

#include <stddef.h>

// How a field of struct ms_stats becomes a number.
enum form {
    U64,
    NS,      // nanoseconds, given in seconds
    PERCENT, // a double, given as a ratio
};

struct family {
    const char *name;
    enum ms_metrics_type type;
    const char *unit;
    const char *help;
    size_t offset; // in struct ms_stats
    enum form form;
    bool ends; // of a session that has ended there is none
};

#define HEAP(field) offsetof(struct ms_stats, heap.field)
#define SYSTEM(field) offsetof(struct ms_stats, system.field)
#define MAPPED(field) offsetof(struct ms_stats, mapped.field)
#define CAPTURE(field) offsetof(struct ms_stats, capture.field)
#define GAUGE MS_METRICS_GAUGE
#define COUNTER MS_METRICS_COUNTER

static const struct family families[] = {
    {"memscope_session_uptime_seconds", GAUGE, "seconds",
     "Time since the program's first event, or until its end.",
     offsetof(struct ms_stats, uptime_ns), NS, false},
    {"memscope_heap_live_bytes", GAUGE, "bytes",
     "Requested bytes of the blocks that are live.", HEAP(live_bytes), U64,
     false},
    {"memscope_heap_live_blocks", GAUGE, NULL, "Blocks that are live.",
     HEAP(live_blocks), U64, false},
    {"memscope_heap_peak_bytes", GAUGE, "bytes",
     "The most that memscope_heap_live_bytes has been.", HEAP(peak_bytes), U64,
     false},
    {"memscope_heap_live_error_bytes", GAUGE, "bytes",
     "The live bytes are within this of the truth 95 times in 100; 0: exact.",
     HEAP(live_bytes_error), U64, false},
    {"memscope_heap_allocated_bytes", COUNTER, "bytes",
     "Requested bytes of all allocations.", HEAP(alloc_bytes_total), U64,
     false},
    {"memscope_heap_allocations", COUNTER, NULL,
     "Allocations, reallocations included.", HEAP(alloc_count_total), U64,
     false},
    {"memscope_heap_freed_bytes", COUNTER, "bytes",
     "Requested bytes of the blocks that were freed.", HEAP(free_bytes_total),
     U64, false},
    {"memscope_heap_frees", COUNTER, NULL,
     "Blocks that were freed, reallocations included.", HEAP(free_count_total),
     U64, false},
    {"memscope_heap_reallocations", COUNTER, NULL, "Reallocations.",
     HEAP(realloc_count_total), U64, false},
    {"memscope_heap_temporary_allocations", COUNTER, NULL,
     "Blocks freed before their thread's next event.",
     HEAP(temporary_count_total), U64, false},
    {"memscope_mapped_live_bytes", GAUGE, "bytes",
     "What the program itself has mapped.", MAPPED(live_bytes), U64, false},
    {"memscope_mapped_regions", GAUGE, NULL,
     "Regions that the program itself has mapped.", MAPPED(live_regions), U64,
     false},
    {"memscope_sites", GAUGE, NULL, "Places in the code that allocate.",
     offsetof(struct ms_stats, site_count), U64, false},
    {"memscope_process_cpu_seconds", COUNTER, "seconds",
     "User and system CPU time of the watched process.", SYSTEM(cpu_ns), NS,
     true},
    {"memscope_process_resident_memory_bytes", GAUGE, "bytes",
     "Resident memory of the watched process.", SYSTEM(rss_bytes), U64, true},
    {"memscope_process_proportional_memory_bytes", GAUGE, "bytes",
     "The same, shared pages divided among those who share them.",
     SYSTEM(pss_bytes), U64, true},
    {"memscope_process_virtual_memory_bytes", GAUGE, "bytes",
     "Address space of the watched process.", SYSTEM(virtual_bytes), U64, true},
    {"memscope_process_threads", GAUGE, NULL, "Threads, as the kernel says.",
     SYSTEM(thread_count), U64, true},
    {"memscope_process_minor_page_faults", COUNTER, NULL,
     "Page faults that needed no reading.", SYSTEM(minor_faults), U64, true},
    {"memscope_process_major_page_faults", COUNTER, NULL,
     "Page faults that had to read.", SYSTEM(major_faults), U64, true},
    {"memscope_cgroup_memory_limit_bytes", GAUGE, "bytes",
     "What the process's cgroup may use; absent: no limit.",
     SYSTEM(cgroup_limit_bytes), U64, true},
    {"memscope_cgroup_memory_used_bytes", GAUGE, "bytes",
     "What the process's cgroup uses.", SYSTEM(cgroup_used_bytes), U64, true},
    {"memscope_capture_events", COUNTER, NULL,
     "Allocations and frees that were captured.", CAPTURE(events_total), U64,
     false},
    {"memscope_capture_unknown_frees", COUNTER, NULL,
     "Frees of blocks older than the capture.", CAPTURE(unknown_frees), U64,
     false},
    {"memscope_capture_damaged", COUNTER, NULL,
     "Values in the event store that could not be true.", CAPTURE(damaged), U64,
     false},
    {"memscope_capture_store_bytes", GAUGE, "bytes",
     "Memory of the event store.", CAPTURE(store_bytes), U64, false},
    {"memscope_capture_store_limit_bytes", GAUGE, "bytes",
     "What the event store may become; absent: no limit.",
     CAPTURE(store_limit_bytes), U64, false},
    {"memscope_capture_overhead_ratio", GAUGE, "ratio",
     "What capture took of the program's CPU in the last second.",
     CAPTURE(overhead), PERCENT, true},
};

static void sample(struct ms_metrics *m, const struct family *f,
                   const struct ms_metrics_session *s)
{
    const char *at = (const char *)&s->stats + f->offset;

    if (f->ends && !s->running)
        return;
    switch (f->form) {
    case U64:
        ms_metrics_u64(m, &s->labels, *(const uint64_t *)at);
        break;
    case NS:
        ms_metrics_ns(m, &s->labels, *(const uint64_t *)at);
        break;
    case PERCENT:
        ms_metrics_double(m, &s->labels, *(const double *)at / 100);
        break;
    }
}

// What could not be recorded, by kind.
static void dropped(struct ms_metrics *m,
                    const struct ms_metrics_session *sessions, size_t count)
{
    ms_metrics_family(m, "memscope_capture_dropped", MS_METRICS_COUNTER, NULL,
                      "Events that could not be recorded, by kind.");
    for (size_t i = 0; i < count; i++) {
        const struct ms_capture_stats *c = &sessions[i].stats.capture;
        const struct {
            const char *kind;
            uint64_t count;
        } kinds[] = {
            {"reentry", c->dropped_reentry},
            {"threads", c->dropped_threads},
            {"rows", c->dropped_rows},
            {"index", c->dropped_index},
            {"frees", c->dropped_frees},
            {"stacks", c->unknown_stacks},
            {"mappings", sessions[i].stats.mapped.dropped},
        };
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            struct ms_metrics_labels labels = sessions[i].labels;
            ms_metrics_label(&labels, "kind", kinds[k].kind);
            ms_metrics_u64(m, &labels, kinds[k].count);
        }
    }
}

static void about(struct ms_metrics *m,
                  const struct ms_metrics_session *sessions, size_t count)
{
    ms_metrics_family(m, "memscope_session", MS_METRICS_INFO, NULL,
                      "A watched process.");
    for (size_t i = 0; i < count; i++) {
        struct ms_metrics_labels labels = sessions[i].labels;
        ms_metrics_label(&labels, "epoch", sessions[i].info.epoch);
        ms_metrics_label(&labels, "backend", sessions[i].stats.capture.backend);
        ms_metrics_label(&labels, "mode", sessions[i].stats.capture.mode);
        ms_metrics_u64(m, &labels, 1);
    }
    ms_metrics_family(m, "memscope_session_running", MS_METRICS_GAUGE, NULL,
                      "1 while the process runs, 0 after its end.");
    for (size_t i = 0; i < count; i++)
        ms_metrics_u64(m, &sessions[i].labels, sessions[i].running);
    ms_metrics_family(m, "memscope_session_start_time_seconds",
                      MS_METRICS_GAUGE, "seconds",
                      "When the process began, since 1970.");
    for (size_t i = 0; i < count; i++)
        ms_metrics_ns(m, &sessions[i].labels,
                      sessions[i].info.start_realtime_ns);
}

// One family of rows: a column of struct ms_site_row or ms_thread_row.
struct column {
    const char *name;
    enum ms_metrics_type type;
    const char *unit;
    const char *help;
    size_t offset;
};

static const struct column site_columns[] = {
    {"memscope_site_live_bytes", GAUGE, "bytes",
     "Live bytes of the sites that have the most.",
     offsetof(struct ms_site_row, live_bytes)},
    {"memscope_site_live_blocks", GAUGE, NULL, "Live blocks of those sites.",
     offsetof(struct ms_site_row, live_blocks)},
    {"memscope_site_allocated_bytes", COUNTER, "bytes",
     "Bytes that those sites have allocated.",
     offsetof(struct ms_site_row, alloc_bytes)},
    {"memscope_site_allocations", COUNTER, NULL, "Allocations of those sites.",
     offsetof(struct ms_site_row, alloc_count)},
};

static const struct column thread_columns[] = {
    {"memscope_thread_live_bytes", GAUGE, "bytes",
     "Live bytes of blocks by the thread that allocated them, of the threads "
     "that have the most.",
     offsetof(struct ms_thread_row, live_bytes)},
    {"memscope_thread_allocated_bytes", COUNTER, "bytes",
     "Bytes that those threads have allocated.",
     offsetof(struct ms_thread_row, alloc_bytes)},
    {"memscope_thread_allocations", COUNTER, NULL,
     "Allocations of those threads.",
     offsetof(struct ms_thread_row, alloc_count)},
    {"memscope_thread_cross_frees", COUNTER, NULL,
     "Frees by those threads of other threads' blocks.",
     offsetof(struct ms_thread_row, cross_frees)},
};

static void site_rows(struct ms_metrics *m, const struct column *c,
                      const struct ms_metrics_session *s)
{
    for (size_t i = 0; i < s->site_count; i++) {
        const struct ms_site_row *row = &s->sites[i];
        struct ms_metrics_labels labels = s->labels;
        ms_metrics_label_number(&labels, "site", row->id);
        ms_metrics_label(&labels, "function", row->function);
        ms_metrics_label(&labels, "module", row->module);
        ms_metrics_u64(m, &labels,
                       *(const uint64_t *)((const char *)row + c->offset));
    }
}

static void thread_rows(struct ms_metrics *m, const struct column *c,
                        const struct ms_metrics_session *s)
{
    for (size_t i = 0; i < s->thread_count; i++) {
        const struct ms_thread_row *row = &s->threads[i];
        struct ms_metrics_labels labels = s->labels;
        ms_metrics_label_number(&labels, "thread", row->id);
        ms_metrics_label(&labels, "name", row->name);
        ms_metrics_u64(m, &labels,
                       *(const uint64_t *)((const char *)row + c->offset));
    }
}

static void rows(struct ms_metrics *m, const struct column *columns,
                 size_t column_count,
                 void (*write)(struct ms_metrics *, const struct column *,
                               const struct ms_metrics_session *),
                 const struct ms_metrics_session *sessions, size_t count)
{
    for (size_t c = 0; c < column_count; c++) {
        ms_metrics_family(m, columns[c].name, columns[c].type, columns[c].unit,
                          columns[c].help);
        for (size_t i = 0; i < count; i++)
            write(m, &columns[c], &sessions[i]);
    }
}

static void suspects(struct ms_metrics *m,
                     const struct ms_metrics_session *sessions, size_t count)
{
    ms_metrics_family(m, "memscope_leak_suspects", MS_METRICS_GAUGE, NULL,
                      "Sites whose live bytes keep growing.");
    for (size_t i = 0; i < count; i++)
        if (sessions[i].detailed)
            ms_metrics_u64(m, &sessions[i].labels, sessions[i].suspects);
    ms_metrics_family(m, "memscope_leak_suspect_bytes", MS_METRICS_GAUGE,
                      "bytes", "Live bytes of those sites.");
    for (size_t i = 0; i < count; i++)
        if (sessions[i].detailed)
            ms_metrics_u64(m, &sessions[i].labels, sessions[i].suspect_bytes);
}

void ms_metrics_of_sessions(struct ms_metrics *m,
                            const struct ms_metrics_session *sessions,
                            size_t count)
{
    about(m, sessions, count);
    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        ms_metrics_family(m, families[f].name, families[f].type,
                          families[f].unit, families[f].help);
        for (size_t i = 0; i < count; i++)
            sample(m, &families[f], &sessions[i]);
    }
    dropped(m, sessions, count);
    rows(m, site_columns, sizeof site_columns / sizeof *site_columns, site_rows,
         sessions, count);
    rows(m, thread_columns, sizeof thread_columns / sizeof *thread_columns,
         thread_rows, sessions, count);
    suspects(m, sessions, count);
}
