// SPDX-License-Identifier: MIT
//
// import: reads a snapshot's JSON back, piece by piece as it comes. It trusts
// nothing: what is foreign, damaged or cut off is refused, with its place.
// Memory: what the snapshot itself takes, whatever else the text may hold. One
// import belongs to one thread.

#ifndef MS_ENGINE_IMPORT_H
#define MS_ENGINE_IMPORT_H

#include "engine/snapshot.h"

#define MS_IMPORT_BYTES (UINT64_C(512) << 20) // a longer text is refused

struct ms_import;

// ms_import_create begins one; NULL: out of memory.
struct ms_import *ms_import_create(void);

// ms_import_feed takes the next bytes of the text. When it returns anything but
// MEMSCOPE_OK (FORMAT, LIMIT, MEMORY), the import has failed for good.
enum memscope_status ms_import_feed(struct ms_import *import, const char *text,
                                    size_t bytes) MEMSCOPE_MUST_CHECK;

// ms_import_end says that the text is complete, and checks the whole.
enum memscope_status
ms_import_end(struct ms_import *import) MEMSCOPE_MUST_CHECK;

// ms_import_error says what is wrong and where: "sites[3].live_bytes, byte 812:
// a number is expected". "" when nothing is. As long as the import.
const char *ms_import_error(const struct ms_import *import);

// ms_import_snapshot is what was read, after ms_import_end; as long as the
// import. It has the id 0 and no engine.
const struct ms_snapshot *ms_import_snapshot(const struct ms_import *import);

// ms_import_adopt hands it over to an engine, held for the caller, under a new
// id. MEMSCOPE_ERROR_LIMIT: the engine has as many snapshots as may be.
enum memscope_status
ms_import_adopt(struct ms_import *import, struct ms_engine *engine,
                const struct ms_snapshot **out) MEMSCOPE_MUST_CHECK;

// ms_import_destroy frees it, and the snapshot if it was not handed over. NULL
// is allowed.
void ms_import_destroy(struct ms_import *import);

// ms_import_file reads a whole file into a new import. *out is NULL only when
// memory ran out; MEMSCOPE_ERROR_SYSTEM: the file could not be read.
enum memscope_status ms_import_file(const char *path,
                                    struct ms_import **out) MEMSCOPE_MUST_CHECK;

#endif
