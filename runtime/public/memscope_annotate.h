// SPDX-License-Identifier: MIT
//
// memscope_annotate.h: what a program can say of its own memory. Part of
// memscope.h; do not include it alone.
//
// All of it: any thread; waits for nothing; takes no lock; allowed in a signal
// handler (inside an allocation that it interrupts it does nothing, which is
// counted); changes no errno. In a program that is not watched it does
// nothing. Sizes are bytes. Names are copied, cut at 119 bytes, and kept for
// the life of the process: use few (65,535), not one per object. What finds no
// room is counted and shown under /api/v1/marks. So is every call in a program
// whose limits allow but a small store (RLIMIT_AS): nothing of it is kept
// there.
//
// With MEMSCOPE_DISABLE defined before the include, every function is an empty
// inline one: the program needs no library of ours.
//
// Tasks, scopes and pools show in the numbers with the backends `unified` (the
// default) and `async`. Where capture is sampled or off, what is said of blocks
// that are not captured is lost, and counts as said of unknown blocks.

#ifndef MEMSCOPE_ANNOTATE_H
#define MEMSCOPE_ANNOTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Handles. 0 is none, and allowed wherever a handle is: then nothing happens.
typedef uint32_t memscope_task;
typedef uint32_t memscope_pool;
typedef uint64_t memscope_loan;

#ifndef MEMSCOPE_DISABLE

// --- Allocators of one's own. The addresses are such as malloc never gave.
// Call _alloc after the block was given and _dealloc before it is taken back,
// so that a block never has two owners. Blocks must be 32 bytes apart at
// least; addresses are shown rounded down to 16. A block where another live
// one is, or whose beginning lies within 64 bytes of one, is refused: false.

// memscope_capture_alloc: a block of `size` lives at `block` from now on. It
// counts like one of malloc's, at the caller's stack.
MEMSCOPE_API bool memscope_capture_alloc(const void *block, size_t size);
// memscope_capture_dealloc: it no longer does. False: there was none.
MEMSCOPE_API bool memscope_capture_dealloc(const void *block);
// memscope_capture_realloc: the block at `from` is now `size` bytes at `to`
// (the same or another place). Counts as a free and a new allocation by
// realloc; notes go along. False: there was none, or no room at `to`.
MEMSCOPE_API bool memscope_capture_realloc(const void *from, const void *to,
                                           size_t size);
// memscope_capture_move: the block at `from` lies at `to` now, as it was: its
// stack, size, age and notes stay. False as for realloc.
MEMSCOPE_API bool memscope_capture_move(const void *from, const void *to);

// --- Pools. A slab is handed out in blocks.
// memscope_pool_create declares that the slab [base, base + size) serves as a
// pool. If it is a block of malloc's, `base` must be what malloc gave: then
// that block leaves the account (as a free) and its blocks stand for it, so
// that no byte counts twice. 0: no room for another pool (1,023 per process).
MEMSCOPE_API memscope_pool memscope_pool_create(const char *name,
                                                const void *base, size_t size);
// A block of the pool was given, or is about to be taken back. As
// memscope_capture_alloc and _dealloc; a block outside the pool is refused.
MEMSCOPE_API bool memscope_pool_alloc(memscope_pool pool, const void *block,
                                      size_t size);
MEMSCOPE_API bool memscope_pool_dealloc(memscope_pool pool, const void *block);
// memscope_pool_discard frees all blocks of the pool at once, and says how
// many they were. Nobody else may use the pool meanwhile.
MEMSCOPE_API size_t memscope_pool_discard(memscope_pool pool);
// memscope_pool_destroy discards the pool; a slab of malloc's is an ordinary
// block again. Call it before the slab is given back.
MEMSCOPE_API void memscope_pool_destroy(memscope_pool pool);

// --- Notes on a live block, given by its very address. False: no such block.
// They go along with realloc and end with the block.
// memscope_tag names the block's variable and type; NULL leaves one as it is.
MEMSCOPE_API bool memscope_tag(const void *block, const char *variable,
                               const char *type);
// memscope_move: the block is handed over to the calling thread.
MEMSCOPE_API bool memscope_move(const void *block);
// memscope_borrow: the block is in use until the loan is returned, by whatever
// thread. A mutable loan beside any other is a violation; so are a free or a
// move meanwhile, and a second return. All are counted and shown with their
// stacks, and hinder nothing. 0: no such block, or 32,768 loans are out.
MEMSCOPE_API memscope_loan memscope_borrow(const void *block, bool is_mutable);
MEMSCOPE_API bool memscope_return(memscope_loan loan);
// memscope_retain and _release count references, from 0; they give the new
// count, or -1 when there is no such block or nothing to release.
MEMSCOPE_API int64_t memscope_retain(const void *block);
MEMSCOPE_API int64_t memscope_release(const void *block);

// --- Scopes: what the calling thread allocates between begin and end counts
// under this name, and under those around it. They nest, up to 64 with tasks.
// Ending one ends what was begun inside it.
MEMSCOPE_API void memscope_scope_begin(const char *name);
MEMSCOPE_API void memscope_scope_end(const char *name);

// --- Tasks: pieces of work that may go from thread to thread. A thread that
// has entered a task allocates for it until it leaves. They nest. A task's
// parent is the one in which it was created. The first 4,096 tasks are shown
// each by itself; later ones share a row with those of the same name.
MEMSCOPE_API memscope_task memscope_task_create(const char *name);
MEMSCOPE_API void memscope_task_enter(memscope_task task);
MEMSCOPE_API void memscope_task_leave(memscope_task task);
MEMSCOPE_API void memscope_task_end(memscope_task task);

// --- Moments.
// memscope_mark puts a named mark on the time line.
MEMSCOPE_API void memscope_mark(const char *name);
// memscope_snapshot asks for a snapshot of that name (79 bytes at most). It is
// taken at the next tick, a tenth of a second from now at most.
MEMSCOPE_API void memscope_snapshot(const char *name);

// --- memscope_pause: allocations of the calling thread are not booked until
// as many memscope_resume. Its frees are. A block that was allocated meanwhile
// counts as an unknown free when it is freed.
MEMSCOPE_API void memscope_pause(void);
MEMSCOPE_API void memscope_resume(void);

#else

#include "memscope_disabled.h"

#endif
#endif
