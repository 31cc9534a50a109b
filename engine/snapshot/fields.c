// SPDX-License-Identifier: MIT
// See fields.h for the contract.

#include "snapshot/fields.h"

#include "engine/snapshot.h"
#include "snapshot/field_macros.h"

#define S(member, kind) M(ms_session_info, member, kind)
static const struct ms_field session_list[] = {
    S(id, U32),
    S(pid, I32),
    S(state, STATE),
    S(primary, BOOL),
    S(end_reason, TEXT_0),
    N("exit_code", ms_session_info, wait_status, EXIT),
    N("signal", ms_session_info, wait_status, SIGNAL),
    S(epoch, TEXT),
    N("start_ms", ms_session_info, start_realtime_ns, MS),
    N("uptime_ms", ms_session_info, uptime_ns, MS),
    S(seq, U64),
    S(exe, TEXT),
    S(command, TEXT),
};
static TABLE(session_table, struct ms_session_info, session_list);

#define Y(member, kind) M(ms_system_stats, member, kind)
static const struct ms_field system_list[] = {
    Y(cpu_usage, DOUBLE),
    Y(memory_usage, DOUBLE),
    Y(thread_count, U64),
    Y(active_allocations, U64),
    Y(peak_memory, U64),
    Y(rss_bytes, U64),
    Y(pss_bytes, U64),
    Y(process_cpu, DOUBLE),
    Y(cores, U64),
    Y(threads_running, U64),
    Y(peak_rss_bytes, U64),
    Y(virtual_bytes, U64),
    Y(minor_faults, U64),
    Y(major_faults, U64),
    Y(machine_memory_bytes, U64),
    Y(machine_available_bytes, U64),
    Y(cgroup_limit_bytes, U64),
    Y(cgroup_used_bytes, U64),
};
static TABLE(system_table, struct ms_system_stats, system_list);

#define H(member) M(ms_heap_totals, member, U64)
static const struct ms_field heap_list[] = {
    H(live_bytes),          H(live_blocks),
    H(peak_bytes),          H(peak_time_ns),
    H(alloc_bytes_total),   H(alloc_count_total),
    H(free_bytes_total),    H(free_count_total),
    H(realloc_count_total), H(temporary_count_total),
    H(live_bytes_error),    H(live_blocks_error),
};
static TABLE(heap_table, struct ms_heap_totals, heap_list);

#define P(member, kind) M(ms_mapped_stats, member, kind)
static const struct ms_field mapped_list[] = {
    P(in_totals, BOOL),        P(live_bytes, U64),
    P(live_regions, U64),      P(peak_bytes, U64),
    P(map_bytes_total, U64),   P(map_count_total, U64),
    P(unmap_bytes_total, U64), P(unmap_count_total, U64),
    P(dropped, U64),
};
static TABLE(mapped_table, struct ms_mapped_stats, mapped_list);

#define C(member, kind) M(ms_capture_stats, member, kind)
static const struct ms_field capture_list[] = {
    C(backend, STRING),
    {"backend_name", MS_FIELD_TEXT_0, true,
     offsetof(struct ms_capture_stats, backend_name),
     sizeof(((struct ms_capture_stats *)0)->backend_name), NULL, 0},

    C(mode, STRING),
    C(interval, U64),
    C(always_exact, BOOL),
    C(budget, DOUBLE),
    C(overhead, DOUBLE),
    C(events_total, U64),
    C(dropped_allocs, U64),
    C(dropped_frees, U64),
    C(dropped_reentry, U64),
    C(dropped_threads, U64),
    C(dropped_rows, U64),
    C(dropped_index, U64),
    C(unknown_stacks, U64),
    C(unknown_frees, U64),
    C(store_bytes, U64),
    C(store_limit_bytes, U64),
    C(block_limit, U64),
    C(stacks, U64),
    C(rows, U64),
    C(damaged, U64),
};
static TABLE(capture_table, struct ms_capture_stats, capture_list);

