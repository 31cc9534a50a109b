// SPDX-License-Identifier: MIT
// See query/tables.h for the contract. The names are those of the JSON answers
// in docs/PROTOCOL.md.

#include "query/tables.h"

#include <math.h>
#include <stddef.h>

#define COLUMN(type, field, name, unit, kind)                                  \
    {                                                                          \
        name, unit, MS_COLUMN_##kind, offsetof(struct type, field)             \
    }

#define BLOCK(field, unit, kind)                                               \
    COLUMN(ms_block_row, block.field, #field, unit, kind)
static const struct ms_column blocks[] = {
    BLOCK(address, "address", U64),
    BLOCK(size, "bytes", U64),
    BLOCK(site, "", U32),
    BLOCK(thread, "", U32),
    BLOCK(birth_ns, "ns", U64),
    BLOCK(stack, "", U32),
    COLUMN(ms_block_row, age_ns, "age_ns", "ns", U64),
    COLUMN(ms_block_row, block.said.task, "task", "", U32),
    COLUMN(ms_block_row, block.said.pool, "pool", "", U32),
    COLUMN(ms_block_row, variable, "variable", "", INLINE), // MS_BLOCK_LABELS
    COLUMN(ms_block_row, type, "type", "", INLINE),
    COLUMN(ms_block_row, scope, "scope", "", INLINE),
    COLUMN(ms_block_row, type_from, "type_from", "", POINTER),
};

// What sites, stacks, threads and groups all have.
#define SUMS(type)                                                             \
    COLUMN(type, live_bytes, "live_bytes", "bytes", U64),                      \
        COLUMN(type, live_blocks, "live_blocks", "count", U64),                \
        COLUMN(type, alloc_bytes, "alloc_bytes", "bytes", U64),                \
        COLUMN(type, alloc_count, "alloc_count", "count", U64),                \
        COLUMN(type, free_bytes, "free_bytes", "bytes", U64),                  \
        COLUMN(type, free_count, "free_count", "count", U64)

#define SITE(field, unit, kind) COLUMN(ms_site_row, field, #field, unit, kind)
static const struct ms_column sites[] = {
    SITE(id, "", U32),
    SITE(function, "", POINTER),
    SITE(file, "", POINTER),
    SITE(line, "", U32),
    SITE(module, "", POINTER),
    SITE(address, "address", U64),
    SUMS(ms_site_row),
    SITE(realloc_count, "count", U64),
    SITE(temporary_count, "count", U64),
    SITE(mapped_bytes, "bytes", U64),
    SITE(mean_lifetime_ns, "ns", DOUBLE),
    SITE(alloc_count_rate, "per_s", DOUBLE),
    SITE(free_count_rate, "per_s", DOUBLE),
    SITE(delta_bytes, "bytes", DOUBLE),
    SITE(declared_type, "", POINTER),
};

#define STACK(field, unit, kind) COLUMN(ms_stack_row, field, #field, unit, kind)
static const struct ms_column stacks[] = {
    STACK(id, "", U32),
    STACK(site, "", U32),
    SUMS(ms_stack_row),
    STACK(realloc_count, "count", U64),
    STACK(temporary_count, "count", U64),
    STACK(mapped_bytes, "bytes", U64),
    STACK(mean_lifetime_ns, "ns", DOUBLE),
    STACK(declared_type, "", POINTER),
};

#define FRAME(field, unit, kind) COLUMN(ms_frame_row, field, #field, unit, kind)
static const struct ms_column frames[] = {
    FRAME(stack, "", U32),          FRAME(depth, "", U32),
    FRAME(function, "", POINTER),   FRAME(file, "", POINTER),
    FRAME(line, "", U32),           FRAME(module, "", POINTER),
    FRAME(address, "address", U64), FRAME(inlined, "", BOOL),
};

#define THREAD(field, unit, kind)                                              \
    COLUMN(ms_thread_row, field, #field, unit, kind)
static const struct ms_column threads[] = {
    THREAD(id, "", U32),
    THREAD(tid, "", U32),
    THREAD(name, "", INLINE),
    THREAD(state, "", LETTER),
    THREAD(ended, "", BOOL),
    THREAD(cpu, "percent", DOUBLE),
    THREAD(alloc_bytes_rate, "bytes_per_s", DOUBLE),
    THREAD(alloc_count_rate, "per_s", DOUBLE),
    SUMS(ms_thread_row),
    THREAD(cross_frees, "count", U64),
    COLUMN(ms_thread_row, birth_ns, "birth_ms", "ms", NS_AS_MS),
};

#define GROUP(field, unit, kind) COLUMN(ms_group_row, field, #field, unit, kind)
static const struct ms_column groups[] = {
    GROUP(id, "", U32), // scopes and pools have these alone:
    GROUP(name, "", INLINE),      SUMS(ms_group_row),
    GROUP(parent, "", U32), // of tasks only
    GROUP(shared, "", BOOL),      GROUP(created, "count", U64),
    GROUP(ended, "count", U64),   GROUP(entered, "count", U64),
    GROUP(hops, "count", U64),    GROUP(create_ns, "ns", U64),
    GROUP(end_ns, "ns", NONZERO),
};
#define GROUP_COMMON 8

static const struct ms_column types[] = {
    COLUMN(ms_type_row, name, "name", "", INLINE),
    COLUMN(ms_type_row, live_bytes, "live_bytes", "bytes", U64),
    COLUMN(ms_type_row, live_blocks, "live_blocks", "count", U64),
    COLUMN(ms_type_row, alloc_bytes, "alloc_bytes", "bytes", U64),
    COLUMN(ms_type_row, alloc_count, "alloc_count", "count", U64),
    COLUMN(ms_type_row, free_bytes, "free_bytes", "bytes", U64),
    COLUMN(ms_type_row, free_count, "free_count", "count", U64),
    COLUMN(ms_type_row, from, "type_from", "", POINTER),
};

#define MODULE(field, unit, kind)                                              \
    COLUMN(ms_module_info, field, #field, unit, kind)
static const struct ms_column modules[] = {
    MODULE(start, "address", U64),    MODULE(end, "address", U64),
    MODULE(bias, "address", U64),     MODULE(path, "", POINTER),
    MODULE(build_id, "", INLINE),     MODULE(load_ns, "ns", U64),
    MODULE(unload_ns, "ns", NONZERO),
};

#define MAPPING(field, name, unit, kind)                                       \
    COLUMN(ms_mapping_row, field, name, unit, kind)
static const struct ms_column mappings[] = {
    MAPPING(address, "address", "address", U64),
    MAPPING(bytes, "size", "bytes", U64),
    MAPPING(kind, "kind", "", POINTER),
    MAPPING(readable, "protection", "", PROTECTION),
    MAPPING(site, "site", "", U32),
    MAPPING(thread, "thread", "", U32),
    MAPPING(birth_ns, "birth_ns", "ns", U64),
    MAPPING(resident_bytes, "resident_bytes", "bytes", U64),
};

#define SAMPLE(field, name, unit, kind)                                        \
    COLUMN(ms_sample, field, name, unit, kind)
static const struct ms_column history[] = {
    SAMPLE(seq, "seq", "", U64),
    SAMPLE(uptime_ns, "t_ms", "ms", NS_AS_MS),
    SAMPLE(live_bytes, "live_bytes", "bytes", U64),
    SAMPLE(live_blocks, "live_blocks", "count", U64),
    SAMPLE(peak_bytes, "peak_bytes", "bytes", U64),
    SAMPLE(alloc_bytes, "alloc_bytes", "bytes", U64),
    SAMPLE(free_bytes, "free_bytes", "bytes", U64),
    SAMPLE(alloc_count, "alloc_count", "count", U64),
    SAMPLE(free_count, "free_count", "count", U64),
    SAMPLE(rss_bytes, "rss_bytes", "bytes", U64),
    SAMPLE(process_cpu, "cpu", "percent", DOUBLE),
    SAMPLE(system_cpu, "sys_cpu", "percent", DOUBLE),
    SAMPLE(thread_count, "threads", "count", U64),
};

#define EVENT(field, unit, kind) COLUMN(ms_event_row, field, #field, unit, kind)
static const struct ms_column events[] = {
    EVENT(thread, "", U32),        EVENT(number, "", U64),
    EVENT(operation, "", POINTER), EVENT(address, "address", U64),
    EVENT(time_ns, "ns", U64),     EVENT(site, "", U32),
    EVENT(stack, "", U32),         EVENT(size_at_most, "bytes", U64),
};

#define MARK(field, unit, kind) COLUMN(ms_mark_row, field, #field, unit, kind)
static const struct ms_column marks[] = {
    MARK(seq, "", U64),
    MARK(kind, "", POINTER),
    MARK(name, "", INLINE),
    MARK(time_ns, "ns", U64),
    MARK(address, "address", NONZERO),
    MARK(site, "", U32),
    MARK(thread, "", U32),
};

#define STATS(field, name, unit, kind) COLUMN(ms_stats, field, name, unit, kind)
#define HEAP(field, unit) STATS(heap.field, #field, unit, U64)
static const struct ms_column stats[] = {
    STATS(session, "session", "", U32),
    STATS(seq, "seq", "", U64),
    STATS(ended, "ended", "", BOOL),
    STATS(time_ns, "time_ns", "ns", U64),
    STATS(uptime_ns, "uptime_ns", "ns", U64),
    HEAP(live_bytes, "bytes"),
    HEAP(live_blocks, "count"),
    HEAP(peak_bytes, "bytes"),
    HEAP(peak_time_ns, "ns"),
    HEAP(alloc_bytes_total, "bytes"),
    HEAP(alloc_count_total, "count"),
    HEAP(free_bytes_total, "bytes"),
    HEAP(free_count_total, "count"),
    HEAP(realloc_count_total, "count"),
    HEAP(temporary_count_total, "count"),
    HEAP(live_bytes_error, "bytes"),
    HEAP(live_blocks_error, "count"),
    STATS(system.rss_bytes, "rss_bytes", "bytes", U64),
    STATS(system.process_cpu, "process_cpu", "percent", DOUBLE),
    STATS(capture.mode, "mode", "", POINTER),
    STATS(capture.events_total, "events_total", "count", U64),
    STATS(capture.unknown_frees, "unknown_frees", "count", U64),
};

#define TABLE(number, name, columns, count, row, by_first, unique, text)       \
    [MS_TABLE_##number] = {                                                    \
        name, text, columns, count, sizeof(struct row), by_first, unique}
#define COUNT(columns) (sizeof(columns) / sizeof *(columns))
const struct ms_table ms_sql_tables[MS_SQL_TABLES] = {
    TABLE(ALLOCATIONS, "allocations", blocks, COUNT(blocks), ms_block_row, true,
          true,
          "live blocks, as they are while the query runs; variable as tagged, "
          "type as tagged or else declared, task, scope and pool: the "
          "innermost"),
    TABLE(SITES, "sites", sites, COUNT(sites), ms_site_row, true, true,
          "sums by call site: where allocation functions are called"),
    TABLE(STACKS, "stacks", stacks, COUNT(stacks), ms_stack_row, true, true,
          "sums by whole call stack"),
    TABLE(FRAMES, "frames", frames, COUNT(frames), ms_frame_row, true, false,
          "the frames of each stack, inlined ones as well; depth 0 is the "
          "innermost"),
    TABLE(THREADS, "threads", threads, COUNT(threads), ms_thread_row, true,
          true, "threads, ended ones as well; sums of what they allocated"),
    TABLE(TASKS, "tasks", groups, COUNT(groups), ms_group_row, true, true,
          "sums by task of memscope_task_*"),
    TABLE(SCOPES, "scopes", groups, GROUP_COMMON, ms_group_row, true, true,
          "sums by scope; one in another counts in both"),
    TABLE(POOLS, "pools", groups, GROUP_COMMON, ms_group_row, true, true,
          "sums by pool of an allocator of the program's own"),
    TABLE(TYPES, "types", types, COUNT(types), ms_type_row, false, false,
          "live blocks by type: annotated as tagged, else by table of virtual "
          "functions (vtable) or debug information (dwarf)"),
    TABLE(MODULES, "modules", modules, COUNT(modules), ms_module_info, false,
          false, "the program and its libraries, unloaded ones as well"),
    TABLE(MAPPINGS, "mappings", mappings, COUNT(mappings), ms_mapping_row, true,
          true, "live regions that the program itself has mapped"),
    TABLE(HISTORY, "history", history, COUNT(history), ms_sample, true, true,
          "the last 10 minutes, a row each 100 ms"),
    TABLE(HISTORY_1S, "history_1s", history, COUNT(history), ms_sample, true,
          true, "the last 2 hours, a row each second"),
    TABLE(HISTORY_10S, "history_10s", history, COUNT(history), ms_sample, true,
          true, "the last 24 hours, a row each 10 s"),
    TABLE(EVENTS, "events_recent", events, COUNT(events), ms_event_row, true,
          false, "the last 512 events of each thread"),
    TABLE(MARKS, "marks", marks, COUNT(marks), ms_mark_row, true, true,
          "the last 1,024 marks, and what should not be"),
    TABLE(STATS, "stats", stats, COUNT(stats), ms_stats, false, false,
          "one row: the totals of the cut that the query is of"),
};

bool ms_column_number(const struct ms_column *c, const void *row,
                      long double *out)
{
    const char *at = (const char *)row + c->offset;
    uint64_t n;

    switch (c->kind) {
    case MS_COLUMN_U32:
        *out = *(const uint32_t *)(const void *)at;
        return true;
    case MS_COLUMN_BOOL:
        *out = *(const bool *)at;
        return true;
    case MS_COLUMN_U64:
    case MS_COLUMN_NONZERO:
    case MS_COLUMN_NS_AS_MS:
        n = *(const uint64_t *)(const void *)at;
        if (c->kind == MS_COLUMN_NS_AS_MS)
            n /= 1000000;
        *out = n;
        return n <= INT64_MAX && (n != 0 || c->kind != MS_COLUMN_NONZERO);
    case MS_COLUMN_DOUBLE:
        *out = *(const double *)(const void *)at;
        return !isnan(*out);
    default:
        return false;
    }
}
