// SPDX-License-Identifier: MIT
//
// model: the heap of one session as sums over ledger rows: by stack, by site,
// by thread, by size class, in all. It is fed with what each row has gained
// since it was read last, so that all sums agree at every cut. One writer at a
// time, under the session's lock; no allocation but to grow.

#ifndef MS_ENGINE_MODEL_MODEL_H
#define MS_ENGINE_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/picture.h"
#include "mappings.h"
#include "model/details.h"
#include "model/groups.h"
#include "model/pairs.h"
#include "model/stacks.h"
#include "reader.h"
#include "symbols/symbols.h"

// What has been taken over from a row.
struct ms_row_seen {
    uint64_t alloc_count, alloc_bytes;
    uint64_t free_count, free_bytes;
    uint64_t lifetime_units;
    // Of sampled blocks, by this row and the foreign ones that it owns; so
    // that all of them together are rounded once.
    uint64_t freed_units;
    uint32_t temporary_count, realloc_count;
    uint32_t listed;  // tick at which it was put on the work list
    uint32_t stack;   // 1 + index of its stack; 0: not known yet
    uint32_t context; // node, or 0
    // The next rows of the same stack and allocating thread; 0: none.
    uint32_t next_of_stack, next_of_thread;
    bool detailed; // it has a detail
};

struct ms_site {
    uint64_t address;
    uint64_t file_address;  // address - load bias
    uint32_t stack;         // the first that was met
    uint32_t stacks;        // of it: 1 + index of the newest; see next_of_site
    uint32_t symbol_module; // number in ms_symbols, 0: none
    uint32_t module_number; // 1 + index in ms_session.modules, 0: none
    const char *function, *file, *module;
    uint32_t line;
    const struct ms_symbol_type *type; // declared on its line; NULL: none
    bool rated;                        // on the list of sites with a rate
    bool wanted;                       // somebody wants to see its name
    uint64_t alloc_bytes, alloc_count, free_bytes, free_count;
    uint64_t realloc_count, temporary_count, lifetime_units;
    uint64_t mapped_bytes; // live, of its mappings
    uint64_t low_bytes;    // least live since ms_growth_step looked last
    uint64_t alloc_count_1s, free_count_1s; // totals one second ago
    float alloc_rate, free_rate;
    uint64_t changed_seq;
    struct ms_lifetimes lifetimes;
    struct ms_chains chains;
    float trend[MS_TREND_POINTS]; // ring, by ms_model.trend_head
};

static inline void ms_site_note_low(struct ms_site *s)
{
    if (s->alloc_bytes - s->free_bytes < s->low_bytes)
        s->low_bytes = s->alloc_bytes - s->free_bytes;
}

struct ms_thread {
    bool known;  // its slot has been published
    bool active; // still polled for dirty rows
    bool ended;
    char state;
    char name[17];
    uint32_t tid;
    uint64_t birth_ns; // uptime
    uint64_t alloc_bytes, alloc_count, free_bytes, free_count;
    uint64_t own_frees, own_free_bytes; // of its blocks, by itself
    uint64_t cross_frees, cross_free_bytes;
    uint32_t rows; // of its blocks; see next_of_thread
    struct ms_lifetimes lifetimes;
    uint64_t alloc_bytes_1s, alloc_count_1s;
    uint64_t cpu_ns_1s;
    uint64_t unknown_frees;
    double cpu;
    double bytes_rate, count_rate;
    uint64_t changed_seq;
    float trend[MS_TREND_POINTS];
};

struct ms_model {
    struct ms_site *sites;
    size_t site_count, site_room;
    struct ms_thread *threads; // by slot
    size_t thread_count, thread_room;
    struct ms_row_seen *seen;       // by row; sparse
    struct ms_detail_seen *details; // likewise
    size_t details_seen;
    struct ms_lifetimes lifetimes;
    struct ms_pairs pairs;
    struct ms_stack_table stacks;
    uint32_t *site_slots;   // 1 + index, by address; open addressing
    size_t site_slot_count; // a power of two, at least twice site_count
    uint32_t *rated_sites;  // indices
    size_t rated_count, rated_room;
    size_t rows_seen;
    struct ms_group *groups;    // sparse: see groups.h
    struct ms_heap_totals heap; // all but the live_* and peak_*
    uint64_t size_bytes[MS_SIZE_CLASSES];
    uint64_t size_blocks[MS_SIZE_CLASSES];
    // Live bytes that are estimates, by level of sampling.
    uint64_t sampled_bytes[MS_SAMPLING_LEVELS][MS_SIZE_CLASSES];
    uint64_t cross_frees;
    uint32_t trend_head; // where the next point goes
};

enum memscope_status ms_model_init(struct ms_model *m) MEMSCOPE_MUST_CHECK;
void ms_model_fini(struct ms_model *m);

// ms_model_bytes is the memory it occupies.
uint64_t ms_model_bytes(const struct ms_model *m);

// ms_model_thread makes sure that there is a thread for a slot; NULL: out of
// memory.
struct ms_thread *ms_model_thread(struct ms_model *m, uint32_t slot);

// ms_model_expect says that a row will be read soon, ms_model_expect_stack, a
// little later, that it will be very soon; nothing waits for it.
void ms_model_expect(const struct ms_model *m, struct ms_reader *r,
                     uint32_t row);
void ms_model_expect_stack(const struct ms_model *m, uint32_t row);

// ms_model_read_frees takes over what a row has gained in frees,
// ms_model_read_own that and, after it, what it has in allocations. In one
// tick, frees of another thread's blocks are read before any allocation.
void ms_model_read_frees(struct ms_model *m, struct ms_reader *r, uint32_t row,
                         uint64_t seq);
void ms_model_read_own(struct ms_model *m, struct ms_reader *r, uint32_t row,
                       uint64_t seq);

// ms_model_stack finds or makes a stack, ms_model_site the site that it is of:
// all stacks with the same innermost return address are one. 0: out of memory
// or no such node, else 1 + index. ms_model_known_site makes none; 0: it has
// not been met.
uint32_t ms_model_stack(struct ms_model *m, struct ms_reader *r,
                        uint32_t stack);
uint32_t ms_model_site(struct ms_model *m, struct ms_reader *r, uint32_t stack);
uint32_t ms_model_known_site(const struct ms_model *m, uint32_t stack);

// ms_model_error gives the standard errors of the estimates in the live bytes
// and blocks; `intervals` are in bytes, by level. 0 where nothing is sampled.
void ms_model_error(const struct ms_model *m,
                    const uint64_t intervals[MS_SAMPLING_LEVELS], double *bytes,
                    double *blocks);
// ms_model_rate_later puts a site (index) on the list of those with a rate.
void ms_model_rate_later(struct ms_model *m, uint32_t site);

// ms_model_book_mapping books what a mapped region has gained or lost: at its
// site and, with `in_totals`, in all sums as an allocation or a free.
void ms_model_book_mapping(struct ms_model *m, struct ms_reader *r,
                           const struct ms_region *region, int64_t bytes,
                           int regions, bool in_totals, uint64_t seq);

// ms_model_second computes rates over the last second (`seconds` long, to be
// exact); ms_model_trend adds a point to every trend.
void ms_model_second(struct ms_model *m, double seconds, uint64_t seq);
void ms_model_trend(struct ms_model *m, uint64_t seq);
void ms_model_empty_trend(float trend[MS_TREND_POINTS]);

// ms_model_reserve makes room for one more; *items may move.
bool ms_model_reserve(void **items, size_t count, size_t *room, size_t bytes);

#endif
