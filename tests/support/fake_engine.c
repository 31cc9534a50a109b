// SPDX-License-Identifier: MIT
// See fake_engine.h for the contract.

#include "fake_engine.h"

#include <stdlib.h>
#include <unistd.h>

#include "open_writer.h"

#define NO_PROCESS 0

struct ms_engine *ms_fake_engine(int segment_fd, struct ms_session **session)
{
    struct ms_engine *e = calloc(1, sizeof *e);

    if (e == NULL)
        return NULL;
    if (ms_session_open(segment_fd, NO_PROCESS, 1, NULL, UINT64_C(100000000),
                        session) != MEMSCOPE_OK) {
        free(e);
        return NULL;
    }
    pthread_mutex_init(&e->lock, NULL);
    e->sessions[e->session_count++] = *session;
    e->next_session = 1;
    return e;
}

void ms_fake_engine_destroy(struct ms_engine *e)
{
    while (e->snapshot_count > 0)
        if (ms_snapshot_delete(e, e->snapshots[0]->snapshot.id) != MEMSCOPE_OK)
            abort();
    ms_session_close(e->sessions[0]);
    pthread_mutex_destroy(&e->lock);
    free(e);
}

bool ms_fake_program(struct ms_store *store, struct ms_writer **writer,
                     struct ms_engine **engine, struct ms_session **session)
{
    if (ms_store_create(store, MS_BACKEND_CORE) != 0)
        return false;
    *writer = ms_open_writer(store, 101);
    *engine = ms_fake_engine(dup(store->fd), session);
    return *writer != NULL && *engine != NULL;
}

void ms_fake_program_end(struct ms_store *store, struct ms_engine *engine)
{
    ms_fake_engine_destroy(engine);
    ms_store_destroy(store);
}
