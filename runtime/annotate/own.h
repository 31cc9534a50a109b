// SPDX-License-Identifier: MIT
//
// own: booking blocks of allocators of the program's own. Inside the guard.

#ifndef MS_RUNTIME_ANNOTATE_OWN_H
#define MS_RUNTIME_ANNOTATE_OWN_H

#include "capture/guard.h"
#include "runtime/segment.h"
#include "store/writer.h"

// ms_annotate_enter is ms_guard_enter for a call of memscope_annotate.h. NULL,
// and counted, also where the segment is too small to keep annotations: so
// whoever is inside has them, and the live index.
MS_ALWAYS_INLINE struct ms_writer *ms_annotate_enter(const void *frame)
{
    struct ms_writer *w = ms_guard_enter(frame);

    if (ms_likely(w == NULL || w->store->annotations != NULL))
        return w;
    ms_store_count_drop(w->store, MS_DROP_ANNOTATIONS);
    ms_guard_leave(w);
    return NULL;
}

// ms_own_has_room says whether a block can stand there without touching the
// cells of another one; if not, that is told and counted.
bool ms_own_has_room(struct ms_writer *w, uint64_t address, uint64_t size);

// ms_own_book books a block, as the mode has it.
void ms_own_book(struct ms_writer *w, enum ms_operation operation,
                 const void *block, size_t size, const void *frame);

// ms_own_fold books it at a stack that is known.
void ms_own_fold(struct ms_writer *w, uint64_t address, uint64_t size,
                 uint32_t stack, bool by_realloc);

// ms_own_unseen: the block is not looked for, as the mode has it.
bool ms_own_unseen(const struct ms_writer *w, uint64_t address);

// ms_own_free books that a block was freed. False: there was none; told.
bool ms_own_free(struct ms_writer *w, uint64_t address);

#endif
