// SPDX-License-Identifier: MIT
//
// event: what a backend fills and the store books. It lives on the stack of
// the capturing thread for the length of one hook; nobody keeps it.

#ifndef MS_RUNTIME_CAPTURE_EVENT_H
#define MS_RUNTIME_CAPTURE_EVENT_H

#include <stdint.h>

#include "runtime/segment.h"
#include "store/row_map.h"

struct ms_event {
    enum ms_operation operation;
    uint32_t stack;           // node of the stack table; filled by the backend
    struct ms_row_hint *hint; // of that stack, or NULL; filled likewise
    uint64_t address;         // of the block; after a move, the new one
    uint64_t size;            // requested bytes
    uint64_t caller;          // return address of the hook
    const void *frame; // of the hook: its caller's frame pointer, then caller
};

#endif
