// SPDX-License-Identifier: MIT
//
// namer: names for the addresses of modules, many at a time; and which files
// are open for that, of which there are never more than MS_NAMER_OPEN, nor
// (but for the one in use) more than MS_NAMER_BYTES of our tables about them.
// One thread.

#ifndef MS_ENGINE_SYMBOLS_NAMER_H
#define MS_ENGINE_SYMBOLS_NAMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "symbols/dwarf.h"

#define MS_NAMER_OPEN 128u
#define MS_NAMER_BYTES (UINT64_C(512) << 20)
#define MS_NAMER_BATCH 256u
#define MS_BUILD_ID_BYTES 64u

struct ms_namer;

struct ms_namer_module {
    uint32_t number; // the caller's, one per module
    const char *path;
    pid_t pid; // to look through, or 0
    uint8_t build_id[MS_BUILD_ID_BYTES];
    uint32_t build_id_bytes; // 0: unknown
    bool separate;           // read files of debug information as well
    const char *fetched;     // one of these, from afar; NULL: none
};

// What is there to read of a module.
enum ms_names_source {
    MS_NAMES_UNKNOWN, // nobody has asked yet
    MS_NAMES_DEBUG,   // debug information
    MS_NAMES_SYMBOLS, // symbols only
    MS_NAMES_MISSING, // no file, or another one by now
    MS_NAMES_FAILED,  // a file that cannot be read
};

// Answers to a batch: the frames of address i are the next counts[i] ones.
struct ms_names {
    enum ms_names_source source;
    uint16_t counts[MS_NAMER_BATCH];
    struct ms_dwarf_frame *frames; // the namer's, until its next call
    size_t frame_count;
};

// ms_namer_create: with `helper`, the path of a memscope command, files are
// read in a process of its own (see helper.h); NULL: in this one.
struct ms_namer *ms_namer_create(const char *helper);
void ms_namer_destroy(struct ms_namer *n);

// ms_namer_forget closes a module's file: the next names come of one opened
// anew.
void ms_namer_forget(struct ms_namer *n, uint32_t number);

// ms_namer_names names up to MS_NAMER_BATCH addresses of one module's file.
void ms_namer_names(struct ms_namer *n, const struct ms_namer_module *module,
                    const uint64_t *addresses, size_t count,
                    struct ms_names *out);

// ms_namer_types gives the types that are declared for what the calls at up to
// MS_NAMER_BATCH addresses give. Their names live until the next call.
void ms_namer_types(struct ms_namer *n, const struct ms_namer_module *module,
                    const uint64_t *addresses, size_t count,
                    struct ms_declared *out);

#endif
