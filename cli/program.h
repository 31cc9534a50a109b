// SPDX-License-Identifier: MIT
//
// program: what can be told of a program from its file, before it runs:
// whether it can be watched, and whether preloading would harm it.

#ifndef MS_CLI_PROGRAM_H
#define MS_CLI_PROGRAM_H

#include <stdbool.h>

struct ms_program {
    const char *why; // it cannot be watched; NULL: nothing speaks against it
    bool harmed;     // it would not run, or would complain, with a preload
};

// ms_program_look finds `command` as execvp does and looks at its file; for a
// script, at that of its interpreter. What cannot be read counts as sound.
struct ms_program ms_program_look(const char *command);

#endif
