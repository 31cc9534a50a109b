// SPDX-License-Identifier: MIT
//
// leak_check: `memscope run --leak-check`: the program is scanned for leaks
// while it waits at its exit, and what was found is said.

#ifndef MS_CLI_LEAK_CHECK_H
#define MS_CLI_LEAK_CHECK_H

#include <stdbool.h>
#include <sys/types.h>

#define MS_LEAK_EXIT_CODE 23 // as LeakSanitizer's
#define MS_ENV_SUPPRESSIONS "MEMSCOPE_SUPPRESSIONS"

struct ms_engine;

struct ms_leak_check {
    bool wanted, fail;        // fail: leaks are an exit code
    const char *suppressions; // path, or NULL
};

// ms_leak_check_prepare asks for it in the environment of the program that is
// launched next. False: no memory.
bool ms_leak_check_prepare(const struct ms_leak_check *c);

// ms_leak_check_begin reads the suppressions. False: said why.
bool ms_leak_check_begin(const struct ms_leak_check *c,
                         struct ms_engine *engine);

// ms_leak_check_print says what the program's own scan has found and returns
// the exit code that it calls for: 0 without leaks, or when none is wanted.
int ms_leak_check_print(const struct ms_leak_check *c, struct ms_engine *engine,
                        pid_t pid);

#endif
