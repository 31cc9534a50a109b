// SPDX-License-Identifier: MIT
//
// picture: what the engine knows of a session at one tick. All numbers of one
// `seq` were taken at one cut and add up:
//
//   sum of sites' live_bytes = sum of threads' live_bytes = heap.live_bytes
//   the same for live_blocks; alloc - free = live in every row
//
// Every function may be called from any thread; it waits for a tick in
// progress at most. Session id 0 is the primary session. Results are the
// caller's, to be freed with free(). Sizes are requested bytes.

#ifndef MS_ENGINE_PICTURE_H
#define MS_ENGINE_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <memscope.h>

#include "engine/engine.h"

struct ms_heap_totals {
    uint64_t live_bytes;
    uint64_t live_blocks;
    uint64_t peak_bytes;   // never below live_bytes
    uint64_t peak_time_ns; // uptime of the peak
    uint64_t alloc_bytes_total;
    uint64_t alloc_count_total; // reallocations included
    uint64_t free_bytes_total;
    uint64_t free_count_total;
    uint64_t realloc_count_total;
    uint64_t temporary_count_total; // freed before the thread's next event
    // The true values are within these of the live ones in 95 of 100 cases;
    // 0: nothing of it is an estimate.
    uint64_t live_bytes_error;
    uint64_t live_blocks_error;
};

// Numbers of the operating system. A double that could not be read is NaN, an
// integer UINT64_MAX: unknown, never 0.
struct ms_system_stats {
    double cpu_usage;      // per cent of the machine, or of the cgroup's quota
    double memory_usage;   // per cent of the machine, or of the cgroup's limit
    double process_cpu;    // per cent of one core
    uint64_t cpu_ns;       // of the process; of a snapshot that was read in, 0
    uint64_t cores;        // the machine's
    uint64_t thread_count; // of the process, by the kernel
    uint64_t threads_running;
    uint64_t active_allocations; // = heap.live_blocks
    uint64_t peak_memory;        // = heap.peak_bytes
    uint64_t rss_bytes;
    uint64_t peak_rss_bytes;
    uint64_t pss_bytes; // read once a second
    uint64_t virtual_bytes;
    uint64_t minor_faults; // since the process began
    uint64_t major_faults;
    uint64_t machine_memory_bytes;
    uint64_t machine_available_bytes;
    uint64_t cgroup_limit_bytes; // UINT64_MAX: none
    uint64_t cgroup_used_bytes;
};

// What the program itself has mapped: mmap, mremap, brk, sbrk.
struct ms_mapped_stats {
    bool in_totals; // counts in heap, sites, threads and size classes as well
    uint64_t live_bytes; // whole pages
    uint64_t live_regions;
    uint64_t peak_bytes; // as of the order of events, not of ticks
    uint64_t map_bytes_total;
    uint64_t map_count_total; // one unmapped in its middle becomes one more
    uint64_t unmap_bytes_total;
    uint64_t unmap_count_total;
    uint64_t dropped; // maps and unmaps that could not be booked
};

struct ms_capture_stats {
    const char *backend;   // static
    char backend_name[32]; // of a custom one; "": another one, or not yet known
    const char *mode;      // static: "exact", "sampled" or "off"
    uint64_t interval;     // mean bytes between samples; 0: not sampled
    bool always_exact;     // nothing was sampled or left out so far
    double budget;         // per cent of the program's CPU; 0: none
    double overhead;       // what capture took of it at most, last second; NaN
    uint64_t events_total; // allocations and frees; estimated when sampled
    uint64_t dropped_allocs;
    uint64_t dropped_frees;
    // By kind; the first four are the dropped_allocs.
    uint64_t dropped_reentry; // inside another event
    uint64_t dropped_threads; // of threads for which there was no slot
    uint64_t dropped_rows;    // the ledgers were full
    uint64_t dropped_index;   // the live table was full, or the address beyond
    uint64_t unknown_stacks;  // booked, but under no stack: their table is full
    uint64_t unknown_frees;   // of blocks older than the capture
    uint64_t store_bytes;     // memory of the segment
    uint64_t store_limit_bytes; // the most that it can become; UINT64_MAX: none
    uint64_t block_limit;       // live blocks, likewise
    uint64_t stacks;            // distinct
    uint64_t rows;              // of all ledgers
    uint64_t damaged;           // values in the segment that could not be true
};

