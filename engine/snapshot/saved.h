// SPDX-License-Identifier: MIT
//
// saved: what the reads answer when a session is a saved snapshot. Each is for
// an id of which ms_engine_hold knows nothing; NOT_FOUND: nor is it a saved
// one. Takes the engine's lock for a moment; any thread.

#ifndef MS_ENGINE_SNAPSHOT_SAVED_H
#define MS_ENGINE_SNAPSHOT_SAVED_H

#include "engine/analysis.h"
#include "engine/annotations.h"
#include "engine/changes.h"
#include "engine/measured_types.h"
#include "engine/saved.h"
#include "engine/window.h"

struct ms_saved {
    uint32_t session;
    const struct ms_snapshot *snapshot; // held
};

// ms_saved_acquire gives the snapshot, to be released, with the id of its
// session (0: the primary one); NULL: it is no saved session.
const struct ms_snapshot *ms_saved_acquire(struct ms_engine *e,
                                           uint32_t *session);

// ms_saved_stats_of is the snapshot's stats, as of that session.
struct ms_stats ms_saved_stats_of(const struct ms_snapshot *snapshot,
                                  uint32_t session);

// As ms_engine_...
enum memscope_status
ms_saved_session(struct ms_engine *e, uint32_t id,
                 struct ms_session_info *out) MEMSCOPE_MUST_CHECK;
enum memscope_status ms_saved_stats(struct ms_engine *e, uint32_t id,
                                    uint64_t seq,
                                    struct ms_stats *out) MEMSCOPE_MUST_CHECK;
enum memscope_status ms_saved_threads(struct ms_engine *e, uint32_t id,
                                      uint64_t since,
                                      struct ms_thread_row **rows,
                                      size_t *count,
                                      uint64_t *seq) MEMSCOPE_MUST_CHECK;
enum memscope_status ms_saved_sites(struct ms_engine *e, uint32_t id,
                                    uint64_t since, struct ms_site_row **rows,
                                    size_t *count,
                                    uint64_t *seq) MEMSCOPE_MUST_CHECK;
enum memscope_status ms_saved_history(struct ms_engine *e, uint32_t id,
                                      uint64_t since, struct ms_sample **out,
                                      size_t *count) MEMSCOPE_MUST_CHECK;
enum memscope_status
ms_saved_histograms(struct ms_engine *e, uint32_t id,
                    struct ms_histograms *out) MEMSCOPE_MUST_CHECK;
enum memscope_status ms_saved_modules(struct ms_engine *e, uint32_t id,
                                      struct ms_module_info **out,
                                      size_t *count) MEMSCOPE_MUST_CHECK;
enum memscope_status ms_saved_cut(struct ms_engine *e, uint32_t id,
                                  const struct ms_window *threads,
                                  const struct ms_window *sites,
                                  struct ms_cut *out) MEMSCOPE_MUST_CHECK;
enum memscope_status
ms_saved_changes(struct ms_engine *e, uint32_t id, const char *epoch,
                 uint64_t since, struct ms_changes *out) MEMSCOPE_MUST_CHECK;
// These are of saved_parts.c. STATE: the file does not have it.
enum memscope_status
ms_saved_analysis(struct ms_engine *e, uint32_t id, int only,
                  struct ms_analysis *out) MEMSCOPE_MUST_CHECK;
enum memscope_status
ms_saved_leak_report(struct ms_engine *e, uint32_t id,
                     struct ms_leak_report *out) MEMSCOPE_MUST_CHECK;
enum memscope_status ms_saved_groups(struct ms_engine *e, uint32_t id,
                                     struct ms_group_row **rows,
                                     size_t *count) MEMSCOPE_MUST_CHECK;
enum memscope_status ms_saved_types(struct ms_engine *e, uint32_t id,
                                    struct ms_type_row **rows, size_t *count,
                                    struct ms_type_row **variables,
                                    size_t *variable_count) MEMSCOPE_MUST_CHECK;
enum memscope_status
ms_saved_measured_types(struct ms_engine *e, uint32_t id,
                        struct ms_measured_types *out) MEMSCOPE_MUST_CHECK;

// ms_changes_of_snapshot fills in all stacks and modules. False: no memory.
bool ms_changes_of_snapshot(const struct ms_snapshot *s,
                            struct ms_changes *out);

// ms_saved_release_all lets go of what is shown. The engine ends.
void ms_saved_release_all(struct ms_engine *e);

#endif
