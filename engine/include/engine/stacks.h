// SPDX-License-Identifier: MIT
//
// stacks: the heap by call stack, and what stacks are made of.
//
// A stack is a path in a tree of nodes, from its innermost frame to its
// outermost; stacks that share their callers share nodes. A node is a call at
// a frame; a frame is a return address in one module, and has a name. In every
// picture
//
//   sum of stacks' live_bytes = sum of sites' live_bytes = heap.live_bytes
//   the same for blocks, and for what was allocated and freed.
//
// Any thread; waits for a tick in progress at most. Results are the caller's.

#ifndef MS_ENGINE_STACKS_H
#define MS_ENGINE_STACKS_H

#include "engine/picture.h"

struct ms_stack_row {
    uint32_t id;   // stable within the session
    uint32_t site; // ms_site_row.id
    uint32_t node; // number in ms_stacks.nodes; 0: damaged, or not asked for
    uint64_t live_bytes;
    uint64_t live_blocks;
    uint64_t alloc_bytes;
    uint64_t alloc_count;
    uint64_t free_bytes;
    uint64_t free_count;
    uint64_t realloc_count;
    uint64_t temporary_count;
    uint64_t mapped_bytes;     // live, of its mappings
    double mean_lifetime_ns;   // of freed blocks; NaN when none
    const char *declared_type; // as in ms_site_row
    uint64_t changed_seq;
};

// ms_engine_stack_rows gives the stacks that changed after tick `since` (0:
// all), in no order, and the tick that they are of. It costs as much as there
// are.
enum memscope_status ms_engine_stack_rows(struct ms_engine *engine,
                                          uint32_t session, uint64_t since,
                                          struct ms_stack_row **rows,
                                          size_t *count,
                                          uint64_t *seq) MEMSCOPE_MUST_CHECK;

// A function at a frame, and where in it.
struct ms_call {
    const char *function; // never NULL; "module+0x...", "0x..." or "?"
    const char *file;     // "" when unknown
    uint32_t line;        // 0 when unknown
};
#define MS_FRAME_CALLS 48u // there are never more at one frame

// A return address. Names are of the call that it returns to; of functions that
// were inlined there, those of the innermost one.
struct ms_frame {
    uint64_t address;       // 0: of the stack that is not known
    uint64_t file_address;  // address - load bias
    uint32_t module;        // 1 + index in ms_stacks.modules; 0: in none
    uint32_t symbol_module; // for ms_frame_name; 0: nothing more is known
    bool named;             // the following is all that there is to know
    const char *function;   // as in ms_call
    const char *file;
    uint32_t line;
    // The functions that it was inlined into, innermost first, where they do
    // not come from symbol_module.
    const struct ms_call *outer;
    size_t outer_count;
};
// Strings live as long as the engine.

struct ms_stack_node {
    uint32_t parent; // the caller: a smaller number; 0: there is none
    uint32_t frame;  // number
};

// All stacks of a session at one cut. Nodes and frames are numbered from 1:
// number n is at index n - 1.
struct ms_stacks {
    struct ms_stack_row *rows; // in order of id
    struct ms_stack_node *nodes;
    struct ms_frame *frames;
    struct ms_module_info *modules; // that frames are in
    size_t row_count, node_count, frame_count, module_count;
};

// ms_engine_stacks copies all stacks of the latest tick, with the stats of that
// tick. Frames are not named yet. MEMSCOPE_ERROR_STATE: no tick yet.
// ms_stacks_fini frees what is in it.
enum memscope_status
ms_engine_stacks(struct ms_engine *engine, uint32_t session,
                 struct ms_stats *stats,
                 struct ms_stacks *out) MEMSCOPE_MUST_CHECK;
void ms_stacks_fini(struct ms_stacks *stacks);

// ms_stacks_module_name is the last part of a module's path; "" for 0.
const char *ms_stacks_module_name(const struct ms_stacks *stacks,
                                  uint32_t module);

// ms_stacks_name names the frames as far as names are known, and has the others
// looked up. Returns how many are still to come.
size_t ms_stacks_name(struct ms_engine *engine, struct ms_stacks *stacks);

// ms_frame_calls gives all functions at a frame, the innermost one first, as
// far as they are known by now; at least one.
size_t ms_frame_calls(struct ms_engine *engine, const struct ms_frame *frame,
                      struct ms_call calls[MS_FRAME_CALLS]);

// ms_frame_name names one frame, if it can be. Returns whether that is final.
bool ms_frame_name(struct ms_engine *engine, struct ms_frame *frame);

#endif
