// SPDX-License-Identifier: MIT
//
// past: what every stack, every thread and the histograms were at any moment
// since the start. A log of what each tick has changed: one frame per tick, of
// the rows that changed and by how much. Changes add up, so frames can be
// merged and stay true: with age 10 become one of a second, and 10 of those
// one of 10 seconds; at the end of a frame the picture is the one that was
// published then, to the byte. What is older than all frames is one frame more,
// the base.
//
//   per stack or thread   128 bytes
//   per change            3 to 5 bytes, and 1 to 3 for each number that changed
//   per frame             the stats of its end
//
// Bounded: beyond the budget the oldest frames are merged before their time,
// at last into the base. ms_past_add is the collector's {session lock}; a
// reader copies the list of frames {past lock} and reads them without a lock.

#ifndef MS_ENGINE_PAST_H
#define MS_ENGINE_PAST_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/picture.h"

#define MS_PAST_BUDGET (UINT64_C(64) << 20)
#define MS_PAST_FIELDS 8u
#define MS_PAST_LEVELS 3u // 100 ms, 1 s, 10 s

enum ms_past_series {
    MS_PAST_STACKS,     // alloc_bytes ... mapped_bytes, by index
    MS_PAST_THREADS,    // alloc_bytes ... cross_frees, state, by slot
    MS_PAST_HISTOGRAMS, // one number each: sizes, then lifetimes
    MS_PAST_SERIES
};
// Fields of a row.
enum {
    MS_PAST_ALLOC_BYTES,
    MS_PAST_ALLOC_COUNT,
    MS_PAST_FREE_BYTES,
    MS_PAST_FREE_COUNT,
    MS_PAST_REALLOCS,    // of a thread: cross_frees
    MS_PAST_TEMPORARIES, // of a thread: 1 known, 2 ended
    MS_PAST_LIFETIMES,
    MS_PAST_MAPPED,
};

// Rows of numbers that grow on demand, zero at first.
struct ms_past_table {
    uint64_t (*rows)[MS_PAST_FIELDS];
    uint32_t room;
};

struct ms_past_frame {
    uint64_t seq, uptime_ns; // of its end
    struct ms_stats stats;
    uint64_t lifetime_unit_ns;
    struct ms_past_frame *next; // of those that nobody needs any more
    size_t bytes;
    uint8_t data[]; // see past_code.c
};

// Frames of one step, oldest first, from `first` on.
struct ms_past_level {
    struct ms_past_frame **frames;
    size_t first, count, room;
};

struct ms_past_buffer {
    uint8_t *bytes;
    size_t count, room;
    bool failed;
};

struct ms_session;

struct ms_past {
    pthread_mutex_t lock;
    // {past lock} from here on
    struct ms_past_frame *base; // NULL: the frames begin at the start
    struct ms_past_level levels[MS_PAST_LEVELS];
    uint64_t bytes; // of all frames
    unsigned readers;
    struct ms_past_frame *unneeded; // freed when nobody reads

    // [collector]
    uint64_t budget;
    bool whole;                                // the next frame holds every row
    struct ms_past_table last[MS_PAST_SERIES]; // as of the last frame
    struct ms_past_table sums[MS_PAST_SERIES]; // zero between merges
    struct ms_past_buffer buffer;
};

void ms_past_init(struct ms_past *p, uint64_t budget);
void ms_past_fini(struct ms_past *p);

// ms_past_add keeps what has changed in the tick that `stats` are of. Without
// memory the past begins anew. {session lock}
void ms_past_add(struct ms_past *p, const struct ms_session *s,
                 const struct ms_stats *stats);

// The memory that it takes. {session lock}
uint64_t ms_past_bytes(struct ms_past *p);

// Frames up to a moment, for one reader.
struct ms_past_view {
    struct ms_past_frame **frames; // the base first, if there is one
    size_t count;
    bool based;
    uint64_t step_ns; // to the frame before the last
};

// ms_past_open finds the last frame that ends at or before a moment (`seq`, or
// if that is 0 `uptime_ns`). NOT_FOUND: nothing is known of it, or of the
// beginning of its range.
struct ms_when;
enum memscope_status ms_past_open(struct ms_past *p, const struct ms_when *when,
                                  struct ms_past_view *out) MEMSCOPE_MUST_CHECK;
void ms_past_close(struct ms_past *p, struct ms_past_view *view);

void ms_past_free_unneeded(struct ms_past *p); // {past lock}

// ms_past_sum adds the changes of a frame to tables. False: out of memory.
bool ms_past_sum(const struct ms_past_frame *frame,
                 struct ms_past_table tables[MS_PAST_SERIES]);
void ms_past_tables_fini(struct ms_past_table tables[MS_PAST_SERIES]);

// For past_code.c and past.c only:
uint64_t *ms_past_row(struct ms_past_table *t, uint32_t row);
void ms_past_put_row(struct ms_past_buffer *b, uint32_t row, uint32_t *previous,
                     const uint64_t change[MS_PAST_FIELDS]);
void ms_past_put_end(struct ms_past_buffer *b);
// Adds up frames and writes the sum; sums are zero again afterwards.
bool ms_past_merge(struct ms_past_frame *const *frames, size_t count,
                   struct ms_past_table sums[MS_PAST_SERIES],
                   struct ms_past_buffer *out);

#endif
