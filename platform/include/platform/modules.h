// SPDX-License-Identifier: MIT
//
// modules: which loaded object an address lies in. Any thread; no lock, no
// allocation; async-signal-safe.

#ifndef MS_PLATFORM_MODULES_H
#define MS_PLATFORM_MODULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ms_loaded_module {
    uint64_t start;          // first mapped address
    uint64_t end;            // one past the last
    uint64_t bias;           // load bias
    const uint8_t *build_id; // in the mapped object; NULL when it has none
    size_t build_id_bytes;
    const char *path; // the loader's own string; "" for the program itself
};

// ms_module_at finds the object that covers `address`. What it points to is
// valid while the object stays loaded. False: none, as for generated code.
bool ms_module_at(uint64_t address, struct ms_loaded_module *out);

// Where the unwind tables of an object are: .eh_frame_hdr, and the readable
// part of the object that it lies in, together with .eh_frame.
struct ms_module_unwind {
    const uint8_t *begin, *end;
    const uint8_t *header;
};

// ms_module_unwind_at finds the tables for code at `address`. False: none.
bool ms_module_unwind_at(uint64_t address, struct ms_module_unwind *out);

// ms_program_path gives the path of the program, NUL-terminated.
void ms_program_path(char *path, size_t bytes);

// ms_program_command gives its arguments, separated by spaces.
void ms_program_command(char *text, size_t bytes);

#endif
