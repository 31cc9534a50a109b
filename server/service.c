// SPDX-License-Identifier: MIT
// See service.h for the contract.

#include "service.h"

#include "http.h"
#include "server/log.h"
#include "ws.h"

static enum memscope_status begin(struct ms_server *s)
{
    enum memscope_status status = ms_ws_create(s, &s->ws);

    if (status != MEMSCOPE_OK)
        return status;
    status = ms_http_create(s, &s->http);
    if (status != MEMSCOPE_OK) {
        ms_ws_destroy(s->ws);
        s->ws = NULL;
    }
    return status;
}

bool ms_service_begin(struct ms_server *s)
{
    char why[MS_SERVER_WHY_BYTES];

    if (s->options.load != NULL && !s->options.load(why, sizeof why)) {
        ms_log_warning("no page: %s", why);
        return false;
    }
    enum memscope_status status = begin(s);
    if (status != MEMSCOPE_OK)
        ms_log_warning("no page: %s", memscope_strerror(status));
    return status == MEMSCOPE_OK;
}

void ms_service_end(struct ms_server *s)
{
    if (s->http != NULL)
        ms_http_destroy(s->http);
    if (s->ws != NULL)
        ms_ws_destroy(s->ws);
    s->http = NULL;
    s->ws = NULL;
}
