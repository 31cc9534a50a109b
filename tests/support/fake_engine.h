// SPDX-License-Identifier: MIT
//
// fake_engine: an engine without threads, with one session, number 1, of no
// process: it ticks when the test says so.

#ifndef MS_TESTS_FAKE_ENGINE_H
#define MS_TESTS_FAKE_ENGINE_H

#include "engine_private.h"
#include "runtime/store.h"

// ms_fake_engine owns segment_fd. NULL: it was no segment.
struct ms_engine *ms_fake_engine(int segment_fd, struct ms_session **session);
void ms_fake_engine_destroy(struct ms_engine *engine);

// A program of one thread beside it: what its writer books is what the engine
// reads. All four are set. False: there is no room for it.
bool ms_fake_program(struct ms_store *store, struct ms_writer **writer,
                     struct ms_engine **engine, struct ms_session **session);
void ms_fake_program_end(struct ms_store *store, struct ms_engine *engine);

#endif
