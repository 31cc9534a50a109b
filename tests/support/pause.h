// SPDX-License-Identifier: MIT
//
// pause: stops a thread in the middle of the code under test, where that code
// calls something that can be stood in for, and lets the next step of the
// relay run there. So the rarest interleavings happen every time. Programs
// with this file are linked with --wrap for each point.

#ifndef MS_TESTS_PAUSE_H
#define MS_TESTS_PAUSE_H

#include "platform/modules.h"

enum ms_pause_point {
    MS_PAUSE_NOWHERE,
    MS_PAUSE_CLOCK,     // ms_clock_monotonic_ns
    MS_PAUSE_MODULE,    // ms_module_at
    MS_PAUSE_UNWIND,    // ms_module_unwind_at
    MS_PAUSE_MEMORY,    // ms_memory_map_wiped
    MS_PAUSE_COMPARISON // memcmp
};

// ms_pause_at: the calling thread, step `step` of a relay, stops at the next
// such point until step + 1 is done.
void ms_pause_at(enum ms_pause_point point, unsigned step);

// ms_pause_module: from here on ms_module_at finds this object for every
// address of the calling thread. NULL ends it.
void ms_pause_module(const struct ms_loaded_module *module);

#endif
