// SPDX-License-Identifier: MIT
//
// birth: a thread's first event, which gives it a writer and all that its
// events need, and its end. Inside lifecycle.c's guard: what is called here may
// allocate and make system calls.

#ifndef MS_RUNTIME_BIRTH_H
#define MS_RUNTIME_BIRTH_H

#include <stdint.h>

#include "store/writer.h"
#include "unwind/unwinder.h"

// ms_births_begin has this process see the ends of its threads. Once is enough.
void ms_births_begin(void);

// ms_birth opens the calling thread's writer and makes it ms_guard_writer;
// `here` is an address on its stack. NULL: no slot or memory is left; counted.
struct ms_writer *ms_birth(struct ms_store *s, struct ms_rules *rules,
                           uint64_t here);

#endif
