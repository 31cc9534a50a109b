// SPDX-License-Identifier: MIT
//
// details: all that is known of one site, or of one thread, at one cut: what
// its sums are made of. Any thread; waits for a tick in progress at most, and
// holds up the next one for as long as it takes to read the site's or thread's
// ledger rows (some 20 ns each).

#ifndef MS_ENGINE_DETAILS_H
#define MS_ENGINE_DETAILS_H

#include "engine/stacks.h"

// What of a list is given; the rest is in its sums.
#define MS_DETAIL_THREADS 64u
#define MS_DETAIL_SITES 100u
#define MS_DETAIL_STACKS 16u
#define MS_DETAIL_FRAMES 128u // of a stack, innermost first

struct ms_detail_sums {
    uint64_t live_bytes, live_blocks;
    uint64_t alloc_bytes, alloc_count;
    uint64_t free_bytes, free_count;
};

// A thread's part in a site: its blocks, and what it has freed of the site's,
// whoever has allocated it.
struct ms_detail_thread {
    uint32_t id, tid;
    char name[17];
    struct ms_detail_sums sums;
    uint64_t frees; // by this thread
};

// A site's part in a thread.
struct ms_detail_site {
    uint32_t id, line;
    const char *function, *file, *module;
    struct ms_detail_sums sums;
};

struct ms_detail_frame {
    struct ms_frame frame;
    const char *module; // base name, "" when unknown
};

struct ms_detail_stack {
    struct ms_stack_row row; // row.node is not set
    struct ms_detail_frame *frames;
    size_t frame_count;
};

// What realloc did at a site. A chain is a block that was reallocated again and
// again by one thread; each thread remembers its last 128 such blocks, so that
// `chains` may be too high and `longest` too low where more are under way. All
// 0 with a small segment.
struct ms_detail_reallocs {
    uint64_t count, chains, grown_bytes;
    uint32_t longest; // in reallocations
};

struct ms_detail {
    bool past;        // as far as the log of changes has it, see below
    uint64_t from_ns; // of a range
    uint32_t session;
    char epoch[17];
    uint64_t seq, uptime_ns;
    struct ms_histograms histograms; // of the site or thread alone
    uint64_t size_alloc_count[MS_HISTOGRAM_SIZES];
    // Of a site:
    struct ms_site_row site;
    struct ms_detail_reallocs reallocs;
    struct ms_detail_thread *threads; // most live bytes first
    size_t thread_count, thread_total;
    struct ms_detail_stack *stacks; // likewise
    size_t stack_count, stack_total;
    // Of a thread:
    struct ms_thread_row thread;
    struct ms_detail_site *sites; // likewise
    size_t site_count, site_total;
};

// ms_engine_site_detail and ms_engine_thread_detail give it of the latest tick.
// MEMSCOPE_ERROR_NOT_FOUND: no such session, site or thread.
enum memscope_status
ms_engine_site_detail(struct ms_engine *engine, uint32_t session, uint32_t site,
                      struct ms_detail *out) MEMSCOPE_MUST_CHECK;
enum memscope_status
ms_engine_thread_detail(struct ms_engine *engine, uint32_t session,
                        uint32_t thread,
                        struct ms_detail *out) MEMSCOPE_MUST_CHECK;

// ms_engine_site_past gives a site of a moment of the past, or of a range
// (engine/moment.h): its row and its stacks; `past` is set, and there are no
// histograms, threads or reallocs. In a range, the stacks that have gained or
// lost most come first. Any thread; takes as long as ms_engine_past.
struct ms_when;
enum memscope_status
ms_engine_site_past(struct ms_engine *engine, uint32_t session, uint32_t site,
                    const struct ms_when *when,
                    struct ms_detail *out) MEMSCOPE_MUST_CHECK;

void ms_detail_fini(struct ms_detail *detail);

#endif
