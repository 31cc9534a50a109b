// SPDX-License-Identifier: MIT
//
// pace: when the sessions are ticked. Ten times a second, as far as the budget
// allows (tick_budget.h), while somebody looks; else ticks rest: as often as a
// tenth of the session's age, twice a second then, for a hundredth of one
// processor. Between ticks there are beats, which cost next to nothing: the
// threads' clocks go on, and what cannot wait is seen. See decision 26.

#ifndef MS_ENGINE_PACE_H
#define MS_ENGINE_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "tick_budget.h"

#define MS_ATTENDED_NS UINT64_C(30000000000) // after somebody has looked
#define MS_RESTING_NS UINT64_C(500000000)    // between ticks that rest

struct ms_engine;
struct ms_session;

// The collector's own.
struct ms_pace {
    struct ms_tick_budget budget;
    uint64_t beat_ns; // between beats; constant
    uint64_t due_ns;  // monotonic: no tick but those asked for comes before
    uint64_t last_ns; // when the last round of ticks began
};

// What a beat is to do.
struct ms_beat {
    uint64_t begin_ns;
    bool due;   // ticks may come
    bool rests; // nobody looks
    bool heeds; // what cannot wait
};

void ms_pace_init(struct ms_pace *p, uint64_t beat_ns);

// ms_pace_begin says what the beat that begins now is to do. {engine lock}
struct ms_beat ms_pace_begin(struct ms_pace *p, struct ms_engine *e);

// ms_pace_wants says whether a session is to be ticked in it. [collector]
bool ms_pace_wants(const struct ms_beat *b, struct ms_session *s);

// ms_pace_end notes that it is done, and whether anything was ticked; wakes
// those who wait for that, and gives when the next one begins. {engine lock}
uint64_t ms_pace_end(struct ms_pace *p, struct ms_engine *e,
                     const struct ms_beat *b, bool ticked);

#endif
