// SPDX-License-Identifier: MIT
// See fields.h for the contract: what a snapshot has beside its picture.

#include "engine/snapshot.h"
#include "snapshot/field_macros.h"

const char *ms_field_word(enum ms_field_kind kind, size_t number)
{
    static const char *const states[] = {
        [MS_SCAN_NONE] = "none",
        [MS_SCAN_RUNNING] = "running",
        [MS_SCAN_DONE] = "done",
        [MS_SCAN_FAILED] = "failed",
    };
    static const char *const leaks[] = {
        [MS_LEAK_DEFINITE] = "definite",
        [MS_LEAK_INDIRECT] = "indirect",
        [MS_LEAK_POSSIBLE] = "possible",
        [MS_LEAK_REACHABLE] = "reachable",
    };
    static const char *const groups[] = {
        [MS_GROUP_TASK] = "task",
        [MS_GROUP_SCOPE] = "scope",
        [MS_GROUP_POOL] = "pool",
    };

    if (kind == MS_FIELD_SCAN_STATE)
        return number < COUNT(states) ? states[number] : NULL;
    if (kind == MS_FIELD_LEAK_KIND)
        return number < COUNT(leaks) ? leaks[number] : NULL;
    if (kind == MS_FIELD_GROUP_KIND)
        return number < COUNT(groups) ? groups[number] : NULL;
    const struct ms_analyzer *analyzer = ms_analyzer(number);
    return analyzer != NULL ? analyzer->name : NULL;
}

#define S(member, kind) M(ms_sample, member, kind)
static const struct ms_field sample_list[] = {
    S(seq, U64),          S(uptime_ns, U64),      S(live_bytes, U64),
    S(live_blocks, U64),  S(peak_bytes, U64),     S(alloc_bytes, U64),
    S(free_bytes, U64),   S(alloc_count, U64),    S(free_count, U64),
    S(rss_bytes, U64),    S(process_cpu, DOUBLE), S(system_cpu, DOUBLE),
    S(thread_count, U64),
};
const struct ms_field_table ms_sample_fields = {sample_list, COUNT(sample_list),
                                                sizeof(struct ms_sample), true};

#define P(member, kind) M(ms_leak_frame, member, kind)
static const struct ms_field place_list[] = {
    P(function, STRING), P(file, STRING), P(line, U32),
    P(module, STRING),   P(address, HEX),
};
static TABLE(place_table, struct ms_leak_frame, place_list);

static const struct ms_field evidence_list[] = {
    M(ms_evidence, name, STRING),
    M(ms_evidence, value, DOUBLE),
};
static TABLE(evidence_table, struct ms_evidence, evidence_list);

static const struct ms_field finding_stack_list[] = {
    M(ms_finding_stack, role, STRING),
    M(ms_finding_stack, thread, U32),
    M(ms_finding_stack, time_ns, U64),
    ROWS_OF("frames", ROWS, ms_finding_stack, frames, frame_count,
            MS_LEAK_FRAMES, place_table, false),
};
static TABLE(finding_stack_table, struct ms_finding_stack, finding_stack_list);

#define F(member, kind) M(ms_finding, member, kind)
static const struct ms_field finding_list[] = {
    F(analyzer, ANALYZER),
    N("site", ms_finding, site.id, U32),
    N("thread", ms_finding, thread.id, U32),
    F(confidence, DOUBLE),
    F(weight, DOUBLE),
    F(text, TEXT),
    ROWS_OF("evidence", INLINE, ms_finding, evidence, evidence_count,
            MS_EVIDENCE, evidence_table, false),
    ROWS_OF("stacks", INLINE, ms_finding, stacks, stack_count,
            MS_FINDING_STACKS, finding_stack_table, false),
};
TABLE(ms_finding_fields, struct ms_finding, finding_list);

static const struct ms_field sum_list[] = {
    M(ms_leak_sum, blocks, U64),
    M(ms_leak_sum, bytes, U64),
};
static TABLE(sum_table, struct ms_leak_sum, sum_list);

