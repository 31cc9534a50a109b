// SPDX-License-Identifier: MIT
//
// leak_scan: a scan under way, its report, and what both need of the session.

#ifndef MS_ENGINE_ANALYSIS_LEAK_SCAN_H
#define MS_ENGINE_ANALYSIS_LEAK_SCAN_H

#include <pthread.h>
#include <stdatomic.h>

#include "analysis/reach.h"
#include "analysis/suppressions.h"
#include "engine/analysis.h"

struct ms_session;
struct ms_engine;

// The engine's part. {engine lock}
struct ms_scans {
    atomic_bool stop;    // any thread: scans shall end
    pthread_cond_t idle; // `running` has become 0
    unsigned running;
    struct ms_suppressions *suppressions; // NULL: none; constant while running
};

// The session's part. {session lock}
struct ms_session_scan {
    struct ms_leak_report report;          // the latest
    struct ms_fragmentation fragmentation; // the latest
};

// ms_scans_start runs a job on a thread of its own, which holds the session;
// `run` gets `job` and ends with ms_scans_end.
enum memscope_status ms_scans_start(struct ms_engine *e, struct ms_session *s,
                                    const char *name, void *(*run)(void *),
                                    void *job);
void ms_scans_end(struct ms_engine *e, struct ms_session *s);

// ms_leak_rows sums lost and possible blocks up by stack, largest first, the
// first MS_LEAK_ROWS of them with names. Waits for names, some seconds at
// most. False: no memory.
bool ms_leak_rows(struct ms_session *s, const struct ms_suppressions *known,
                  struct ms_reach_block *blocks, size_t count,
                  struct ms_leak_report *out);

// ms_engine_serve_exit begins the scan that a program waits for at its exit.
// [collector]
void ms_engine_serve_exit(struct ms_engine *e, struct ms_session *s);

#endif
