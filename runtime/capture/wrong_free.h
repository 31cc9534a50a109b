// SPDX-License-Identifier: MIT
//
// wrong_free: a free of what is no live block, looked at while the evidence is
// still there: freed twice, freed in the middle of a block, or no memory of the
// allocator's at all. What it finds becomes a moment (annotate/notes.h), 256 in
// a process; a thread looks 16 times between two ticks at most, so that a
// program that frees much that was never seen is not slowed down.

#ifndef MS_RUNTIME_CAPTURE_WRONG_FREE_H
#define MS_RUNTIME_CAPTURE_WRONG_FREE_H

#include "store/writer.h"

// ms_wrong_free is called before the allocator gets the block, in exact mode
// or when it is not in the sample. The writer's thread, inside an event.
void ms_wrong_free(struct ms_writer *w, const void *block);

// ms_free_stack records where a block is freed, in front of the free: for
// backends that are asked to (MEMSCOPE_FREE_STACKS).
struct ms_event;
void ms_free_stack(struct ms_writer *w, struct ms_event *e);

#endif
