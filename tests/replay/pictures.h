// SPDX-License-Identifier: MIT
//
// pictures: prints what an engine shows of its session 1, as replay.py reads
// it: a line each.

#ifndef MS_TESTS_REPLAY_PICTURES_H
#define MS_TESTS_REPLAY_PICTURES_H

#include "engine/snapshot.h"

// All of a picture, and of sites, threads and stacks what has changed since
// *shown_seq, which becomes that of the picture.
void print_picture(struct ms_engine *engine, const char *kind,
                   uint64_t *shown_seq, size_t matrix_threads);
void print_snapshot(const struct ms_snapshot *snapshot);

// The snapshot against one of now.
void print_diff(struct ms_engine *engine, const struct ms_snapshot *snapshot);

#endif
