// SPDX-License-Identifier: MIT
//
// files: where a module's file is, and the file of its debug information. A
// file counts only if its build-id is the one that was loaded, or there is
// none to compare. Nothing here asks a server (see fetch.h).

#ifndef MS_ENGINE_SYMBOLS_FILES_H
#define MS_ENGINE_SYMBOLS_FILES_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// ms_files_open opens candidate number n (0, 1, ...) for a module's file: by
// /proc/PID/root, what the process has mapped, its executable, and the plain
// path. -1: there is none; -2: no more candidates.
#define MS_FILES_CANDIDATES 4u
int ms_files_open(unsigned n, const char *path, pid_t pid);

// ms_files_is says whether a module is the file that was loaded.
bool ms_files_is(Dwfl_Module *module, const uint8_t *build_id, size_t bytes);

// Where else to look for debug information of a module.
struct ms_files_hint {
    pid_t pid;           // in the root of this process first; 0: of none
    const char *fetched; // at last this file, if it is of its build-id; or NULL
};

// ms_files_callbacks are elfutils' for finding debug information; with
// `separate` in files of their own as well. The module's user data is a hint.
const Dwfl_Callbacks *ms_files_callbacks(bool separate);

#endif
