// SPDX-License-Identifier: MIT
//
// keeping: what `memscope run` is told of snapshots that are taken by
// themselves, of the directory that they are kept in, and of the report.

#ifndef MS_CLI_KEEPING_H
#define MS_CLI_KEEPING_H

#include <stdbool.h>

#include "engine/keeping.h"

struct ms_keeping {
    const char *directory; // NULL: none
    char triggers[400];    // separated by commas
    const char *report;    // file for the end; NULL: none
};

// ms_keeping_when adds conditions. False: they are none, or too many.
bool ms_keeping_when(struct ms_keeping *keeping, const char *triggers);

// ms_keeping_begin tells the engine. False: said why.
bool ms_keeping_begin(const struct ms_keeping *keeping,
                      struct ms_engine *engine);

#endif
