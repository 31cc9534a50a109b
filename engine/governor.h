// SPDX-License-Identifier: MIT
//
// governor: holds a session's budget: what capture costs the program, as the
// program has measured it, against the CPU that the program uses. Under the
// session's lock.

#ifndef MS_ENGINE_GOVERNOR_H
#define MS_ENGINE_GOVERNOR_H

#include "engine/control.h"
#include "reader.h"

struct ms_governor {
    struct ms_capture_order order;
    unsigned step; // how much coarser than the order it is
    unsigned calm; // seconds in which it could have been finer
    // Totals when they were looked at last.
    uint64_t measured_ns, measured_events, events, cpu_ns, allocs;
    double exact_ns; // what an event costs in exact mode; 0: not known
    double overhead; // per cent of the program's CPU; NaN: not known
};

// ms_governor_init takes over the mode in which the program has begun.
void ms_governor_init(struct ms_governor *g, struct ms_reader *r);

// ms_governor_order is ms_engine_control for one session.
void ms_governor_order(struct ms_governor *g, struct ms_reader *r,
                       const struct ms_capture_order *order);

// ms_governor_second looks at the last second: `cpu_ns` is what the program
// has used since its beginning, `events` its allocations and frees so far,
// estimated when sampled.
void ms_governor_second(struct ms_governor *g, struct ms_reader *r,
                        uint64_t cpu_ns, uint64_t events);

// What is in force.
void ms_governor_now(struct ms_reader *r, enum ms_capture_mode *mode,
                     uint64_t *interval);

#endif
