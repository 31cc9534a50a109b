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

#define MS_CLOCK_EVENTS 16u // the clock is read every so many events
#define MS_POST_BYTES 65536 // net change that a thread keeps to itself
struct ms_unwinder;
struct ms_contexts;

#define MS_SITE_CACHE 256u // return addresses whose stack is remembered

struct ms_site_entry {
    uint64_t address;
    uint32_t stack;
    struct ms_row_hint hint;
};

enum ms_writer_state {
    MS_WRITER_NONE = 0, // not open, or a forked child's
    MS_WRITER_READY,
    MS_WRITER_BUSY, // an event is being booked; see capture/guard.h
};

// What every event needs comes first.
struct ms_writer {
    uint8_t state;      // enum ms_writer_state
    uint32_t countdown; // events until the clock is read again
    uint32_t tick;      // of the header, when it was read last
    uint32_t thread;    // number of its slot
    struct ms_segment_header *header;
    uint64_t now; // birth units
    struct ms_row *rows;
    _Atomic uint64_t *index;
    struct ms_thread_slot *slot;
    struct ms_recorded_event *events; // ring of MS_RECORDER_EVENTS
    uint64_t recorded;
    int64_t unposted;      // net bytes not yet posted to the header
    uint64_t last_address; // of the last event, if an allocation
    uint32_t context; // what its allocations belong to: annotate/contexts.h
    struct ms_unwinder *unwinder;   // NULL: the backend needs none
    uint64_t entered;               // the hook's frame, while busy
    uint64_t stack_low, stack_high; // the thread's own stack
    struct ms_store *store;
    struct ms_row_map own;        // stack -> row
    struct ms_row_map foreign;    // other thread's row -> row
    struct ms_contexts *contexts; // NULL: none was ever entered
    uint32_t row_next, row_end;   // rows claimed and not yet used
    struct ms_site_entry sites[MS_SITE_CACHE];
    // Owner: its tid, and its slot in the upper half; 0 while it changes hands.
    _Atomic uint64_t owner;
    struct ms_writer *next; // all writers; constant after publication
};

// ms_writer_now is the time in birth units. It is read afresh every
// MS_CLOCK_EVENTS events and after each tick of the collector, so that a
// stamp is never older than either.
static inline uint64_t ms_writer_now(struct ms_writer *w)
{
    uint32_t tick = ms_load_relaxed(&w->header->tick); // relaxed: a hint

    if (ms_unlikely(w->countdown-- == 0 || tick != w->tick)) {
        w->countdown = MS_CLOCK_EVENTS;
        w->tick = tick;
        w->now = ms_clock_monotonic_ns() >> MS_BIRTH_SHIFT;
    }
    return w->now;
}

// ms_store_count_drop counts what could not be booked. Any thread.
static inline void ms_store_count_drop(struct ms_store *s,
                                       enum ms_drop_kind kind)
{
    // relaxed: a count, ordered with nothing
    ms_add_relaxed(&s->header->dropped[kind], 1);
}

#endif
