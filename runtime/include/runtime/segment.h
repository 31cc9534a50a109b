// SPDX-License-Identifier: MIT
//
// segment: the layout of the event store, one shared mapping per watched
// process. The runtime inside the program writes it, the engine (in another
// process, or in the same one) reads it. This file is the whole contract
// between the two.
//
//   file offset 0        header, one page
//   threads_offset       thread slots          one writer each: its thread
//   rows_offset          ledger rows           one writer each: its thread
//   details_offset       more of each row      its row's writer
//   nodes_offset         stack nodes           append-only, then constant
//   children_offset      a node's callees      writers' side only
//   hash_offset          more of the same      writers' side only
//   first_rows_offset    a stack's first row   writers' side only
//   row_threads_offset   a group's thread      writers' side only
//   recorders_offset     last events           one writer each: its thread
//   modules_offset       loaded modules        append-only
//   mappings_offset      maps and unmaps       a bounded queue to the reader
//   table_offset         live table            as the live index, where that
//                                              is not to be had
//   annotations_offset   what the program says of itself: annotations.h
//   index_offset         live index            one writer per cell: the owner
//                                              of the block
//
// The file is sparse: what was never touched costs nothing. Relations are
// indices, never addresses. Index 0 of rows, nodes and modules means "none".
// Sizes are in bytes, times in nanoseconds of CLOCK_MONOTONIC.
//
// Invariants, at rest:
//   sum over rows of (alloc_bytes - free_bytes) = sum of live cells' sizes
//   the same for counts; a foreign row has frees only.
// While threads run, read every free before any allocation: then no sum is
// ever negative.

#ifndef MS_RUNTIME_SEGMENT_H
#define MS_RUNTIME_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#define MS_SEGMENT_MAGIC UINT64_C(0x31676573706d656d) // "mempseg1"
#define MS_SEGMENT_VERSION 7u
#define MS_HEADER_BYTES 4096u
#define MS_SEGMENT_NAME "memscope" // of the memfd

// What there may be at most; a segment under a limit has less of it.
#define MS_THREAD_CAPACITY 32768u
#define MS_ROW_CAPACITY (1u << 24) // 24 bits of a cell
#define MS_NODE_CAPACITY (1u << 24)
#define MS_MODULE_CAPACITY 4096u
#define MS_RECORDER_EVENTS 512u
#define MS_ROW_CHUNK 32u      // rows that a thread claims at a time
#define MS_SAMPLING_LEVELS 4u // 0: exact; else an interval of sampling
#define MS_COUNT_SHIFT 16u    // counts of sampled rows are in units of 2^-16
#define MS_MAPPING_CAPACITY (1u << 17) // of the queue; a power of two

// Live index: one cell per 32-byte granule of the lower 47 bits of the address
// space. Blocks of glibc's malloc are at least 32 bytes apart; with another
// allocator every request is raised to 32 bytes, so that they are there too.
#define MS_GRANULE_SHIFT 5u
#ifndef MS_ADDRESS_BITS // ThreadSanitizer leaves room for a smaller one only
#define MS_ADDRESS_BITS 47u
#endif
#define MS_INDEX_BYTES (UINT64_C(1) << (MS_ADDRESS_BITS - MS_GRANULE_SHIFT + 3))

// Births are kept in units of 2^19 ns (0.52 ms), 32 bits of them (26 days).
#define MS_BIRTH_SHIFT 19u
#define MS_BIRTH_BITS 32u

#define MS_NODE_UNKNOWN 1u // of stacks that the table has no room for