#define K(name, kind)                                                          \
    INSIDE(name, ms_leak_report, kinds[MS_LEAK_##kind], sum_table)
static const struct ms_field sums_list[] = {
    K("definite", DEFINITE),
    K("indirect", INDIRECT),
    K("possible", POSSIBLE),
    K("reachable", REACHABLE),
    INSIDE("suppressed", ms_leak_report, suppressed, sum_table),
    INSIDE("unconfirmed", ms_leak_report, unconfirmed, sum_table),
};
static TABLE(sums_table, struct ms_leak_report, sums_list);

#define L(member, kind) M(ms_leak_report, member, kind)
static const struct ms_field leak_scan_list[] = {
    L(state, SCAN_STATE),
    L(number, U32),
    L(at_exit, BOOL),
    L(failure, TEXT_0),
    L(begin_ns, U64),
    L(end_ns, U64),
    L(looks, U32),
    L(threads, U32),
    L(blind_threads, U32),
    L(longest_stop_ns, U64),
    L(stop_ns, U64),
    L(root_bytes, U64),
    L(block_bytes, U64),
    {"sums", MS_FIELD_OBJECT, false, 0, 0, &sums_table, 0},
    N("total", ms_leak_report, row_total, SIZE),
};
TABLE(ms_leak_scan_fields, struct ms_leak_report, leak_scan_list);

#define R(member, kind) M(ms_leak_row, member, kind)
static const struct ms_field leak_row_list[] = {
    R(kind, LEAK_KIND),
    R(site, U32),
    R(stack, U32),
    R(blocks, U64),
    R(bytes, U64),
    R(example, HEX),
    R(oldest_ns, U64),
    R(suppressed, TEXT_0),
    ROWS_OF("frames", INLINE, ms_leak_row, frames, frame_count, MS_LEAK_FRAMES,
            place_table, false),
};
TABLE(ms_leak_row_fields, struct ms_leak_row, leak_row_list);

#define G(member, kind) M(ms_group_row, member, kind)
static const struct ms_field group_list[] = {
    G(kind, GROUP_KIND), G(id, U32),          G(name, TEXT),
    G(live_bytes, U64),  G(live_blocks, U64), G(alloc_bytes, U64),
    G(alloc_count, U64), G(free_bytes, U64),  G(free_count, U64),
    G(parent, U32),      G(shared, BOOL),     G(created, U64),
    G(ended, U64),       G(entered, U64),     G(hops, U64),
    G(create_ns, U64),   G(end_ns, U64_0),
};
TABLE(ms_group_fields, struct ms_group_row, group_list);

#define T(member, kind) M(ms_type_row, member, kind)
#define T_SUMS                                                                 \
    T(live_bytes, U64), T(live_blocks, U64), T(alloc_bytes, U64),              \
        T(alloc_count, U64), T(free_bytes, U64), T(free_count, U64)
static const struct ms_field type_list[] = {
    T(name, TEXT),
    N("type_from", ms_type_row, from, STRING),
    T_SUMS,
};
TABLE(ms_type_fields, struct ms_type_row, type_list);
static const struct ms_field variable_list[] = {
    T(name, TEXT),
    T_SUMS,
};
TABLE(ms_variable_fields, struct ms_type_row, variable_list);

#define V(member, kind) M(ms_measured_type, member, kind)
static const struct ms_field measured_row_list[] = {
    V(name, TEXT),
    N("type_from", ms_measured_type, from, STRING),
    V(live_bytes, U64),
    V(live_blocks, U64),
};
TABLE(ms_measured_row_fields, struct ms_measured_type, measured_row_list);

#define D(member, kind) M(ms_measured_types, member, kind)
static const struct ms_field measured_list[] = {
    N("vtables", ms_measured_types, readable, BOOL),
    D(tagged_bytes, U64),
    D(tagged_blocks, U64),
    D(unknown_bytes, U64),
    D(unknown_blocks, U64),
    D(complete, BOOL),
};
TABLE(ms_measured_fields, struct ms_measured_types, measured_list);
