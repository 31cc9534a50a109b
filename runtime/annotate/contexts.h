// SPDX-License-Identifier: MIT
//
// contexts: what a thread's allocations belong to: the tasks, scopes and pool
// that it is in. A context is a chain of nodes in the stack table; an
// allocation in it is booked at a node of its own, whose parent is the stack.
// So ledger rows carry it, and nothing else changes. The writer's thread,
// inside its guard; no lock, no system call but for the first context ever.

#ifndef MS_RUNTIME_ANNOTATE_CONTEXTS_H
#define MS_RUNTIME_ANNOTATE_CONTEXTS_H

#include "store/writer.h"

// ms_writer.context when the thread's allocations are not to be booked.
#define MS_CONTEXT_PAUSED UINT32_MAX

void ms_contexts_free(struct ms_writer *w);
void ms_contexts_reset(struct ms_writer *w);

// ms_context_enter adds a link; `counts`: allocations are booked in it (the
// backend has contexts). False: nested too deeply, or no memory (counted); it
// must be left all the same.
bool ms_context_enter(struct ms_writer *w, enum ms_pseudo_kind kind,
                      uint32_t value, bool counts);

// ms_context_leave takes the innermost link of that kind and value away, and
// what was entered inside it. False: there is none.
bool ms_context_leave(struct ms_writer *w, enum ms_pseudo_kind kind,
                      uint32_t value);

// ms_context_task is the innermost task, or 0.
uint32_t ms_context_task(const struct ms_writer *w);

// ms_context_inside is the node of one more link inside the present context;
// 0: the table is full, or the thread is paused.
uint32_t ms_context_inside(struct ms_writer *w, enum ms_pseudo_kind kind,
                           uint32_t value);

void ms_context_pause(struct ms_writer *w);
bool ms_context_resume(struct ms_writer *w); // false: it was not paused

// ms_context_wrap gives the stack in the thread's context. Only called when
// w->context is not 0. 0: do not book.
uint32_t ms_context_wrap(struct ms_writer *w, uint32_t stack,
                         struct ms_row_hint **hint);

#endif
