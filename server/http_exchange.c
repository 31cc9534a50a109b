// SPDX-License-Identifier: MIT
// See http_exchange.h for the contract.

#include "http_exchange.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "asides.h"
#include "http.h"
#include "platform/clock.h"

#define DROPPED_BYTES 1048576 // read and dropped, for the answer's sake

struct ms_exchange *ms_exchange_begin(struct ms_exchanges *all,
                                      struct ms_server *server,
                                      struct MHD_Connection *connection,
                                      const char *method, const char *path,
                                      uint64_t begin_ns)
{
    struct ms_exchange *x = calloc(1, sizeof *x);
    bool import = ms_routes_import(method, path);

    if (x == NULL)
        return NULL;
    if (import)
        x->request.import = ms_import_create();
    x->request.server = server;
    x->request.method = method;
    x->connection = connection;
    x->begin_ns = begin_ns;
    x->due_ns =
        begin_ns + (import ? MS_HTTP_IMPORT_SECONDS : MS_HTTP_BODY_SECONDS) *
                       UINT64_C(1000000000);
    x->older = all->newest;
    if (x->older != NULL)
        x->older->newer = x;
    else
        all->oldest = x;
    all->newest = x;
    return x;
}

bool ms_exchange_take(struct ms_exchange *x, const char *data, size_t bytes)
{
    size_t have = x->request.body_bytes;
    char *grown = NULL;

    if (x->request.import != NULL) {
        // After a mistake the rest is read as well, so that it can be told.
        if (ms_import_feed(x->request.import, data, bytes) != MEMSCOPE_OK)
            x->dropped_bytes += bytes;
        return x->dropped_bytes <= MS_IMPORT_BYTES;
    }
    if (!x->too_large && bytes <= MS_HTTP_BODY_BYTES - have)
        grown = realloc(x->body, have + bytes + 1);
    if (grown == NULL) {
        x->too_large = true;
        x->dropped_bytes += bytes;
        return x->dropped_bytes <= DROPPED_BYTES;
    }
    memcpy(grown + have, data, bytes);
    grown[have + bytes] = '\0';
    x->body = grown;
    x->request.body_bytes = have + bytes;
    return true;
}

void ms_exchange_end(struct ms_exchanges *all, struct ms_exchange *x)
{
    if (x->older != NULL)
        x->older->newer = x->newer;
    else
        all->oldest = x->newer;
    if (x->newer != NULL)
        x->newer->older = x->older;
    else
        all->newest = x->older;
    if (x->aside != NULL)
        ms_aside_leave(x->aside);
    ms_import_destroy(x->request.import);
    if (x->job != NULL)
        ms_sql_job_leave(x->job);
    free(x->body);
    free(x);
}

static void cut(struct ms_exchange *x)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        x->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    if (info != NULL)
        shutdown(info->connect_fd, SHUT_RDWR); // it is closed as it runs
}

void ms_exchanges_expire(struct ms_exchanges *all)
{
    uint64_t now = all->oldest != NULL ? ms_clock_monotonic_ns() : 0;

    for (struct ms_exchange *x = all->oldest; x != NULL; x = x->newer)
        if (!x->answered && x->due_ns <= now)
            cut(x);
}

bool ms_exchanges_end_oldest(struct ms_exchanges *all)
{
    struct ms_exchange *x = all->oldest;

    while (x != NULL && x->answered)
        x = x->newer;
    if (x == NULL)
        x = all->oldest;
    if (x == NULL)
        return false;
    cut(x);
    if (x->aside != NULL)
        ms_aside_cancel(x->aside);
    return true;
}
