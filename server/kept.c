// SPDX-License-Identifier: MIT
// See kept.h for the contract.

#include "kept.h"

#include <string.h>

#include "engine/saved.h"

// What not every saved session can answer: with the part of a file that it
// takes, or 0 when no snapshot keeps it; with a '/' at its end, all that is
// below.
static const struct {
    const char *path;
    unsigned part;
} live_only[] = {
    {"/api/v1/mappings", 0},
    {"/api/v1/tasks", MS_PART_GROUPS},
    {"/api/v1/types", MS_PART_TYPES},
    {"/api/v1/marks", 0},
    {"/api/v1/allocations", 0},
    {"/api/v1/analysis", MS_PART_FINDINGS},
    {"/api/v1/leaks", MS_PART_FINDINGS},
    {"/api/v1/leakscan", MS_PART_LEAK_SCAN},
    {"/api/v1/fragmentation", 0},
    {"/debug/pprof/heap", 0},
    {"/debug/pprof/allocs", 0},
    {"/api/v1/source", 0},
    {"/api/v1/matrix", 0},
    {"/api/v1/sites/", 0},
    {"/api/v1/threads/", 0},
};

const char *ms_kept_why_not(struct ms_request *q)
{
    struct ms_engine *engine = q->server->options.engine;
    struct ms_session_info info;
    uint64_t session;

    for (size_t i = 0; i < sizeof live_only / sizeof *live_only; i++) {
        const char *path = live_only[i].path;
        size_t n = strlen(path);
        bool below = path[n - 1] == '/' && strncmp(path, q->path, n) == 0;
        if (!below && strcmp(path, q->path) != 0)
            continue;
        if (!ms_query_number(&q->query, "session", 0, UINT32_MAX, &session) ||
            ms_engine_session(engine, (uint32_t)session, &info) !=
                MEMSCOPE_OK ||
            info.state != MS_SESSION_SAVED)
            return NULL;
        if (live_only[i].part == 0)
            return "a saved snapshot does not have it";
        return ms_engine_saved_has(engine, info.id, live_only[i].part)
                   ? NULL
                   : "this file does not have it: an older memscope wrote it";
    }
    return NULL;
}
