// SPDX-License-Identifier: MIT
//
// engine: the capture engine. Each call asks the backend to fill one event
// and books it in the store; the engine keeps nothing. Any thread; waits for
// nothing; errno stays as it was. Entered from inside itself (a signal handler
// that allocates in the middle of an event) it counts and does nothing.

#ifndef MS_RUNTIME_CAPTURE_ENGINE_H
#define MS_RUNTIME_CAPTURE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "annotate/notes.h"
#include "capture/backend.h"
#include "unwind/machine.h"

// `frame` is the hook's own frame, as MS_HOOK_FRAME gives it in the function
// that the program has called: from there its callers are found.
#define MS_HOOK_FRAME MS_MACHINE_HOOK_FRAME

// After the allocator has given a block.
void ms_capture_alloc(void *block, size_t size, const void *frame);

// Before the allocator gets it back. False: no block that we know.
bool ms_capture_dealloc(void *block, const void *frame);

// The same for what fast.h has left undone.
void ms_capture_alloc_slow(void *block, size_t size, const void *frame);
bool ms_capture_dealloc_slow(void *block, const void *frame);

// Whether a block that this thread was given since ms_capture_mark has been
// looked at: booked, or passed over where only a sample is captured. `mark` is
// what that gave.
uint64_t ms_capture_mark(void);
bool ms_capture_knows(const void *block, uint64_t mark);

// A reallocation, before and after. Between the two the block is in no
// account, so that another thread may be given its old address. `now` is what
// the allocator answered; NULL with `size` not 0 means that nothing changed.
struct ms_capture_realloc {
    uint64_t address;
    struct ms_taken taken;
    struct ms_note_copy notes; // of the block, which go along
};
void ms_capture_realloc_begin(struct ms_capture_realloc *r, void *block,
                              const void *frame);
void ms_capture_realloc_end(struct ms_capture_realloc *r, void *now,
                            size_t size, const void *frame);

#endif