#define A(member, kind) M(ms_stats, member, kind)
static const struct ms_field stats_list[] = {
    A(session, U32),
    A(pid, I32),
    A(ended, BOOL),
    A(epoch, TEXT),
    A(seq, U64),
    A(time_ns, U64),
    A(uptime_ns, U64),
    INSIDE("system", ms_stats, system, system_table),
    INSIDE("heap", ms_stats, heap, heap_table),
    INSIDE("mapped", ms_stats, mapped, mapped_table),
    INSIDE("capture", ms_stats, capture, capture_table),
    N("sites", ms_stats, site_count, SIZE),
    N("threads", ms_stats, thread_count, SIZE),
};
static TABLE(stats_table, struct ms_stats, stats_list);

static const struct ms_field size_list[] = {
    IGNORED("edges"),
    ARRAY("live_bytes", ms_histograms, size_live_bytes, U64S),
    ARRAY("live_blocks", ms_histograms, size_live_blocks, U64S),
};
static TABLE(size_table, struct ms_histograms, size_list);
static const struct ms_field lifetime_list[] = {
    {"edges_ns", MS_FIELD_EDGES, false,
     offsetof(struct ms_histograms, lifetime_unit_ns), MS_HISTOGRAM_LIFETIMES,
     NULL, 0},
    ARRAY("count", ms_histograms, lifetime_count, U64S),
};
static TABLE(lifetime_table, struct ms_histograms, lifetime_list);
static const struct ms_field histogram_list[] = {
    M(ms_histograms, seq, U64),
    {"size", MS_FIELD_OBJECT, false, 0, 0, &size_table, 0},
    {"lifetime", MS_FIELD_OBJECT, false, 0, 0, &lifetime_table, 0},
};
static TABLE(histogram_table, struct ms_histograms, histogram_list);

#define T(member, kind) M(ms_thread_row, member, kind)
static const struct ms_field thread_list[] = {
    T(id, U32),
    T(tid, U32),
    T(name, TEXT),
    T(state, CHAR),
    T(ended, BOOL),
    T(cpu, DOUBLE),
    T(alloc_bytes_rate, DOUBLE),
    T(alloc_count_rate, DOUBLE),
    T(live_bytes, U64),
    T(live_blocks, U64),
    T(alloc_bytes, U64),
    T(alloc_count, U64),
    T(free_bytes, U64),
    T(free_count, U64),
    T(cross_frees, U64),
    N("birth_ms", ms_thread_row, birth_ns, MS),
    ARRAY("trend", ms_thread_row, trend, FLOATS),
};
TABLE(ms_thread_fields, struct ms_thread_row, thread_list);

#define R(member, kind) M(ms_site_row, member, kind)
static const struct ms_field site_list[] = {
    R(id, U32),
    R(function, STRING),
    R(file, STRING),
    R(line, U32),
    R(module, STRING),
    R(address, HEX),
    R(live_bytes, U64),
    R(live_blocks, U64),
    R(alloc_bytes, U64),
    R(alloc_count, U64),
    R(free_bytes, U64),
    R(free_count, U64),
    R(realloc_count, U64),
    R(temporary_count, U64),
    R(mapped_bytes, U64),
    R(mean_lifetime_ns, DOUBLE),
    R(alloc_count_rate, DOUBLE),
    R(free_count_rate, DOUBLE),
    R(delta_bytes, DOUBLE),
    {"declared_type", MS_FIELD_STRING, true,
     offsetof(struct ms_site_row, declared_type), 0, NULL, 0},
    ARRAY("trend", ms_site_row, trend, FLOATS),
};
TABLE(ms_site_fields, struct ms_site_row, site_list);

#define O(member, kind) M(ms_module_info, member, kind)
static const struct ms_field module_list[] = {
    O(start, HEX),     O(end, HEX),     O(bias, HEX),        O(path, STRING),
    O(build_id, TEXT), O(load_ns, U64), O(unload_ns, U64_0),
};
TABLE(ms_module_fields, struct ms_module_info, module_list);

static const struct ms_field call_list[] = {
    M(ms_call, function, STRING),
    M(ms_call, file, STRING),
    M(ms_call, line, U32),
};
static TABLE(call_table, struct ms_call, call_list);