struct ms_stats {
    uint32_t session;
    pid_t pid;
    bool ended;
    char epoch[17];
    uint64_t seq;
    uint64_t time_ns;   // CLOCK_REALTIME of the cut
    uint64_t uptime_ns; // since the first event
    struct ms_system_stats system;
    struct ms_heap_totals heap;
    struct ms_mapped_stats mapped;
    struct ms_capture_stats capture;
    size_t site_count;
    size_t thread_count; // rows of ms_engine_threads
};

// ms_engine_stats gives the latest tick (seq 0) or one of the last 600.
// MEMSCOPE_ERROR_NOT_FOUND: no such session, or a tick no longer kept.
enum memscope_status ms_engine_stats(struct ms_engine *engine, uint32_t session,
                                     uint64_t seq,
                                     struct ms_stats *out) MEMSCOPE_MUST_CHECK;

#define MS_TREND_POINTS 20u // live bytes, 3 s apart, oldest first, NaN: none
#define MS_TREND_STEP_MS 3000u

struct ms_thread_row {
    uint32_t id;  // 1, 2, ...: stable within the session
    uint32_t tid; // the kernel's
    char name[17];
    char state; // 'R','S','D','T','Z','I' as in /proc; 'X' ended; '?' unknown
    bool ended;
    double cpu; // per cent of one core over the last second; NaN unknown
    double alloc_bytes_rate; // per second, over the last second
    double alloc_count_rate;
    uint64_t live_bytes; // of blocks that this thread allocated
    uint64_t live_blocks;
    uint64_t alloc_bytes;
    uint64_t alloc_count;
    uint64_t free_bytes; // of its own blocks, by whatever thread
    uint64_t free_count;
    uint64_t cross_frees; // frees by this thread of others' blocks
    uint64_t birth_ns;    // uptime of its first event
    uint64_t changed_seq; // tick at which any of this last changed
    float trend[MS_TREND_POINTS];
};

struct ms_site_row {
    uint32_t id;    // stable within the session
    uint32_t stack; // node of the stack table, one of possibly many
    uint64_t address;
    const char *function; // never NULL; "module+0x..." until it is known
    const char *file;     // "" when unknown
    uint32_t line;        // 0 when unknown
    const char *module;   // base name, "" when unknown
    // Of what type debug information declares the blocks, whose sizes add up to
    // as many of it; "": nothing is known.
    const char *declared_type;
    uint64_t live_bytes;
    uint64_t live_blocks;
    uint64_t alloc_bytes;
    uint64_t alloc_count;
    uint64_t free_bytes;
    uint64_t free_count;
    uint64_t realloc_count;
    uint64_t temporary_count;
    uint64_t mapped_bytes;   // live, of its mappings
    double mean_lifetime_ns; // of freed blocks; NaN when none
    double alloc_count_rate; // per second, over the last second
    double free_count_rate;
    double delta_bytes; // live bytes against one minute ago (or the start)
    uint64_t changed_seq;
    float trend[MS_TREND_POINTS];
};
// The strings of a site row live as long as the engine and never change; a
// name that becomes known is a new string and a new changed_seq.

// ms_engine_threads and ms_engine_sites give the rows that changed after tick
// `since` (0: all), in order of id, and the tick that they are of.
enum memscope_status ms_engine_threads(struct ms_engine *engine,
                                       uint32_t session, uint64_t since,
                                       struct ms_thread_row **rows,
                                       size_t *count,
                                       uint64_t *seq) MEMSCOPE_MUST_CHECK;
