// SPDX-License-Identifier: MIT
//
// saved: a snapshot as a session of its own, so that whoever shows sessions
// shows saved ones as well. It never changes: one tick, no history, no program
// behind it. All reads of engine/picture.h, window.h, changes.h, source.h and
// sql.h answer for it; what a snapshot does not keep is NOT_FOUND.

#ifndef MS_ENGINE_SAVED_H
#define MS_ENGINE_SAVED_H

#include "engine/snapshot.h"

// ms_engine_show makes a session of a snapshot of this engine, and holds it
// until the engine ends. Its id is that of no other session. LIMIT: there are
// as many as there may be snapshots. Any thread; waits for nothing.
enum memscope_status ms_engine_show(struct ms_engine *engine,
                                    const struct ms_snapshot *snapshot,
                                    uint32_t *session) MEMSCOPE_MUST_CHECK;

// ms_engine_saved_has says whether a saved session (0: the primary one) has a
// part, MS_PART_...: files of an older memscope do not. False, too, when it is
// no saved session.
bool ms_engine_saved_has(struct ms_engine *engine, uint32_t session,
                         unsigned part);

#endif
