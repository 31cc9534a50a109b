// SPDX-License-Identifier: MIT
//
// fetch: files of debug information from debuginfod servers, on a thread of
// its own that nobody waits for. Only made when the user has asked for it;
// which servers, and where the files are kept, is the library's business
// (DEBUGINFOD_URLS, DEBUGINFOD_CACHE_PATH). All functions: symbol thread.

#ifndef MS_ENGINE_SYMBOLS_FETCH_H
#define MS_ENGINE_SYMBOLS_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ms_fetch;

// ms_fetch_usable says whether the library is there. Any thread.
bool ms_fetch_usable(void);

// ms_fetch_create starts the thread; NULL: it could not. ms_fetch_destroy ends
// a download that is under way; NULL is allowed.
struct ms_fetch *ms_fetch_create(void (*thread_start)(void));
void ms_fetch_destroy(struct ms_fetch *f);

// ms_fetch_ask asks for the debug information of a build-id, in the caller's
// words `number`. False: too much has been asked for.
bool ms_fetch_ask(struct ms_fetch *f, uint32_t number, const uint8_t *build_id,
                  uint32_t bytes);

// ms_fetch_take gives one that is done: the file's path, to be freed, or NULL
// when no server has it. False: none is done now.
bool ms_fetch_take(struct ms_fetch *f, uint32_t *number, char **path);

// ms_fetch_pending is how many are neither done nor taken.
size_t ms_fetch_pending(struct ms_fetch *f);

#endif
