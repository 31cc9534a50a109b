// SPDX-License-Identifier: MIT
//
// summary: what memscope says on stderr when the program has ended.

#ifndef MS_CLI_SUMMARY_H
#define MS_CLI_SUMMARY_H

#include "engine/engine.h"

// ms_summary_print describes the primary session; it waits for names, a
// second at most.
void ms_summary_print(struct ms_engine *engine);

#endif