enum memscope_status ms_engine_sites(struct ms_engine *engine, uint32_t session,
                                     uint64_t since, struct ms_site_row **rows,
                                     size_t *count,
                                     uint64_t *seq) MEMSCOPE_MUST_CHECK;

// ms_engine_hurry is for the end of a run that nobody looks at: names come
// from what is quick to read, and may lack their lines.
void ms_engine_hurry(struct ms_engine *engine);

// ms_engine_top_sites gives the sites with the most live bytes, up to `room` of
// them, largest first. Unlike ms_engine_sites it has only their names looked
// up; *named says whether they are all known by now.
enum memscope_status ms_engine_top_sites(struct ms_engine *engine,
                                         uint32_t session,
                                         struct ms_site_row *rows, size_t room,
                                         size_t *count,
                                         bool *named) MEMSCOPE_MUST_CHECK;

// One point of the history. Totals are cumulative; rates are differences.
struct ms_sample {
    uint64_t seq;
    uint64_t uptime_ns;
    uint64_t live_bytes;
    uint64_t live_blocks;
    uint64_t peak_bytes;
    uint64_t alloc_bytes;
    uint64_t free_bytes;
    uint64_t alloc_count;
    uint64_t free_count;
    uint64_t rss_bytes;
    double process_cpu;
    double system_cpu; // of the machine, 100 = all cores
    uint64_t thread_count;
};

// The rings: 100 ms for 10 min, 1 s for 2 h, 10 s for 24 h.
enum ms_history_step { MS_STEP_100MS, MS_STEP_1S, MS_STEP_10S };

// ms_engine_history gives samples after tick `since`, oldest first.
enum memscope_status ms_engine_history(struct ms_engine *engine,
                                       uint32_t session,
                                       enum ms_history_step step,
                                       uint64_t since, struct ms_sample **out,
                                       size_t *count) MEMSCOPE_MUST_CHECK;

#define MS_HISTOGRAM_SIZES 48u
#define MS_HISTOGRAM_LIFETIMES 34u
struct ms_histograms {
    uint64_t seq;
    // By requested size: class c holds sizes in (2^(c-1), 2^c]; 0: 0 and 1.
    uint64_t size_live_bytes[MS_HISTOGRAM_SIZES];
    uint64_t size_live_blocks[MS_HISTOGRAM_SIZES];
    // Freed blocks by lifetime: bucket b holds less than lifetime_unit_ns *
    // 2^b, and not less than half of that; bucket 0: less than one unit.
    uint64_t lifetime_unit_ns;
    uint64_t lifetime_count[MS_HISTOGRAM_LIFETIMES];
};
enum memscope_status
ms_engine_histograms(struct ms_engine *engine, uint32_t session,
                     struct ms_histograms *out) MEMSCOPE_MUST_CHECK;

struct ms_module_info {
    uint64_t start, end, bias;
    uint64_t load_ns, unload_ns; // uptimes; unload 0: loaded
    const char *path;            // lives as long as the engine
    char build_id[73];           // hex, "" when it has none
    const char *symbols;         // what names come from: static, see symbols.h
};
enum memscope_status ms_engine_modules(struct ms_engine *engine,
                                       uint32_t session,
                                       struct ms_module_info **out,
                                       size_t *count) MEMSCOPE_MUST_CHECK;

// The same, each with the sums of the sites in it; they and what is in no
// module add up to the totals of that tick.
struct ms_module_sums {
    uint64_t sites;
    uint64_t live_bytes, live_blocks;
    uint64_t alloc_bytes, alloc_count;
    uint64_t free_bytes, free_count;
};
struct ms_module_row {
    struct ms_module_info info;
    struct ms_module_sums sums;
};
struct ms_module_rows {
    uint64_t seq;
    struct ms_module_row *rows;
    size_t count;
    struct ms_module_sums elsewhere;
};
enum memscope_status
ms_engine_module_rows(struct ms_engine *engine, uint32_t session,
                      struct ms_module_rows *out) MEMSCOPE_MUST_CHECK;
