// SPDX-License-Identifier: MIT
//
// store: the event store of this process, the writers' side. A thread that
// has an event folds it into the segment itself, through a writer of its own:
//
//   live index   which block lives where      live_index.h
//   ledger       what happened at which stack ledger.h
//   recorder     the last events              recorder.h
//
//   function                 thread        progress   allocates  signal-safe
//   ms_store_create         one           system     own memory yes
//   ms_store_destroy        one, at last  system     no         yes
//   ms_store_writer_open    any           lock-free  own memory yes
//   ms_store_writer_close   the writer's  wait-free  no         yes
//   ms_store_allocation     the writer's  wait-free  rarely(*)  under a guard
//   ms_store_deallocation   the writer's  wait-free  rarely(*)  under a guard
//   ms_store_stack...       any           lock-free  no         yes
//
// (*) own memory, when a thread meets a stack for the first time.
// What cannot be booked is counted by kind in the header; nothing ever waits.

#ifndef MS_RUNTIME_STORE_H
#define MS_RUNTIME_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/annotations.h"
#include "runtime/segment.h"

struct ms_writer;

struct ms_store {
    // Constant after ms_store_create.
    struct ms_segment_header *header;
    char *threads; // slots, MS_THREAD_SLOT_BYTES apart
    struct ms_row *rows;
    struct ms_row_detail *details;
    struct ms_node *nodes;
    _Atomic uint32_t *children, *hash;
    _Atomic uint64_t *first_rows;  // see store/ledger.h
    _Atomic uint16_t *row_threads; // the same; NULL: there is no index
    struct ms_recorded_event *recorders;
    struct ms_module *modules;
    struct ms_annotations *annotations; // NULL: a small segment has none
    struct ms_mapping_event *mappings;
    _Atomic uint64_t *index;      // NULL: there is a table instead
    struct ms_table_entry *table; // NULL: there is an index
    _Atomic uint8_t *filter;      // see sampled.h; NULL: none
    void *base;                   // of the mapping of all but the index
    uint64_t base_bytes, index_bytes;
    int fd; // -1 once closed
    // The writers, found again when their threads are gone [any thread].
    struct ms_writer *_Atomic writers;
    _Atomic uint32_t recorder_count;
    _Atomic uint32_t deepest; // level of the stack hash in use [any thread]
    _Atomic uint32_t unloads; // modules found to have gone [any thread]
};

// ms_store_create makes and maps a segment for this process. `wiped` memory
// and mappings do not survive a fork. Returns 0 or an errno value.
// `limit` is the most that it may ever occupy, in bytes; 0: none. Under a limit
// of either kind, ours or the system's, it has a live table and less room.
int ms_store_create_within(struct ms_store *store, enum ms_backend_id backend,
                           uint64_t limit);
int ms_store_create(struct ms_store *store, enum ms_backend_id backend);
void ms_store_destroy(struct ms_store *store);

// ms_store_bytes is how much of the address space a store takes.
uint64_t ms_store_bytes(void);

// ms_store_writer_open gives the calling thread its writer; `tid` is its
// number, `name` as ms_thread_name reads it. `gone` says whether the thread of
// a number has ended, so that its writer can serve again. NULL: no slot or no
// memory left; counted.
struct ms_writer *ms_store_writer_open(struct ms_store *store, uint32_t tid,
                                       const uint64_t name[2],
                                       bool (*gone)(uint32_t tid));

// ms_store_writer_close notes the end of the thread and its last name. Events
// that still follow are booked as well.
void ms_store_writer_close(struct ms_writer *writer, const uint64_t name[2]);

// ms_store_stack gives the node of (return address, parent), the same for the
// whole process. 0: the table is full; counted.
uint32_t ms_store_stack(struct ms_store *store, uint64_t address,
                        uint32_t parent);

// ms_store_stack_in is the same for who knows the module that the address lies
// in; MS_MODULE_UNKNOWN: does not.
#define MS_MODULE_UNKNOWN UINT32_MAX
uint32_t ms_store_stack_in(struct ms_store *store, uint64_t address,
                           uint32_t parent, uint32_t module);

// ms_store_known_stack gives the node if that is seen at the first look; 0: it
// may be there all the same.
uint32_t ms_store_known_stack(const struct ms_store *store, uint64_t address,
                              uint32_t parent);

// ms_store_allocation books a block that now lives at `address`.
void ms_store_allocation(struct ms_writer *writer, uint64_t address,
                         uint64_t size, uint32_t stack, bool by_realloc);

// A block taken out of the live index.
struct ms_taken {
    uint64_t cell; // 0: there was none
    uint64_t size;
};

// ms_store_take clears the block's cell, before the block is given back, and
// ms_store_deallocation books that it was. ms_store_put_back undoes a take.
struct ms_taken ms_store_take(struct ms_writer *writer, uint64_t address);
void ms_store_put_back(struct ms_writer *writer, uint64_t address,
                       const struct ms_taken *taken);
void ms_store_deallocation(struct ms_writer *writer, uint64_t address,
                           const struct ms_taken *taken, bool by_realloc);

static inline struct ms_thread_slot *ms_store_slot(const struct ms_store *s,
                                                   uint32_t thread)
{
    return (struct ms_thread_slot *)(void *)(s->threads +
                                             (size_t)thread *
                                                 MS_THREAD_SLOT_BYTES);
}

static inline struct ms_module *ms_store_module(const struct ms_store *s,
                                                uint32_t module)
{
    return (struct ms_module *)(void *)((char *)s->modules +
                                        (size_t)module * MS_MODULE_BYTES);
}

#endif
