// SPDX-License-Identifier: MIT
//
// annotations: the part of the segment that holds what the program says of
// itself through memscope.h: names, tasks, pools, notes on blocks, borrows,
// and moments. Fixed tables in one struct, sparse until used; index 0 of
// names, tasks and pools means "none". Like all of the segment it is written by
// the program and trusted by nobody.
//
// The context of an allocation (its task, scopes, pool) is kept in the stack
// table itself, as nodes whose address could be none: see MS_PSEUDO.

#ifndef MS_RUNTIME_ANNOTATIONS_H
#define MS_RUNTIME_ANNOTATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/segment.h"

#define MS_STRING_CAPACITY 65536u
#define MS_STRING_SLOTS (2 * MS_STRING_CAPACITY)
#define MS_STRING_PROBES 128u
#define MS_STRING_TEXT 120u // longer names are cut

// A name. `length` counts the final NUL, so that 0 means "not yet written".
struct ms_string {
    _Atomic uint32_t length;
    _Atomic uint32_t task; // shared by all tasks of this name, see ms_task
    char text[MS_STRING_TEXT];
};

// Each task has a row of its own, up to so many; from then on all tasks of one
// name share one. A row costs up to one node and ledger row per stack.
#define MS_TASK_CAPACITY 8192u
#define MS_TASKS_ALONE 4096u

enum ms_named_state { MS_NAMED_FREE = 0, MS_NAMED_READY };

struct ms_task {
    _Atomic uint32_t state; // enum ms_named_state
    uint32_t name;          // constant, as all plain fields
    uint32_t parent;        // task in which it was created, or 0
    uint32_t thread;        // slot of its creator
    uint64_t create_ns;
    bool shared;
    _Atomic uint32_t last_thread; // that entered it, 1 + slot; 0: none
    _Atomic uint64_t end_ns;      // the last end; 0: none
    _Atomic uint64_t created;     // 1, or more when shared
    _Atomic uint64_t ended;
    _Atomic uint64_t entered; // times
    _Atomic uint64_t hops;    // entered by another thread than before
};

#define MS_POOL_CAPACITY 1024u
struct ms_pool {
    _Atomic uint32_t state; // enum ms_named_state
    uint32_t name;          // constant, as all plain fields
    uint64_t base, size;
    // The slab's own block, which its pool stands for: where it was allocated.
    uint32_t slab_stack;
    uint32_t unused;
    uint64_t slab_size;
    _Atomic uint32_t destroyed;
    _Atomic uint64_t low, high; // blocks begin in [low, high]
};

// Notes on live blocks: a hash with windows, by address. A window's word shows
// which of its entries are in use, one bit each, and counts its changes above.
// `key` is the address times 2, plus 1; 0: free. The cell tells one life of an
// address from the next. `counts`: see the MS_COUNTS_ below.
#define MS_NOTE_SLOTS (1u << 18)
#define MS_NOTE_WINDOW 32u
#define MS_NOTE_CHANGE (UINT64_C(1) << MS_NOTE_WINDOW)
struct ms_note {
    _Atomic uint64_t key;
    _Atomic uint64_t cell;
    _Atomic uint64_t size;
    _Atomic uint64_t counts;
    _Atomic uint32_t variable; // names, 0: none
    _Atomic uint32_t type;
    _Atomic uint32_t owner; // thread that took it over, 1 + slot; 0: none
    _Atomic uint32_t moves;
};
#define MS_COUNTS_SHARED UINT64_C(1)          // borrows, 16 bits
#define MS_COUNTS_MUTABLE (UINT64_C(1) << 16) // the same, mutable
#define MS_COUNTS_REFERENCE (UINT64_C(1) << 32)
#define MS_COUNTS_BORROWS (MS_COUNTS_REFERENCE - 1)

// Borrows not yet returned. `state` is even when free, odd when taken, and
// rises by one each time: a token has the value that it was taken with.
#define MS_BORROW_SLOTS 32768u
#define MS_BORROW_PROBES 64u
struct ms_borrow {
    _Atomic uint64_t state;
    uint64_t address; // of the taker, handed on with the token
    uint64_t cell;
    uint64_t what; // MS_COUNTS_SHARED or MS_COUNTS_MUTABLE
};

// What blocks were tagged with a name, as a type or as a variable: since the
// program began, and what of that has ended (freed, or tagged otherwise). A
// realloc ends a block and begins another one.
struct ms_tagged {
    _Atomic uint64_t ended_blocks, ended_bytes;
    _Atomic uint64_t blocks, bytes;
};
enum ms_tag_kind { MS_TAG_TYPE, MS_TAG_VARIABLE, MS_TAG_KINDS };

