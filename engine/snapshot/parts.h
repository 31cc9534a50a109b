// SPDX-License-Identifier: MIT
//
// parts: what a snapshot has beside its picture (struct ms_snapshot_parts).

#ifndef MS_ENGINE_SNAPSHOT_PARTS_H
#define MS_ENGINE_SNAPSHOT_PARTS_H

#include "engine/snapshot.h"

struct ms_session;

// ms_snapshot_parts_copy takes those that belong to the cut. {session lock}.
// False: no memory; what has been copied is to be freed all the same.
bool ms_snapshot_parts_copy(struct ms_session *s,
                            struct ms_snapshot_parts *out);

// ms_snapshot_parts_measure adds the types of what nobody has tagged: of the
// blocks as they are when it looks. Waits for that, without the session's lock.
void ms_snapshot_parts_measure(struct ms_engine *e, uint32_t session,
                               struct ms_snapshot_parts *out);

void ms_snapshot_parts_fini(struct ms_snapshot_parts *parts);

#endif