enum ms_drop_kind {
    MS_DROP_REENTRY, // the hook was entered from inside itself
    MS_DROP_THREADS, // no thread slot left
    MS_DROP_ROWS,    // no ledger row left
    MS_DROP_STACKS,  // no stack node left: booked under MS_NODE_UNKNOWN
    MS_DROP_ADDRESS, // a block beyond the live index
    MS_DROP_FREES,   // frees that could not be booked
    MS_DROP_INDEX,   // a block for which the live table has no room
    MS_DROP_MAPS,    // maps and unmaps: their queue was full
    // Annotations:
    MS_DROP_ANNOTATIONS, // calls: a small segment keeps none of it
    MS_DROP_STRINGS,     // names: table full
    MS_DROP_TASKS,       // tasks: no row left
    MS_DROP_CONTEXTS,    // nested too deeply, or no memory
    MS_DROP_NOTES,       // blocks with notes: window full
    MS_DROP_BORROWS,     // borrows: too many at a time
    MS_DROP_POOLS,       // pools: table full
    MS_DROP_CROWDED,     // blocks of one's own less than 32 bytes apart
    MS_DROP_KINDS
};

enum ms_segment_state {
    MS_SEGMENT_STARTING = 0,
    MS_SEGMENT_LIVE = 1,
    MS_SEGMENT_EXITED = 2, // the process ran its exit handlers
};

enum ms_backend_id {
    MS_BACKEND_CORE = 0,
    MS_BACKEND_LOCKFREE,
    MS_BACKEND_ASYNC,
    MS_BACKEND_UNIFIED,
    MS_BACKEND_CUSTOM,
};

// Mapped memory counts in the totals as allocations do.
#define MS_OPTION_MAPPED_IN_TOTALS 1u

// A program to be scanned for leaks at its exit waits, for a bounded time.
enum ms_exit_hold {
    MS_HOLD_NONE = 0,
    MS_HOLD_ASKED,  // the program waits
    MS_HOLD_SERVED, // the scan has begun
    MS_HOLD_LET_GO, // the memory is needed no more
};

struct ms_segment_header {
    // Constant once state has left MS_SEGMENT_STARTING.
    uint64_t magic;
    uint32_t version;
    uint32_t header_bytes;
    uint64_t total_bytes;
    uint64_t threads_offset;
    uint64_t rows_offset;
    uint64_t nodes_offset;
    uint64_t children_offset;
    uint64_t hash_offset;
    uint64_t first_rows_offset;
    uint64_t row_threads_offset; // 0: there is no index
    uint64_t recorders_offset;
    uint64_t modules_offset;
    uint64_t mappings_offset;
    uint64_t table_offset;
    uint64_t annotations_offset;
    uint64_t index_offset;
    uint64_t index_bytes; // 0: the live table stands for it
    uint32_t thread_capacity;
    uint32_t row_capacity;
    uint32_t node_capacity;
    uint32_t module_capacity;
    uint32_t recorder_events;
    uint32_t granule_shift;
    uint32_t pid;
    uint32_t backend;          // enum ms_backend_id
    uint32_t options;          // of MS_OPTION_*
    uint32_t hash_bits;        // of the last level
    uint32_t mapping_capacity; // a power of two
    uint32_t table_capacity;   // a power of two, or 0: there is an index
    uint64_t limit_bytes;      // of the segment; 0: none
    uint64_t start_ns;
    uint64_t start_realtime_ns; // CLOCK_REALTIME of start_ns
    char exe[512];              // path of the program, NUL-terminated
    char command[1024];         // its arguments, separated by spaces
    uint64_t details_offset;

    // One line that every event reads and hardly anybody writes.
    _Alignas(64) _Atomic uint32_t state;
    _Atomic uint64_t pulse; // upper half: the collector's tick; lower: control

    // The queue of maps and unmaps, both ends; numbers that never wrap.
    _Alignas(64) _Atomic uint64_t mapping_head; // [any thread] next to write
    _Atomic uint64_t mapping_tail;              // [collector] next to read

    // Claimed by whoever needs one [any thread, slow paths].
    _Alignas(64) _Atomic uint32_t thread_count;
    _Atomic uint32_t row_count; // starts at MS_ROW_CHUNK: row 0 is none
    _Atomic uint32_t node_count;
    _Atomic uint32_t module_count;
    _Atomic uint32_t module_lock; // see modules.c
    _Atomic uint64_t dropped[MS_DROP_KINDS];