void ms_module_rows_fini(struct ms_module_rows *rows);

// A live region of what the program itself has mapped.
struct ms_mapping_row {
    uint64_t address;
    uint64_t bytes;
    const char *kind; // static: "anonymous", "file", "break"
    bool readable, writable, executable, shared; // as it was mapped
    uint32_t site;                               // ms_site_row.id; 0: unknown
    uint32_t thread;                             // ms_thread_row.id; 0: unknown
    uint64_t birth_ns;                           // uptime, in steps of 0.52 ms
    uint64_t resident_bytes;                     // UINT64_MAX: unknown
};

// Where the resident memory of the process is. Each page counts once; the sum
// of the parts is the total. UINT64_MAX: the process cannot be asked.
struct ms_resident {
    uint64_t total_bytes;
    uint64_t mapped_bytes; // of the regions
    uint64_t store_bytes;  // memscope's own, inside the process
    uint64_t heap_bytes;   // areas in which blocks live or have lived, and brk
    uint64_t stack_bytes;  // of live threads
    uint64_t code_bytes;   // of files, mapped to be executed
    uint64_t file_bytes;   // of files otherwise, by others than the program
    uint64_t shared_bytes; // with other processes, and of no file system
    uint64_t other_bytes;
};

struct ms_mappings_picture {
    uint32_t session;
    char epoch[17];
    uint64_t seq;
    struct ms_resident resident;
    struct ms_mapping_row *rows; // in order of address
    size_t count;
};

// ms_engine_mappings gives the regions of the latest tick, joined with what the
// system says of the address space a moment later. Waits for the system: up to
// some milliseconds with a large process. The rows are freed with free().
enum memscope_status
ms_engine_mappings(struct ms_engine *engine, uint32_t session,
                   struct ms_mappings_picture *out) MEMSCOPE_MUST_CHECK;

// A live block, from the live index.
// What the program has said of a block, by numbers; 0: nothing. Names are
// given by ms_block_walk_name, tasks and pools by ms_engine_groups.
struct ms_said {
    uint32_t variable, type, scope; // names
    uint32_t task, pool;            // ids: the innermost ones
};

struct ms_block {
    struct ms_said said;
    uint64_t address;
    uint64_t size;
    uint32_t site;     // ms_site_row.id, 0 when not yet known to the collector
    uint32_t thread;   // ms_thread_row.id
    uint64_t birth_ns; // uptime, in steps of 0.52 ms
    uint32_t stack;    // ms_stack_row.id; 0: damaged
    // Of what type debug information declares it; "": nothing is known. Lives
    // as long as the engine.
    const char *declared;
};

// A walk over the live index, from low addresses to high, in bounded memory.
// While the program runs this is no single moment: a block that lives through
// the whole walk is seen exactly once. One walk belongs to one thread.
struct ms_block_walk;
enum memscope_status
ms_block_walk_create(struct ms_engine *engine, uint32_t session,
                     struct ms_block_walk **out) MEMSCOPE_MUST_CHECK;
// ms_block_walk_between, before the first step, leaves out blocks outside of
// [low, high]; some may come all the same.
void ms_block_walk_between(struct ms_block_walk *walk, uint64_t low,
                           uint64_t high);
// Fills up to `capacity` blocks; 0 means the end.
size_t ms_block_walk_next(struct ms_block_walk *walk, struct ms_block *blocks,
                          size_t capacity);
// A name that was said of one of its blocks, terminated.
#define MS_SAID_NAME 120
void ms_block_walk_name(struct ms_block_walk *walk, uint32_t name,
                        char text[MS_SAID_NAME]);
void ms_block_walk_destroy(struct ms_block_walk *walk);

#endif
