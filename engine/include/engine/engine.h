// SPDX-License-Identifier: MIT
//
// engine: makes sense of the events. It owns the sessions (one per watched
// process image), one collector thread that reads what changed (ten times a
// second, less often where nobody looks), and one symbol thread. Everything
// here may be called from any thread unless it says otherwise; nothing waits
// for the watched program.
//
//   function               waits for                         allocates
//   ms_engine_create      its threads to start              yes
//   ms_engine_destroy     its threads to end                no
//   ms_engine_adopt       the collector's current tick      yes
//   ms_engine_on_tick     the collector's current tick      no
//   ms_engine_attend      the next tick, where they rest    no
//   ms_engine_sessions    nothing                           yes (result)
//   ms_engine_... (reads) a tick in progress, at most       yes (result)
//
// Reads copy: a result belongs to the caller, who frees it with free().

#ifndef MS_ENGINE_ENGINE_H
#define MS_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <memscope.h>

struct ms_engine;

struct ms_engine_options {
    uint32_t tick_ms; // 0: 100
    // Of sessions that have ended, so many are kept (0: 64), for so many
    // seconds (0: 86400); the oldest ones go first, the primary one never.
    uint32_t keep_sessions;
    uint32_t keep_seconds;
    bool without_symbols; // tests: names stay empty, no symbol thread
    bool debuginfod; // debug information that is not here comes from servers
    // Called at the start of each thread of the engine, on that thread: the
    // embedded server uses it to keep our threads out of the numbers.
    void (*thread_start)(void);
};

// ms_engine_create starts the engine. Returns MEMSCOPE_ERROR_MEMORY or
// MEMSCOPE_ERROR_SYSTEM when it could not; *out is then NULL.
enum memscope_status
ms_engine_create(const struct ms_engine_options *options,
                 struct ms_engine **out) MEMSCOPE_MUST_CHECK;

// ms_engine_has_debuginfod says whether the library for that option is there.
bool ms_engine_has_debuginfod(void);

// ms_engine_destroy ends the threads and frees everything. No other call may
// be under way. NULL is allowed.
void ms_engine_destroy(struct ms_engine *engine);

// ms_engine_adopt takes over the segment of a process and begins to read it.
// The engine owns segment_fd from here on, also when it returns an error. The
// pid is what the kernel says of the sender; it decides whose end is watched.
// A session of the same pid that still counts as running has ended by exec.
// Returns MEMSCOPE_ERROR_FORMAT for what is no segment, MEMSCOPE_ERROR_LIMIT
// when there are too many running sessions.
enum memscope_status ms_engine_adopt(struct ms_engine *engine, int segment_fd,
                                     pid_t pid,
                                     uint32_t *session) MEMSCOPE_MUST_CHECK;

// ms_engine_set_primary says which process the page opens on: the newest
// session of this pid. Without it, and before one exists: the first session.
void ms_engine_set_primary(struct ms_engine *engine, pid_t pid);

// ms_engine_process_ended tells the engine that a process has been reaped;
// its sessions are read to the end and marked as ended before this returns.
// `wait_status` is as waitpid gave it, or -1 if unknown. The engine also
// notices by itself, a tick later.
void ms_engine_process_ended(struct ms_engine *engine, pid_t pid,
                             int wait_status);

// ms_engine_session_gone says that a session's process has ended, and not how:
// its time ends now. It is marked as ended as soon as ms_engine_process_ended
// says how, or half a second later. Any thread.
void ms_engine_session_gone(struct ms_engine *engine, uint32_t session);

// ms_engine_attend says that somebody looks at what the engine publishes. For
// 30 seconds from then on ticks come as often as they can; where nobody looks
// they rest, so that a program which is watched by nobody is held up the less.
// Where they have rested, this waits for the next one, which comes at once: 250
// ms at the most. Any thread but the collector's.
void ms_engine_attend(struct ms_engine *engine);

// ms_engine_on_tick names the one function to be called after every tick, on
// the collector thread. It must return at once; it may call the reads below,
// but not this. NULL ends it: when this returns, it is called no more.
void ms_engine_on_tick(struct ms_engine *engine, void (*tick)(void *arg),
                       void *arg);

enum ms_session_state {
    MS_SESSION_RUNNING,
    MS_SESSION_ENDED,
    MS_SESSION_SAVED, // a snapshot: see engine/saved.h
};

// "running", "ended" or "saved".
const char *ms_session_state_name(enum ms_session_state state);

struct ms_session_info {
    uint32_t id; // 1, 2, ...
    pid_t pid;
    enum ms_session_state state;
    bool primary;
    int wait_status;     // -1: unknown or still running
    char end_reason[16]; // "", "exit", "signal", "exec", "unknown"
    char epoch[17];      // 16 hex digits, random: one life of one session
    uint64_t start_realtime_ns;
    uint64_t uptime_ns; // until now, or until the end
    uint64_t seq;       // latest tick
    char exe[512];
    char command[1024];
};

// ms_engine_sessions gives all sessions, oldest first. *count may be 0.
enum memscope_status ms_engine_sessions(struct ms_engine *engine,
                                        struct ms_session_info **out,
                                        size_t *count) MEMSCOPE_MUST_CHECK;

// ms_engine_session describes one session; id 0 is the primary one. Returns
// MEMSCOPE_ERROR_NOT_FOUND when there is none.
enum memscope_status
ms_engine_session(struct ms_engine *engine, uint32_t id,
                  struct ms_session_info *out) MEMSCOPE_MUST_CHECK;

// What the engine itself costs: part of the published picture.
struct ms_engine_cost {
    uint64_t cpu_ns;       // collector and symbol thread, since the start
    uint64_t model_bytes;  // memory of all models and histories
    uint64_t ticks;        // made
    uint64_t late_ticks;   // begun more than one period late
    uint64_t last_tick_ns; // how long the last one took
    uint64_t max_tick_ns;
    uint64_t period_ns; // from tick to tick, now: see tick_budget.h
    uint64_t symbols_pending; // sites whose name is wanted and not yet there
    uint64_t symbols_done;
};
void ms_engine_cost(struct ms_engine *engine, struct ms_engine_cost *out);

#endif
