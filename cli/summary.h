// SPDX-License-Identifier: MIT
//
// summary: what memscope says on stderr when the program has ended.

#ifndef MS_CLI_SUMMARY_H
#define MS_CLI_SUMMARY_H

#include "engine/engine.h"

// ms_summary_print describes the program, whose pid is given, then the
// processes that it has started, largest first: as one line each, and the
// call sites of the one that was larger than the program. With `stays`, those
// that still run go on being watched. Waits for names, a second at most.
void ms_summary_print(struct ms_engine *engine, pid_t pid, bool stays);

#endif
