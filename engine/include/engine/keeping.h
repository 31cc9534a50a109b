// SPDX-License-Identifier: MIT
//
// keeping: snapshots that are taken by themselves, and where they are kept.
//
// A trigger is a condition that is looked at in every tick. When it becomes
// true, a snapshot is taken that is called by it; not again before it has been
// false (below nine tenths of its limit), nor within 10 s. The 16 latest of
// these are kept, older ones go. Of each process:
//
//   rss>500M heap>200M   resident memory; live bytes
//   growth>1M            live bytes per second, over the last 10 s ("1M/s")
//   cgroup>80%           memory used, of the cgroup's limit (of the machine's
//                        memory where there is none)
//   peak                 the latest one near the most live bytes so far: within
//                        1 per cent of it, or a second of growth
//   exit                 at the end
//
// A directory holds each snapshot as a file, from the moment that its names are
// known (some seconds at most). Those that are there at the start are read in,
// the 32 newest; what cannot be read is told and left alone.

#ifndef MS_ENGINE_KEEPING_H
#define MS_ENGINE_KEEPING_H

#include "engine/engine.h"

struct ms_keeping_options {
    const char *triggers;  // separated by commas; NULL: none
    const char *directory; // NULL: none; made if it is not there
    // Told what went wrong with a file, on any thread; may be NULL.
    void (*warn)(const char *what);
};

// ms_engine_keep begins it, once, before there are sessions. ARGUMENT: the
// triggers are no such text; SYSTEM: the directory cannot be had, see errno.
enum memscope_status
ms_engine_keep(struct ms_engine *engine,
               const struct ms_keeping_options *options) MEMSCOPE_MUST_CHECK;

// ms_triggers_check says whether a text is one of triggers.
bool ms_triggers_check(const char *text);

#endif
