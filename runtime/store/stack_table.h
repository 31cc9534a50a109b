// SPDX-License-Identifier: MIT
//
// stack_table: the sizes of its parts, for the layout of the segment.

#ifndef MS_RUNTIME_STORE_STACK_TABLE_H
#define MS_RUNTIME_STORE_STACK_TABLE_H

// Callees are found in windows of slots: a cache line for those of so many
// consecutive nodes; what has no room there, in a hash of levels, each eight
// times as large as the one before; the last one may be smaller than that.
#define MS_WINDOW_SLOTS 16u
#define MS_WINDOW_PARENTS 8u
#define MS_HASH_FIRST_BITS 12u // log2 of the slots of level 0
#define MS_HASH_STEP_BITS 3u
#define MS_HASH_LAST_BITS 25u

#endif
