// SPDX-License-Identifier: MIT
//
// archive: the directory of snapshots, on a thread of its own ("ms-archive"):
// see engine/keeping.h. A file appears whole or not at all: it is written under
// another name, brought to the disk, and renamed.

#ifndef MS_ENGINE_SNAPSHOT_ARCHIVE_H
#define MS_ENGINE_SNAPSHOT_ARCHIVE_H

#include <memscope.h>

struct ms_engine;
struct ms_snapshot_entry;
struct ms_archive;

enum memscope_status
ms_archive_start(struct ms_engine *e, const char *directory,
                 void (*warn)(const char *what),
                 struct ms_archive **out) MEMSCOPE_MUST_CHECK;

// ms_archive_wake says that there is something to be saved. {engine lock}
void ms_archive_wake(struct ms_archive *a);

// ms_archive_forget removes the file of a snapshot that was deleted.
void ms_archive_forget(struct ms_archive *a,
                       const struct ms_snapshot_entry *entry);

// ms_archive_stop saves what is not saved yet, and ends the thread. NULL is
// allowed.
void ms_archive_stop(struct ms_archive *a);

#endif
