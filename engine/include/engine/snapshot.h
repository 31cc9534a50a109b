// SPDX-License-Identifier: MIT
//
// snapshot: an immutable, named picture of a session; all that may be added
// later is the name of a frame, once. Taking one copies the
// model under the collector's lock; everything after that works on the copy.
// Snapshots are reference counted; any thread.

#ifndef MS_ENGINE_SNAPSHOT_H
#define MS_ENGINE_SNAPSHOT_H

#include "engine/analysis.h"
#include "engine/annotations.h"
#include "engine/measured_types.h"
#include "engine/stacks.h"

#define MS_SNAPSHOT_NAME 80u
#define MS_SNAPSHOT_LIMIT 64u // kept per engine; one more is refused

// What else was known of the session at that moment. A part that is not given
// was not written by the memscope that made the file.
#define MS_PART_HISTORY 1u
#define MS_PART_FINDINGS 2u
#define MS_PART_LEAK_SCAN 4u
#define MS_PART_GROUPS 8u
#define MS_PART_TYPES 16u
#define MS_PART_MEASURED 32u

#define MS_SNAPSHOT_SAMPLES 600u // over all of the session, at most
#define MS_SNAPSHOT_FINDINGS 512u
#define MS_SNAPSHOT_GROUPS 4096u // those with most live bytes; likewise:
#define MS_SNAPSHOT_TYPES 4096u

struct ms_snapshot_parts {
    unsigned given;            // MS_PART_..., together
    struct ms_sample *history; // oldest first, in even steps
    size_t history_count;
    struct ms_finding *findings;
    size_t finding_count;
    struct ms_leak_report leak_scan;
    struct ms_group_row *groups;
    size_t group_count;
    struct ms_type_row *types, *variables;
    size_t type_count, variable_count;
    struct ms_measured_types measured;
};

struct ms_snapshot {
    uint32_t id; // 1, 2, ...
    char name[MS_SNAPSHOT_NAME];
    char cause[16];   // "request", "program" or the trigger's name
    bool automatic;   // taken by a trigger: it may be taken away again
    bool imported;    // read in, not taken here
    uint64_t time_ns; // CLOCK_REALTIME
    struct ms_session_info session;
    struct ms_stats stats;
    struct ms_histograms histograms;
    size_t thread_count, site_count, module_count;
    struct ms_thread_row *threads;
    struct ms_site_row *sites;
    struct ms_module_info *modules;
    struct ms_stacks stacks; // its modules are the same
    struct ms_snapshot_parts parts;
    uint32_t *site_frames; // of each site, by number; 0: none. NULL: all named
    struct ms_engine *engine; // knows names that came later; NULL: nobody
};

// ms_snapshot_take copies the latest tick. name may be NULL or empty: then it
// is "Snapshot N". MEMSCOPE_ERROR_ARGUMENT: the name is too long or no UTF-8.
enum memscope_status
ms_snapshot_take(struct ms_engine *engine, uint32_t session, const char *name,
                 const struct ms_snapshot **out) MEMSCOPE_MUST_CHECK;

// ms_snapshot_take_for is the same for another cause than a request.
enum memscope_status
ms_snapshot_take_for(struct ms_engine *engine, uint32_t session,
                     const char *name, const char *cause,
                     const struct ms_snapshot **out) MEMSCOPE_MUST_CHECK;

// ms_snapshot_copy is the same on no list: it goes when it is released. Of a
// saved session it is the snapshot itself.
enum memscope_status
ms_snapshot_copy(struct ms_engine *engine, uint32_t session,
                 const struct ms_snapshot **out) MEMSCOPE_MUST_CHECK;

// ms_snapshot_copy_past is the same of a moment of the past, without its
// stacks: what a comparison needs. NOT_FOUND: as ms_engine_past.
struct ms_when;
enum memscope_status
ms_snapshot_copy_past(struct ms_engine *engine, uint32_t session,
                      const struct ms_when *when,
                      const struct ms_snapshot **out) MEMSCOPE_MUST_CHECK;

// ms_snapshot_site gives a site of it, by index, with the name that is known by
// now.
void ms_snapshot_site(const struct ms_snapshot *snapshot, size_t index,
                      struct ms_site_row *out);

// ms_snapshot_unnamed is the number of its frames whose names are still being
// looked up.
size_t ms_snapshot_unnamed(const struct ms_snapshot *snapshot);

// ms_snapshot_acquire finds one by id and holds it; NULL when there is none.
const struct ms_snapshot *ms_snapshot_acquire(struct ms_engine *engine,
                                              uint32_t id);

// ms_snapshot_release gives one back (after take or acquire).
void ms_snapshot_release(struct ms_engine *engine,
                         const struct ms_snapshot *snapshot);

// ms_snapshot_list holds up to `capacity` of them, oldest first, and returns
// how many; each must be released.
size_t ms_snapshot_list(struct ms_engine *engine,
                        const struct ms_snapshot **out, size_t capacity);

// ms_snapshot_delete forgets one; holders keep theirs. NOT_FOUND if unknown.
enum memscope_status ms_snapshot_delete(struct ms_engine *engine,
                                        uint32_t id) MEMSCOPE_MUST_CHECK;

#endif
