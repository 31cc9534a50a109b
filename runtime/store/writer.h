// SPDX-License-Identifier: MIT
//
// writer: what one thread needs to fold its events into the store. It lives
// in memory that a forked child finds zeroed, so that it is not open there
// and nothing of the parent's segment is touched any more.

#ifndef MS_RUNTIME_STORE_WRITER_H
#define MS_RUNTIME_STORE_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "platform/atomics.h"
#include "platform/clock.h"
#include "platform/compiler.h"
#include "runtime/store.h"
#include "store/row_map.h"
#include "store/sampler.h"

// The clock is read every so many events: often, where few happen in a unit of
// it.
#define MS_CLOCK_EVENTS 16u
#define MS_CLOCK_EVENTS_MOST 256u
#define MS_POST_BYTES 65536 // net change that a thread keeps to itself
struct ms_unwinder;
struct ms_contexts;

#define MS_SITE_CACHE 256u // return addresses whose stack is remembered

struct ms_site_entry {
    uint64_t address;
    uint32_t stack;
    struct ms_row_hint hint;
};

#define MS_CHAIN_CACHE 128u // reallocated blocks that are remembered

struct ms_chain {
    uint64_t address, cell;
    uint32_t length; // reallocs so far
};

struct ms_claim {
    uint32_t next, end; // rows; the same: none
};

enum ms_writer_state {
    MS_WRITER_NONE = 0, // not open, or a forked child's
    MS_WRITER_READY,
    MS_WRITER_BUSY, // an event is being booked; see capture/guard.h
};

// What every event needs comes first.
struct ms_writer {
    uint8_t state;     // enum ms_writer_state
    int32_t countdown; // events until the clock is read again; below 0: now
    uint64_t pulse;    // of the header, when it was read last
    // All zero where an event is nothing special: one look at the lot.
    union {
        uint64_t special;
        struct {
            union {
                uint16_t special_free; // what matters to one
                struct {
                    uint8_t mode; // enum ms_mode
                    bool tells;   // of every free: the backend, or the notes
                };
            };
            bool asks; // the backend about every stack: it is the program's
            bool unused;
            uint32_t context; // of allocations: annotate/contexts.h
        };
    };
    uint32_t thread; // number of its slot
    uint16_t mark;   // of its groups of rows: that number and one
    uint8_t level;   // of sampling; 0: exact
    struct ms_segment_header *header;
    uint64_t now;      // birth units
    uint64_t timed_ns; // when this event began, if it is measured
    bool was_less;     // blocks may live that were never captured
    bool was_off;      // captured blocks may have been freed unseen
    struct ms_row *rows;
    struct ms_row_detail *details;
    _Atomic uint64_t *index;
    uint64_t covers; // addresses below are in the index; 0: none
    struct ms_thread_slot *slot;
    struct ms_recorded_event *events; // ring of MS_RECORDER_EVENTS
    int64_t unposted;                 // net bytes not yet posted to the header
    uint64_t last_address;            // of the last event, if an allocation
    struct ms_sampler sampler;
    _Atomic uint8_t *filter;        // of sampled addresses; NULL: ask the index
    struct ms_unwinder *unwinder;   // NULL: the backend needs none
    uint64_t entered;               // the hook's frame, while busy
    uint64_t entered_from;          // the return address that lies there
    uint64_t stack_low, stack_high; // the thread's own stack
    struct ms_store *store;
    _Atomic uint64_t *first_rows;  // by stack: see ledger.h
    _Atomic uint16_t *row_threads; // by group of rows: see ledger.h; or NULL
    struct ms_row_map own;         // stack -> row
    struct ms_row_map foreign;     // other thread's row -> row
    struct ms_contexts *contexts;  // NULL: none was ever entered
    struct ms_claim exact, other;  // rows claimed and not yet used
    uint32_t refreshes;            // of the clock
    uint32_t practice;             // events until one is measured; 0: none
    uint32_t stretch;              // events between two of them
    uint64_t refreshed_ns;         // the last one
    uint32_t looks;                // at wrong frees, since look_tick
    uint64_t look_tick;
    struct ms_site_entry sites[MS_SITE_CACHE];
    struct ms_chain chains[MS_CHAIN_CACHE]; // by address
    // Owner: its tid, and its slot in the upper half; 0 while it changes hands.
    _Atomic uint64_t owner;
    struct ms_writer *next; // all writers; constant after publication
};

// ms_writer_now keeps `now`, the time in birth units. It is read afresh every
// MS_CLOCK_EVENTS events (where they follow each other quickly, after more of
// them, in a fraction of a unit) and after each tick of the collector; likewise
// the mode, which the same word brings.
void ms_writer_refresh(struct ms_writer *w, uint64_t pulse);

static inline void ms_writer_now(struct ms_writer *w)
{
    uint64_t pulse = ms_load_relaxed(&w->header->pulse); // relaxed: a hint

    if (ms_unlikely(--w->countdown < 0 || pulse != w->pulse))
        ms_writer_refresh(w, pulse);
}

// ms_writer_site is where the stack of a return address is remembered.
MS_ALWAYS_INLINE struct ms_site_entry *ms_writer_site(struct ms_writer *w,
                                                      uint64_t address)
{
    uint64_t hash = address * UINT64_C(0x9E3779B97F4A7C15);

    _Static_assert(MS_SITE_CACHE == 256, "8 bits of the hash");
    return &w->sites[hash >> 56];
}

// ms_writer_measured notes what the event that now ends has taken.
void ms_writer_measured(struct ms_writer *w);

// ms_store_count_drop counts what could not be booked. Any thread.
static inline void ms_store_count_drop(struct ms_store *s,
                                       enum ms_drop_kind kind)
{
    // relaxed: a count, ordered with nothing
    ms_add_relaxed(&s->header->dropped[kind], 1);
}

#endif
