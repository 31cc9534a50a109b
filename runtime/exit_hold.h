// SPDX-License-Identifier: MIT
//
// exit_hold: keeps a program at its exit for as long as its memory is being
// scanned for leaks, when `memscope run --leak-check` has asked for that.

#ifndef MS_RUNTIME_EXIT_HOLD_H
#define MS_RUNTIME_EXIT_HOLD_H

#include "runtime/segment.h"

// ms_exit_hold waits until the reader lets the program go; no longer than a
// minute, nor than two seconds for a reader that does not tick any more.
void ms_exit_hold(struct ms_segment_header *h);

#endif
