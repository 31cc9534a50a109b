// SPDX-License-Identifier: MIT
//
// fake_engine: an engine without threads, with one session, number 1, of no
// process: it ticks when the test says so.

#ifndef MS_TESTS_FAKE_ENGINE_H
#define MS_TESTS_FAKE_ENGINE_H

#include "engine_private.h"

// ms_fake_engine owns segment_fd. NULL: it was no segment.
struct ms_engine *ms_fake_engine(int segment_fd, struct ms_session **session);
void ms_fake_engine_destroy(struct ms_engine *engine);

#endif
