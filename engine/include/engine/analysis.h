// SPDX-License-Identifier: MIT
//
// analysis: what the engine concludes from what it has seen. Analyzers are
// behind one table; each names its method, and each finding carries the
// numbers that it rests on. Any thread; waits for a tick in progress at most.
// Results belong to the caller.

#ifndef MS_ENGINE_ANALYSIS_H
#define MS_ENGINE_ANALYSIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/picture.h"

#define MS_EVIDENCE 10u // pieces, at most

struct ms_evidence {
    const char *name; // static; its unit is its last part: _bytes, _ns, ...
    double value;     // NaN: unknown
};

// A stack that a finding is about.
#define MS_LEAK_FRAMES 24u
struct ms_leak_frame {
    uint64_t address;
    const char *function, *file, *module; // as in a site row
    uint32_t line;
};
struct ms_finding_stack {
    const char *role;   // static: "allocated", "freed", "freed_first"
    uint32_t stack;     // node; 0: not known
    uint32_t thread;    // ms_thread_row.id; 0: not known
    uint64_t time_ns;   // uptime; UINT64_MAX: not known
    size_t frame_count; // innermost first
    struct ms_leak_frame *frames;
};
#define MS_FINDING_STACKS 3u

struct ms_finding {
    size_t analyzer;
    struct ms_site_row site;     // id 0: of no site
    struct ms_thread_row thread; // id 0: of no thread
    double confidence;           // 0 to 1; see the analyzer's method
    double weight;               // by which findings of one analyzer are sorted
    char text[240];              // one sentence
    struct ms_evidence evidence[MS_EVIDENCE];
    size_t evidence_count;
    struct ms_finding_stack stacks[MS_FINDING_STACKS];
    size_t stack_count;
};

struct ms_analyzer {
    const char *name;   // as in the API
    const char *finds;  // what
    const char *method; // how, and what its confidence means
};

// The analyzers, by number; NULL: there is none of this number.
const struct ms_analyzer *ms_analyzer(size_t number);

struct ms_analysis {
    uint32_t session;
    char epoch[17];
    uint64_t seq;
    uint64_t uptime_ns;
    struct ms_finding *findings; // by analyzer, weightiest first
    size_t count;
};

// ms_engine_analysis runs all analyzers (`only` < 0) or one.
enum memscope_status
ms_engine_analysis(struct ms_engine *engine, uint32_t session, int only,
                   struct ms_analysis *out) MEMSCOPE_MUST_CHECK;
void ms_analysis_fini(struct ms_analysis *a);

// Of what is made on a thread of its own.
enum ms_scan_state {
    MS_SCAN_NONE, // there has been none
    MS_SCAN_RUNNING,
    MS_SCAN_DONE,
    MS_SCAN_FAILED,
};

// What the heap occupies beyond what was asked for, by part of the heap.
enum ms_heap_kind {
    MS_HEAP_BREAK,  // glibc's main arena: [heap]
    MS_HEAP_ARENA,  // glibc's other arenas
    MS_HEAP_MAPPED, // blocks mapped one by one, and other allocators' memory
    MS_HEAP_KINDS
};
struct ms_heap_part {
    enum ms_heap_kind kind;
    uint64_t address; // 0: of several areas
    uint64_t areas;
    uint64_t mapped_bytes;
    uint64_t resident_bytes;
    uint64_t empty_bytes; // resident, in pages that no live block touches
    uint64_t requested_bytes;
    uint64_t usable_bytes; // UINT64_MAX: not glibc's malloc
    uint64_t blocks;
};
struct ms_fragmentation {
    uint32_t session;
    char epoch[17];
    enum ms_scan_state state; // of the latest look
    uint64_t time_ns;         // uptime of the numbers; 0: there are none yet
    struct ms_heap_part all;
    struct ms_heap_part *parts; // largest first
    size_t part_count;
};
// ms_engine_fragmentation gives the latest numbers, and has new ones made, on a
// thread of their own, when those are older than a second.
enum memscope_status
ms_engine_fragmentation(struct ms_engine *engine, uint32_t session,
                        struct ms_fragmentation *out) MEMSCOPE_MUST_CHECK;
void ms_fragmentation_fini(struct ms_fragmentation *f);

// A leak scan: which blocks can no longer be reached from the program's data,
// stacks and registers. It runs on a thread of its own; the program runs on.

enum ms_leak_kind {
    MS_LEAK_DEFINITE, // no pointer to it anywhere
    MS_LEAK_INDIRECT, // only from lost blocks
    MS_LEAK_POSSIBLE, // only to its inside, or from such a block
    MS_LEAK_REACHABLE,
    MS_LEAK_KINDS
};

// Blocks of one kind that were allocated at one stack.
struct ms_leak_row {
    enum ms_leak_kind kind;
    uint32_t site;  // ms_site_row.id, or 0
    uint32_t stack; // node
    uint64_t bytes, blocks;
    uint64_t example;                            // address of one of them
    uint64_t oldest_ns;                          // uptime of the first birth
    char suppressed[120];                        // the pattern, or ""
    struct ms_leak_frame frames[MS_LEAK_FRAMES]; // innermost first
    size_t frame_count;
};

struct ms_leak_sum {
    uint64_t blocks, bytes;
};

struct ms_leak_report {
    uint32_t session;
    char epoch[17];
    enum ms_scan_state state;
    uint32_t number; // of the scan: 1, 2, ...
    bool at_exit;
    char failure[80];                        // why it failed, or ""
    uint64_t begin_ns, end_ns;               // uptimes
    struct ms_leak_sum kinds[MS_LEAK_KINDS]; // all, suppressed ones included
    struct ms_leak_sum suppressed;           // of definite and indirect
    struct ms_leak_sum unconfirmed; // lost in the last look, but not in all
    unsigned looks;
    uint32_t threads, blind_threads;  // of the last look
    uint64_t longest_stop_ns;         // that a thread stood still
    uint64_t stop_ns;                 // all threads together
    uint64_t root_bytes, block_bytes; // read in the last look
    size_t row_total;
    struct ms_leak_row *rows; // no reachable ones; largest first by kind
    size_t row_count;
};

#define MS_LEAK_ROWS 1000u

// ms_engine_leak_scan begins a scan. MEMSCOPE_ERROR_STATE: one is running, or
// the program has ended.
enum memscope_status ms_engine_leak_scan(struct ms_engine *engine,
                                         uint32_t session) MEMSCOPE_MUST_CHECK;

// ms_engine_leak_report copies the latest scan's.
enum memscope_status
ms_engine_leak_report(struct ms_engine *engine, uint32_t session,
                      struct ms_leak_report *out) MEMSCOPE_MUST_CHECK;
void ms_leak_report_fini(struct ms_leak_report *report);

// ms_engine_leak_wait waits until no scan runs, `limit_ms` at most.
void ms_engine_leak_wait(struct ms_engine *engine, unsigned limit_ms);

// ms_engine_suppressions sets what scans from now on leave out, in the syntax
// of LeakSanitizer. MEMSCOPE_ERROR_ARGUMENT: *line is not of it.
enum memscope_status ms_engine_suppressions(struct ms_engine *engine,
                                            const char *text, size_t bytes,
                                            unsigned *line) MEMSCOPE_MUST_CHECK;

#endif
