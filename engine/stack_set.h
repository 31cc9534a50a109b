// SPDX-License-Identifier: MIT
//
// stack_set: takes all stacks out of a session, in two steps: what must be of
// one cut under the session's lock, the rest without it. Snapshots do the same.

#ifndef MS_ENGINE_STACK_SET_H
#define MS_ENGINE_STACK_SET_H

#include "engine/stacks.h"
#include "session.h"

// ms_stack_row_copy copies the sums of one stack; its node is not numbered.
// {session lock}
void ms_stack_row_copy(const struct ms_stack_sums *from,
                       struct ms_stack_row *out);

// ms_stack_rows_copy copies the stacks that changed after tick `since` (0:
// all), in no order. False: no memory. {session lock}
bool ms_stack_rows_copy(const struct ms_stack_table *t, uint64_t since,
                        struct ms_stack_row **rows, size_t *count);

// Between the two steps.
struct ms_stack_set {
    struct ms_stacks stacks;
    uint32_t *symbols; // by module: number in ms_symbols
    uint32_t *numbers; // by node of the session: number in stacks.nodes
    uint32_t node_end; // of numbers
    size_t marked;     // nodes
    uint32_t *slots;   // numbers of frames; open addressing
    size_t slot_count; // a power of two, at least twice the frames
};

// ms_stack_set_copy copies sums and modules. {session lock}. When it fails
// nothing is left to free.
enum memscope_status
ms_stack_set_copy(const struct ms_session *s,
                  struct ms_stack_set *set) MEMSCOPE_MUST_CHECK;

// ms_stack_set_complete puts the tree together; the session must be held. The
// set is used up, whatever it returns.
enum memscope_status
ms_stack_set_complete(struct ms_session *s, struct ms_stack_set *set,
                      struct ms_stacks *out) MEMSCOPE_MUST_CHECK;

void ms_stack_set_fini(struct ms_stack_set *set);

#endif