    // The net change that threads post in steps, to see peaks between ticks.
    _Alignas(64) _Atomic int64_t posted_live_bytes;
    _Atomic int64_t posted_peak_bytes;
    _Atomic uint64_t posted_peak_ns;
    _Atomic uint64_t end_ns;         // when state became MS_SEGMENT_EXITED
    _Atomic uint64_t custom_name[4]; // of the backend, while MS_CONTROL_CUSTOM
    _Atomic uint32_t exit_hold;      // enum ms_exit_hold
};

// A ledger row: what one thread did at one stack with blocks of one size
// class. `alloc_*`: by the thread, at the stack. `free_*`: by the thread, of
// this row's own blocks. A foreign row books frees of blocks that another
// thread's row (`owner`) has booked as allocated, so that no row has two
// writers. Totals of every kind (by site, thread, size class) are sums over
// rows, so that they agree in every picture.
struct ms_row {
    uint32_t stack;     // node; constant
    uint32_t owner;     // 0, or the row whose blocks are freed here; constant
    uint16_t thread;    // slot of the writer; constant
    uint8_t size_class; // constant
    uint8_t sampling;   // level; not 0: all below are estimates, see
                        // store/sampled.h
    _Atomic uint32_t next_dirty; // 0: clean; else MS_DIRTY_END or next row
    _Atomic uint64_t alloc_count;
    _Atomic uint64_t alloc_bytes;
    _Atomic uint64_t free_count;
    _Atomic uint64_t free_bytes;
    _Atomic uint64_t lifetime_units;  // summed over freed blocks
    _Atomic uint32_t temporary_count; // freed with no allocation in between
    _Atomic uint32_t realloc_count;   // of alloc_count, those by realloc
};

#define MS_DIRTY_END UINT32_MAX

// Class c holds requested sizes of 2^(c-1) < size <= 2^c; class 0: 0 and 1.
#define MS_SIZE_CLASSES 48u

// Freed blocks by lifetime: bucket b holds lifetimes below 2^b birth units, not
// below 2^(b-1); the last one has all from there on. Exact rows omit the first.
#define MS_LIFETIME_BUCKETS 28u

// What a row has beside its counters, at the same number; touched when a block
// has lived for a unit, or come by realloc. Counts may wrap. A chain is a block
// that realloc is called for again and again.
struct ms_row_detail {
    _Atomic uint32_t lifetimes[MS_LIFETIME_BUCKETS]; // freed blocks
    _Atomic uint64_t grown_bytes; // by realloc: sizes after less before
    _Atomic uint32_t chains;      // begun here: a block's first realloc
    _Atomic uint32_t longest;     // chain that has come by here, in reallocs
};

enum ms_thread_state {
    MS_THREAD_FREE = 0,
    MS_THREAD_LIVE = 1,
    MS_THREAD_ENDED = 2,
};

struct ms_thread_slot {
    _Atomic uint32_t state; // enum ms_thread_state
    uint32_t tid;           // constant while not free
    uint64_t birth_ns;      // first event; constant while not free
    _Atomic uint64_t end_ns;
    _Atomic uint64_t name[2]; // as the kernel keeps it, NUL-padded
    _Atomic uint32_t dirty;   // head of the rows touched since the last tick
    uint32_t recorder;        // number; a later thread may have it as well
    _Atomic uint64_t unknown_frees; // of blocks that we never saw allocated
    _Atomic uint64_t recorded;      // events ever written to the recorder
    // What some events took, as the thread itself has measured them.
    _Atomic uint64_t measured_ns;
    _Atomic uint64_t measured_events;
    _Atomic uint64_t stack_low; // of the thread; 0: unknown
    _Atomic uint64_t stack_high;
};
#define MS_THREAD_SLOT_BYTES 512u

struct ms_node {
    uint64_t address; // return address
    uint32_t parent;  // the caller's node, or 0
    uint32_t module;  // where the address lay when it was first seen, or 0
};

enum ms_operation {
    MS_OPERATION_NONE = 0,
    MS_OPERATION_ALLOCATION,
    MS_OPERATION_DEALLOCATION,
    MS_OPERATION_REALLOCATION,
    MS_OPERATION_MOVE,
    MS_OPERATION_BORROW,
    MS_OPERATION_RETURN,
    MS_OPERATION_FREE_STACK, // of the deallocation after it; row: its node
};

