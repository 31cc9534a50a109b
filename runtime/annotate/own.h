// SPDX-License-Identifier: MIT
//
// own: booking blocks of allocators of the program's own. Inside the guard.

#ifndef MS_RUNTIME_ANNOTATE_OWN_H
#define MS_RUNTIME_ANNOTATE_OWN_H

#include "store/writer.h"

// ms_own_has_room says whether a block can stand there without touching the
// cells of another one; if not, that is told and counted.
bool ms_own_has_room(struct ms_writer *w, uint64_t address, uint64_t size);

// ms_own_free books that a block was freed. False: there was none; told.
bool ms_own_free(struct ms_writer *w, uint64_t address);

#endif
