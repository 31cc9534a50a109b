// SPDX-License-Identifier: MIT
//
// control: how much of a running program is captured, by hand or to hold a
// budget of CPU. Any thread; waits for a tick in progress at most; allocates
// nothing. The program follows at its next event.

#ifndef MS_ENGINE_CONTROL_H
#define MS_ENGINE_CONTROL_H

#include "engine/engine.h"

enum ms_capture_mode {
    MS_CAPTURE_EXACT,   // every block
    MS_CAPTURE_SAMPLED, // blocks at random by bytes; all numbers are estimates
    MS_CAPTURE_OFF,     // nothing
};

struct ms_capture_order {
    enum ms_capture_mode mode;
    uint64_t interval; // mean bytes between samples; 0: 524288. A power of two
    // Per cent of the program's CPU that capture may take; 0: no budget. With
    // one, `mode` is the finest that is wanted: beyond the budget it becomes
    // coarser by steps (exact, sampled at interval, at 8 and at 64 times it,
    // off), and finer again when there is room.
    double budget;
};

// ms_engine_control takes an order for a session (0: the primary one) and says
// what it has come to. Returns MEMSCOPE_ERROR_ARGUMENT for what is out of
// range, MEMSCOPE_ERROR_NOT_FOUND, or MEMSCOPE_ERROR_STATE when the session
// has ended; nothing is changed then.
enum memscope_status
ms_engine_control(struct ms_engine *engine, uint32_t session,
                  const struct ms_capture_order *order,
                  struct ms_capture_order *now) MEMSCOPE_MUST_CHECK;

// ms_engine_set_budget gives every session that begins from now on a budget.
void ms_engine_set_budget(struct ms_engine *engine, double per_cent);

// ms_capture_mode_name is "exact", "sampled" or "off". Static.
const char *ms_capture_mode_name(enum ms_capture_mode mode);

#endif
