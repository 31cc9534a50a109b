// SPDX-License-Identifier: MIT
//
// engine_private: the engine's own state, for the files of this room.
//
// Locks, in the order in which they may be taken: engine, session, symbols.

#ifndef MS_ENGINE_ENGINE_PRIVATE_H
#define MS_ENGINE_ENGINE_PRIVATE_H

#include <pthread.h>

#include "analysis/leak_scan.h"
#include "engine/engine.h"
#include "engine/snapshot.h"
#include "session.h"
#include "snapshot/saved.h"
#include "snapshot/triggers.h"
#include "symbols/strings.h"

#define MS_SESSIONS_RUNNING 256u // more are refused
#define MS_SESSIONS_KEPT 64u     // that have ended, at most and by default

#define MS_SESSIONS_KEPT_SECONDS 86400u

#define MS_ARCHIVE_FILE 80u // bytes of a file's name

struct ms_archive;

struct ms_snapshot_entry {
    struct ms_snapshot snapshot; // first: handed out as itself
    uint32_t refs;               // {lock}
    struct ms_strings strings;   // of one that was read in
    bool saved;                  // {lock} or shall not be
    bool deleted;                // {lock}
    char file[MS_ARCHIVE_FILE];  // {lock} in the directory; "": in none
};

struct ms_engine {
    uint64_t tick_ns;           // constant
    void (*thread_start)(void); // constant
    uint32_t keep_sessions;     // constant
    uint64_t keep_ns;           // constant
    struct ms_symbols *symbols; // constant; NULL: without
    pthread_t collector;

    pthread_mutex_t listener_lock; // held across a call of the listener
    void (*tick)(void *arg);       // {listener_lock}
    void *tick_arg;                // {listener_lock}

    pthread_mutex_t lock;
    pthread_cond_t wake;   // the collector
    pthread_cond_t ticked; // broadcast after each tick
    // {lock} from here on
    uint64_t attended_ns; // monotonic: ticks do not rest before
    bool hurry;           // the next tick is to come at once
    bool stopping;
    struct ms_session *sessions[MS_SESSIONS_KEPT + MS_SESSIONS_RUNNING];
    size_t session_count;
    uint32_t next_session;
    pid_t primary_pid;
    double budget; // of sessions that begin
    struct ms_engine_cost cost;
    struct ms_snapshot_entry *snapshots[MS_SNAPSHOT_LIMIT];
    size_t snapshot_count;
    uint32_t next_snapshot;
    struct ms_saved saved[MS_SNAPSHOT_LIMIT]; // shown as sessions
    size_t saved_count;
    struct ms_archive *archive;  // NULL: snapshots are kept in memory alone
    struct ms_triggers triggers; // constant once there are sessions
    struct ms_scans scans;
};

// ms_engine_hold finds a session (0: the primary one) and keeps it from going
// away until ms_engine_let_go. NULL: there is none. Takes the engine's lock.
struct ms_session *ms_engine_hold(struct ms_engine *e, uint32_t id);
void ms_engine_let_go(struct ms_engine *e, struct ms_session *s);

// ms_engine_forget lets ended sessions go that are too many or too old. Takes
// the engine's lock, and the sessions'.
void ms_engine_forget(struct ms_engine *e);

// ms_engine_primary is the primary session, NULL: there is none. {lock}
struct ms_session *ms_engine_primary(struct ms_engine *e);

// ms_snapshot_add puts a snapshot on the list, under a new id, and holds it for
// the caller. LIMIT: there is no room; the entry stays the caller's.
// ms_snapshot_discard frees one that is on no list.
enum memscope_status
ms_snapshot_add(struct ms_engine *e, struct ms_snapshot_entry *entry,
                const struct ms_snapshot **out) MEMSCOPE_MUST_CHECK;
void ms_snapshot_discard(struct ms_snapshot_entry *entry);

struct ms_import;
// ms_import_adopt_file is ms_import_adopt for a file of the archive.
enum memscope_status
ms_import_adopt_file(struct ms_import *import, struct ms_engine *e,
                     const char *file,
                     const struct ms_snapshot **out) MEMSCOPE_MUST_CHECK;

// ms_engine_check_triggers takes the snapshots that are due after a tick.
void ms_engine_check_triggers(struct ms_engine *e, struct ms_session *s);

// ms_engine_take_requested takes the snapshots that the program has asked for.
void ms_engine_take_requested(struct ms_engine *e, struct ms_session *s);

// ms_session_moment reads a moment by its number. {session lock}. False: it is
// not there (any more, or yet).
struct ms_mark_row;
bool ms_session_moment(struct ms_session *s, uint64_t number,
                       struct ms_mark_row *out);

// What ms_engine_groups, ms_engine_types and ms_engine_marks give, for those
// who want more of the same cut. {session lock}
struct ms_group_row;
struct ms_type_row;
enum memscope_status ms_session_groups(struct ms_session *s,
                                       struct ms_group_row **rows,
                                       size_t *count) MEMSCOPE_MUST_CHECK;
enum memscope_status ms_session_types(struct ms_session *s,
                                      struct ms_type_row **rows,
                                      size_t *count) MEMSCOPE_MUST_CHECK;
enum memscope_status ms_session_variables(struct ms_session *s,
                                          struct ms_type_row **rows,
                                          size_t *count) MEMSCOPE_MUST_CHECK;
enum memscope_status ms_session_marks(struct ms_session *s,
                                      struct ms_mark_row **rows,
                                      size_t *count) MEMSCOPE_MUST_CHECK;

// ms_session_analysis is ms_engine_analysis at the latest tick. {session lock}
enum memscope_status
ms_session_analysis(struct ms_session *s, int only,
                    struct ms_analysis *out) MEMSCOPE_MUST_CHECK;

// ms_session_regions copies the mapped regions {session lock};
// ms_session_join_regions then asks the system what of them is resident,
// without the lock.
enum memscope_status
ms_session_regions(struct ms_session *s,
                   struct ms_mappings_picture *out) MEMSCOPE_MUST_CHECK;
void ms_session_join_regions(struct ms_session *s,
                             struct ms_mappings_picture *out);

#endif