// One event, in bits: address 47, operation 5; and where a cell has them,
// cell.h, the row and, in place of the birth, the time. What else a cell has
// may stand there or not.
struct ms_recorded_event {
    _Atomic uint64_t what;
    _Atomic uint64_t where;
};

enum ms_mapping_operation {
    MS_MAPPING_MAP = 1, // whatever was there is replaced
    MS_MAPPING_UNMAP,
    MS_MAPPING_RESTORE, // what this thread has just unmapped there is back
    MS_MAPPING_MOVE,    // a map, of the kind that this thread has just unmapped
};

enum ms_mapping_kind {
    MS_MAPPING_ANONYMOUS = 0,
    MS_MAPPING_FILE,
    MS_MAPPING_BREAK, // brk, sbrk
};

// A map is noted after the system has given the range, an unmap before it gets
// it back: so the queue has them in an order that can have happened. `turn`
// is 2 * lap while the entry waits for a writer and 2 * lap + 1 when it is
// filled, lap = number / MS_MAPPING_CAPACITY. Times as births.
struct ms_mapping_event {
    _Atomic uint32_t turn;
    _Atomic uint32_t time;
    _Atomic uint64_t where; // address; below the page: operation, kind
    _Atomic uint64_t bytes; // length, whole pages; below: protection, shared
    _Atomic uint64_t who;   // stack, thread + 1 in the upper half; 0: unknown
};
#define MS_MAPPING_SHARED 8u // beside PROT_READ, PROT_WRITE, PROT_EXEC

#define MS_MODULE_PATH 400u
struct ms_module {
    uint64_t start; // first mapped address
    uint64_t end;   // one past the last
    uint64_t bias;  // load bias: address - bias = address in the file
    uint64_t load_ns;
    _Atomic uint64_t unload_ns; // 0 while loaded
    uint32_t build_id_bytes;
    uint8_t build_id[36];
    char path[MS_MODULE_PATH];
};
#define MS_MODULE_BYTES 512u

_Static_assert(sizeof(struct ms_segment_header) <= MS_HEADER_BYTES, "header");
_Static_assert(sizeof(struct ms_row) == 64, "a row is one cache line");
_Static_assert(sizeof(struct ms_row_detail) == 128, "a detail is two");
_Static_assert(sizeof(struct ms_mapping_event) == 32, "mapping event");
_Static_assert(sizeof(struct ms_node) == 16, "node");
_Static_assert(sizeof(struct ms_thread_slot) <= MS_THREAD_SLOT_BYTES, "slot");
_Static_assert(sizeof(struct ms_module) <= MS_MODULE_BYTES, "module");

// An entry of the live table: the cell of the block at `address` (0: free), and
// its size whatever it is. It stands in one of the MS_TABLE_WINDOW entries from
// ms_table_home on; there are that many more entries than the capacity says.
struct ms_table_entry {
    _Atomic uint64_t address;
    _Atomic uint64_t cell;
    _Atomic uint64_t size;
};
#define MS_TABLE_WINDOW 64u
#define MS_TABLE_MOST (1u << 26)

static inline uint32_t ms_table_home(uint64_t address, uint32_t capacity)
{
    uint64_t hash = (address >> 4) * UINT64_C(0x9E3779B97F4A7C15);

    return (uint32_t)(hash >> 32) & (capacity - 1);
}

static inline uint32_t ms_size_class(uint64_t size)
{
    if (size <= 1)
        return 0;
    uint32_t class = 64u - (uint32_t)__builtin_clzll(size - 1);
    return class < MS_SIZE_CLASSES ? class : MS_SIZE_CLASSES - 1;
}

static inline uint32_t ms_lifetime_bucket(uint64_t units)
{
    uint32_t b = units == 0 ? 0 : 64u - (uint32_t)__builtin_clzll(units);
    if (__builtin_expect(b >= MS_LIFETIME_BUCKETS, 0)) {
        __asm__ volatile(""); // a branch, no conditional move: it is rare
        b = MS_LIFETIME_BUCKETS - 1;
    }
    return b;
}

#endif