enum ms_moment_kind {
    MS_MOMENT_MARK,
    MS_MOMENT_SNAPSHOT, // asks for one
    // What should not be:
    MS_MOMENT_BORROW_CONFLICT,  // mutable, while borrowed; or the reverse
    MS_MOMENT_FREED_BORROWED,   // freed while borrowed
    MS_MOMENT_MOVED_BORROWED,   // handed over or moved while borrowed
    MS_MOMENT_BAD_RETURN,       // returned twice, or no such borrow
    MS_MOMENT_FREED_REFERENCED, // freed with references left
    MS_MOMENT_OVER_RELEASE,     // released more often than retained
    MS_MOMENT_UNKNOWN_BLOCK,    // about a block that is not live
    MS_MOMENT_UNBALANCED,       // left or ended without having been entered
    MS_MOMENT_OVERLAP,          // a block where another one is
    MS_MOMENT_FREED_TWICE,      // freed, and not allocated since
    MS_MOMENT_FREED_INSIDE,     // an address in the middle of a block
    MS_MOMENT_FREED_NO_BLOCK,   // memory that is of no allocator
    MS_MOMENT_KINDS
};

// The last moments, in a ring. `seq` is 1 + its number once it is written.
#define MS_MOMENTS 1024u
struct ms_moment {
    _Atomic uint64_t seq;
    _Atomic uint64_t ns;
    _Atomic uint64_t address; // of a block, or 0
    _Atomic uint32_t kind;
    _Atomic uint32_t name;   // or 0
    _Atomic uint32_t stack;  // where, or 0
    _Atomic uint32_t thread; // slot
    // Of what was freed wrongly: the block's row, or 0; the free before, if
    // there was one: its thread (1 + slot), time and stack (or 0). Freed
    // inside, `first_time` is how many bytes from its beginning.
    _Atomic uint32_t row, first_thread, first_time, first_stack;
};

enum ms_annotation {
    MS_ANNOTATION_TAGS,
    MS_ANNOTATION_BORROWS,
    MS_ANNOTATION_RETURNS,
    MS_ANNOTATION_RETAINS,
    MS_ANNOTATION_RELEASES,
    MS_ANNOTATION_MOVES,    // annotated ones
    MS_ANNOTATION_SCOPES,   // begun
    MS_ANNOTATION_DISCARDS, // of pools
    MS_ANNOTATION_PAUSED,   // allocations of paused threads
    MS_ANNOTATION_KINDS
};

struct ms_annotations {
    _Atomic uint32_t string_count; // 0 and 1: only "none"
    _Atomic uint32_t task_count;
    _Atomic uint32_t pool_count;
    _Atomic uint64_t moment_count;
    _Atomic uint64_t counts[MS_ANNOTATION_KINDS];
    _Atomic uint64_t moment_counts[MS_MOMENT_KINDS];
    struct ms_moment moments[MS_MOMENTS];
    struct ms_task tasks[MS_TASK_CAPACITY];
    struct ms_pool pools[MS_POOL_CAPACITY];
    struct ms_borrow borrows[MS_BORROW_SLOTS];
    struct ms_string strings[MS_STRING_CAPACITY];
    _Atomic uint32_t string_slots[MS_STRING_SLOTS];
    _Atomic uint64_t note_words[MS_NOTE_SLOTS / MS_NOTE_WINDOW];
    struct ms_note notes[MS_NOTE_SLOTS];
    // By name.
    struct ms_tagged tagged[MS_TAG_KINDS][MS_STRING_CAPACITY];
    // By ledger row: some of its blocks have notes.
    _Atomic uint8_t noted[MS_ROW_CAPACITY];
};

// A node's address of this form is none that a program could return to, on any
// machine that memscope runs on (bits 62..48 mixed): it says what the node is.
//   task, scope, pool   one link of a context; its parent is the next outer one
//   context             an allocation's stack (its parent) in a context (value)
enum ms_pseudo_kind {
    MS_PSEUDO_NONE = 0,
    MS_PSEUDO_CONTEXT,
    MS_PSEUDO_TASK,
    MS_PSEUDO_SCOPE,
    MS_PSEUDO_POOL,
    MS_PSEUDO_KINDS
};
#define MS_PSEUDO (UINT64_C(0x4d53) << 48)
#define MS_CONTEXT_DEPTH 64u

static inline uint64_t ms_pseudo(enum ms_pseudo_kind kind, uint32_t value)
{
    return MS_PSEUDO | (uint64_t)kind << 40 | value;
}

// MS_PSEUDO_NONE: it is an address.
static inline enum ms_pseudo_kind ms_pseudo_kind(uint64_t address)
{
    uint64_t kind = address >> 40 & 0xff;

    if (address >> 48 != MS_PSEUDO >> 48 || kind >= MS_PSEUDO_KINDS)
        return MS_PSEUDO_NONE;
    return (enum ms_pseudo_kind)kind;
}

static inline uint32_t ms_pseudo_value(uint64_t address)
{
    return (uint32_t)address;
}

static inline bool ms_is_pseudo(uint64_t address)
{
    return address >> 48 == MS_PSEUDO >> 48;
}

// The first slot of the window of an address.
static inline uint32_t ms_note_window(uint64_t address)
{
    uint64_t hash = (address >> 4) * UINT64_C(0x9E3779B97F4A7C15);

    return (uint32_t)(hash >> 46) & ~(MS_NOTE_WINDOW - 1);
}

_Static_assert(MS_NOTE_SLOTS == 1u << 18, "18 bits of the hash");
_Static_assert(sizeof(struct ms_string) == 128, "string");
_Static_assert(sizeof(struct ms_note) == 48, "note");

#endif