#define F(member, kind) M(ms_frame, member, kind)
static const struct ms_field frame_list[] = {
    F(address, HEX),
    F(module, U32),
    F(function, STRING),
    F(file, STRING),
    F(line, U32),
    {"inlined_into", MS_FIELD_ROWS, true, offsetof(struct ms_frame, outer),
     MS_FRAME_CALLS - 1, &call_table, offsetof(struct ms_frame, outer_count)},
    F(named, BOOL),
};
static TABLE(frame_table, struct ms_frame, frame_list);

static const struct ms_field node_list[] = {
    M(ms_stack_node, parent, U32),
    M(ms_stack_node, frame, U32),
};
static const struct ms_field_table node_table = {
    node_list, COUNT(node_list), sizeof(struct ms_stack_node), true};

#define K(member, kind) M(ms_stack_row, member, kind)
static const struct ms_field stack_list[] = {
    K(id, U32),
    K(site, U32),
    K(node, U32),
    K(live_bytes, U64),
    K(live_blocks, U64),
    K(alloc_bytes, U64),
    K(alloc_count, U64),
    K(free_bytes, U64),
    K(free_count, U64),
    K(realloc_count, U64),
    K(temporary_count, U64),
    K(mapped_bytes, U64),
    K(mean_lifetime_ns, DOUBLE),
    {"declared_type", MS_FIELD_STRING, true,
     offsetof(struct ms_stack_row, declared_type), 0, NULL, 0},
};
TABLE(ms_stack_fields, struct ms_stack_row, stack_list);

static const struct ms_field snapshot_list[] = {
    {"format", MS_FIELD_FORMAT, false, 0, 0, NULL, 0},
    {"version", MS_FIELD_VERSION, false, 0, 0, NULL, 0},
    IGNORED("id"), // it gets a new one
    M(ms_snapshot, name, TEXT),
    {"cause", MS_FIELD_TEXT, true, offsetof(struct ms_snapshot, cause),
     sizeof((struct ms_snapshot *)0)->cause, NULL, 0},
    N("time_ms", ms_snapshot, time_ns, MS),
    INSIDE("session", ms_snapshot, session, session_table),
    INSIDE("stats", ms_snapshot, stats, stats_table),
    INSIDE("histograms", ms_snapshot, histograms, histogram_table),
    ROWS("threads", threads, thread_count, 1u << 16, ms_thread_fields, false),
    ROWS("modules", modules, module_count, 1u << 16, ms_module_fields, false),
    ROWS("sites", sites, site_count, 1u << 20, ms_site_fields, false),
    ROWS("frames", stacks.frames, stacks.frame_count, 1u << 22, frame_table,
         true),
    ROWS("nodes", stacks.nodes, stacks.node_count, 1u << 23, node_table, true),
    ROWS("stacks", stacks.rows, stacks.row_count, 1u << 22, ms_stack_fields,
         true),
    ROWS("history", parts.history, parts.history_count, MS_SNAPSHOT_SAMPLES,
         ms_sample_fields, true),
    ROWS("findings", parts.findings, parts.finding_count, MS_SNAPSHOT_FINDINGS,
         ms_finding_fields, true),
    {"leak_scan", MS_FIELD_OBJECT, true,
     offsetof(struct ms_snapshot, parts.leak_scan), 0, &ms_leak_scan_fields, 0},
    ROWS("leak_rows", parts.leak_scan.rows, parts.leak_scan.row_count,
         MS_LEAK_ROWS, ms_leak_row_fields, true),
    ROWS("groups", parts.groups, parts.group_count, MS_SNAPSHOT_GROUPS,
         ms_group_fields, true),
    ROWS("types", parts.types, parts.type_count, MS_SNAPSHOT_TYPES,
         ms_type_fields, true),
    ROWS("variables", parts.variables, parts.variable_count, MS_SNAPSHOT_TYPES,
         ms_variable_fields, true),
    {"measured_types", MS_FIELD_OBJECT, true,
     offsetof(struct ms_snapshot, parts.measured), 0, &ms_measured_fields, 0},
    ROWS("measured_rows", parts.measured.rows, parts.measured.count,
         MS_MEASURED_TYPES, ms_measured_row_fields, true),
};
const struct ms_field_table ms_snapshot_fields = {
    snapshot_list, COUNT(snapshot_list), sizeof(struct ms_snapshot), false};
