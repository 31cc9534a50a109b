// SPDX-License-Identifier: MIT
//
// mappings: the set of live mapped regions of one session, kept by the maps and
// unmaps that the program has queued in its segment. Regions never overlap and
// lie in order of address; what is unmapped in part is cut, a cut through the
// middle makes two of one. Collector thread; {session lock} for readers.

#ifndef MS_ENGINE_MAPPINGS_H
#define MS_ENGINE_MAPPINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/segment.h"

#define MS_REGIONS_MOST (1u << 18) // four times what the kernel allows
#define MS_REGIONS_TAKEN 256u      // unmapped last, kept for a RESTORE

struct ms_region {
    uint64_t address, bytes;
    uint32_t stack;     // node; 0: unknown
    uint32_t thread;    // slot + 1; 0: unknown
    uint32_t birth;     // units, the low 32 bits
    uint8_t kind;       // enum ms_mapping_kind
    uint8_t protection; // as mapped; MS_MAPPING_SHARED
    uint8_t size_class; // of the mapping that it is, or was a part of
};

struct ms_taken_region {
    struct ms_region region;
    uint32_t by; // slot + 1; 0: empty
};

struct ms_mapped_totals {
    uint64_t bytes, regions; // live
    uint64_t peak_bytes;
    uint64_t map_bytes_total, map_count_total; // a cut in two maps one more
    uint64_t unmap_bytes_total, unmap_count_total;
};

// Hears of what each region gains or loses: bytes, and 1, 0 or -1 regions.
typedef void ms_region_gain(void *arg, const struct ms_region *region,
                            int64_t bytes, int regions);

struct ms_mappings {
    struct ms_region *regions; // by address
    size_t count, room;
    struct ms_mapped_totals totals;
    struct ms_taken_region taken[MS_REGIONS_TAKEN]; // ring
    size_t taken_next;
    uint64_t lost;        // regions for which there was no room
    uint64_t stuck_ns;    // since when the next event is claimed, not written
    ms_region_gain *gain; // may be NULL
    void *gain_arg;
};

// One event. `by` is the thread's slot + 1. False: it cannot be true.
bool ms_mappings_apply(struct ms_mappings *m,
                       enum ms_mapping_operation operation,
                       const struct ms_region *event);

// ms_mappings_read takes over what is in the queue of a segment. `last`: nobody
// writes any more. Returns how many of them cannot be true.
uint64_t ms_mappings_read(struct ms_mappings *m, struct ms_segment_header *live,
                          struct ms_mapping_event *queue, uint32_t capacity,
                          bool last);

void ms_mappings_fini(struct ms_mappings *m);

#endif
