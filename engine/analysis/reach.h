// SPDX-License-Identifier: MIT
//
// reach: which blocks can still be reached by pointers. Pure: the blocks are
// given, the words of the roots are given, and the contents of blocks are
// asked for. A pointer is an aligned word that holds the address of a block's
// beginning, or (less surely) of its inside.
//
//   reachable   from a root by beginnings
//   possible    from a root, but somewhere only by an inside
//   definite    not reachable, and no other lost block points to it
//   indirect    not reachable; lost with a block that points to it
//
// In a ring of lost blocks the lowest is the definite one.

#ifndef MS_ENGINE_ANALYSIS_REACH_H
#define MS_ENGINE_ANALYSIS_REACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <memscope.h>

#include "platform/process_memory.h"

enum ms_reach_state {
    MS_REACH_NONE = 0, // while marking: not met
    MS_REACH_POSSIBLE,
    MS_REACH_REACHABLE,
    MS_REACH_DEFINITE,
    MS_REACH_INDIRECT,
    MS_REACH_STATES
};

struct ms_reach_block {
    uint64_t address;
    uint64_t size;
    uint64_t birth_ns;
    uint32_t stack;
    uint32_t site;
    uint32_t state; // enum ms_reach_state
};

// Copies parts of blocks, one behind the other; what cannot be read is zero.
// False: stop, the process is gone or the time is up.
typedef bool ms_reach_read(void *arg, const struct ms_memory_part *parts,
                           size_t count, void *out);

struct ms_reach {
    struct ms_reach_block *blocks; // in order of address; the caller's
    size_t count;
    uint32_t **units; // by address >> 30, of address >> 14: 1 + first block
    uint32_t *work;
    size_t work_count, work_room;
    void *buffer;
    bool out_of_memory;
    uint64_t words; // looked at
};

// ms_reach_init prepares blocks that are in order of address; at most 2^32 - 2.
enum memscope_status ms_reach_init(struct ms_reach *r,
                                   struct ms_reach_block *blocks,
                                   size_t count) MEMSCOPE_MUST_CHECK;
void ms_reach_fini(struct ms_reach *r);

// ms_reach_roots takes words of roots. `allocator`: they may be the
// allocator's own, which point to the last words of blocks and mean the free
// chunk behind.
void ms_reach_roots(struct ms_reach *r, const uint64_t *words, size_t count,
                    bool allocator);

// ms_reach_mark follows the pointers from the roots, then sorts what is left
// into definite and indirect. False: it was stopped, or memory ran out.
bool ms_reach_mark(struct ms_reach *r, ms_reach_read *read, void *arg);

// ms_reach_find is the block that an address lies in; NULL: none.
struct ms_reach_block *ms_reach_find(const struct ms_reach *r,
                                     uint64_t address);

#endif
