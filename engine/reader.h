// SPDX-License-Identifier: MIT
//
// reader: the reading side of a segment. It trusts nothing: every size and
// offset of the header is checked once and kept in a copy of our own, every
// index read later is checked before it is used. What cannot be true is
// counted as damaged and skipped. Collector thread only, but for the constants
// and ms_reader_used_bytes.

#ifndef MS_ENGINE_READER_H
#define MS_ENGINE_READER_H

#include <stdbool.h>
#include <stdint.h>

#include <memscope.h>

#include "runtime/annotations.h"
#include "runtime/segment.h"

struct ms_reader {
    int fd;
    struct ms_segment_header *live; // the mapping's own; writers write it
    struct ms_segment_header head;  // checked copy of its constants
    char *base;
    uint64_t damaged;
};

// ms_reader_open checks and maps a segment; it owns fd from here on, also when
// it fails. MEMSCOPE_ERROR_FORMAT: no segment, or not of this version.
enum memscope_status ms_reader_open(struct ms_reader *r,
                                    int fd) MEMSCOPE_MUST_CHECK;
void ms_reader_close(struct ms_reader *r);

// Memory that the segment occupies, in bytes.
uint64_t ms_reader_used_bytes(const struct ms_reader *r);

// The queue of maps and unmaps.
struct ms_mapping_event *ms_reader_mappings(struct ms_reader *r);

// The live table; r->head.table_capacity says how large it is, 0: there is
// none.
struct ms_table_entry *ms_reader_table(struct ms_reader *r);

// How many there are, never more than there can be.
uint32_t ms_reader_threads(struct ms_reader *r);
uint32_t ms_reader_rows(struct ms_reader *r);
uint32_t ms_reader_modules(struct ms_reader *r);
uint32_t ms_reader_nodes(struct ms_reader *r);

struct ms_thread_slot *ms_reader_slot(struct ms_reader *r, uint32_t thread);

// What a row says of itself. False: damaged, or not yet written.
struct ms_row_key {
    uint32_t stack;
    uint32_t owner;
    uint32_t thread;
    uint32_t size_class;
    uint32_t sampling; // level; counts are then in units of 2^-MS_COUNT_SHIFT
};
struct ms_row *ms_reader_row(struct ms_reader *r, uint32_t row);
struct ms_row_detail *ms_reader_row_detail(struct ms_reader *r, uint32_t row);
bool ms_reader_row_key(struct ms_reader *r, uint32_t row,
                       struct ms_row_key *out);

// ms_reader_row_is_foreign says whether it holds the frees of another thread's
// blocks, if it is sound.
bool ms_reader_row_is_foreign(struct ms_reader *r, uint32_t row);

// ms_reader_next_rows finds the next rows at or after `from` that were ever
// written; reading others would populate them. False: there are none.
bool ms_reader_next_rows(struct ms_reader *r, uint32_t from, uint32_t *begin,
                         uint32_t *end);

// The address of a node; false: no such node.
bool ms_reader_node(struct ms_reader *r, uint32_t node, struct ms_node *out);

// ms_reader_stack takes a stack out of its context (0: it is in none). False:
// damaged. ms_reader_link gives one link of a context and the next outer one
// (0: that was the last; UINT32_MAX: damaged).
bool ms_reader_stack(struct ms_reader *r, uint32_t stack, uint32_t *real,
                     uint32_t *context);
uint32_t ms_reader_link(struct ms_reader *r, uint32_t context,
                        enum ms_pseudo_kind *kind, uint32_t *value);

// NULL: a small segment has none.
struct ms_annotations *ms_reader_annotations(struct ms_reader *r);

// A copy of a name, terminated; "" when there is none.
void ms_reader_string(struct ms_reader *r, uint32_t string,
                      char text[MS_STRING_TEXT]);

// A copy of a module, its path terminated. False: no such module.
bool ms_reader_module(struct ms_reader *r, uint32_t module,
                      struct ms_module *out);

// ms_reader_unloaded looks whether a module that was read before has been
// unloaded since, and notes when.
bool ms_reader_unloaded(struct ms_reader *r, uint32_t module,
                        struct ms_module *known);

// ms_reader_take_dirty empties a thread's dirty list and hands each row on
// it to `each`. It ends after as many rows as there are, whatever the links
// say.
void ms_reader_take_dirty(struct ms_reader *r, uint32_t thread,
                          void (*each)(void *arg, uint32_t row), void *arg);

#endif
