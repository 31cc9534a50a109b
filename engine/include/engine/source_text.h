// SPDX-License-Identifier: MIT
//
// source_text: lines of a program's source, where a call stands. Only files are
// read that debug information of the program's own modules has named in an
// answer: no other path can be asked for.

#ifndef MS_ENGINE_SOURCE_TEXT_H
#define MS_ENGINE_SOURCE_TEXT_H

#include "engine/engine.h"

#define MS_SOURCE_PATH 512u
#define MS_SOURCE_BYTES (UINT64_C(8) << 20) // a longer file is not read
#define MS_SOURCE_CONTEXT 100u              // lines before, and after
#define MS_SOURCE_LINE 1000u                // bytes of a line that are given

struct ms_source_file {
    pid_t pid; // running process in whose root it lies; 0: in ours
    char path[MS_SOURCE_PATH];
    char module[MS_SOURCE_PATH]; // path of the module's file
};

// ms_engine_source_file finds a file by the names that frames have: the last
// part of a module's path, and the file as debug information has it. Waits for
// a tick in progress at most. NOT_FOUND: no such session, or no frame that has
// been named so far is of this module and file.
enum memscope_status
ms_engine_source_file(struct ms_engine *engine, uint32_t session,
                      const char *module, const char *file,
                      struct ms_source_file *out) MEMSCOPE_MUST_CHECK;

struct ms_source_text {
    char **lines; // UTF-8 or not, without their ends
    size_t count;
    uint32_t first; // number of the first one
    uint32_t total; // lines of the file
    bool newer;     // changed after the module was built: lines may be others
};

// ms_source_read reads the lines around one. May wait for a disk or a network:
// for a thread that nobody waits for. NOT_FOUND: there is no such file, or it
// has not so many lines; FORMAT: it is no text; LIMIT: it is too long.
// ms_source_text_fini frees what is in it.
enum memscope_status
ms_source_read(const struct ms_source_file *file, uint32_t line,
               uint32_t context,
               struct ms_source_text *out) MEMSCOPE_MUST_CHECK;
void ms_source_text_fini(struct ms_source_text *text);

#endif
