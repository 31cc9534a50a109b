// SPDX-License-Identifier: MIT
//
// handlers_snapshots: taking, listing, giving out and deleting snapshots.

#include <stdio.h>

#include "engine/snapshot.h"
#include "routes.h"
#include "whole.h"

static void reply_new(struct ms_request *q, struct ms_reply *r,
                      const struct ms_snapshot *snapshot)
{
    r->status = 201;
    snprintf(r->location, sizeof r->location, "/api/v1/snapshots/%u",
             snapshot->id);
    ms_reply_json(r, ms_render_snapshot_head(snapshot));
    ms_snapshot_release(q->server->options.engine, snapshot);
}

void ms_handle_snapshot_take(struct ms_request *q, struct ms_reply *r)
{
    const struct ms_snapshot *snapshot;
    json_error_t error;
    const char *name = "";
    json_int_t session = 0;
    json_t *body =
        json_loadb(q->body, q->body_bytes, JSON_REJECT_DUPLICATES, &error);

    if (!json_is_object(body) ||
        json_unpack_ex(body, &error, 0, "{s?s,s?I!}", "name", &name, "session",
                       &session) != 0 ||
        session < 0 || session > UINT32_MAX) {
        json_decref(body);
        ms_reply_error(r, 400,
                       "the body is an object with a name and a session");
        return;
    }
    enum memscope_status status = ms_snapshot_take(
        q->server->options.engine, (uint32_t)session, name, &snapshot);
    json_decref(body);
    if (status != MEMSCOPE_OK) {
        ms_reply_status(r, status);
        return;
    }
    reply_new(q, r, snapshot);
}

void ms_handle_snapshot_import(struct ms_request *q, struct ms_reply *r)
{
    const struct ms_snapshot *snapshot;
    enum memscope_status status =
        q->import != NULL ? ms_import_end(q->import) : MEMSCOPE_ERROR_MEMORY;

    if (status == MEMSCOPE_ERROR_LIMIT) {
        ms_reply_error(r, 413, ms_import_error(q->import));
        return;
    }
    if (status == MEMSCOPE_ERROR_FORMAT) {
        ms_reply_error(r, 400, ms_import_error(q->import));
        return;
    }
    if (status == MEMSCOPE_OK)
        status =
            ms_import_adopt(q->import, q->server->options.engine, &snapshot);
    if (status != MEMSCOPE_OK) {
        ms_reply_status(r, status);
        return;
    }
    reply_new(q, r, snapshot);
}

void ms_handle_snapshot_list(struct ms_request *q, struct ms_reply *r)
{
    const struct ms_snapshot *all[MS_SNAPSHOT_LIMIT];
    size_t n =
        ms_snapshot_list(q->server->options.engine, all, MS_SNAPSHOT_LIMIT);
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++) {
        json_array_append_new(list, ms_render_snapshot_head(all[i]));
        ms_snapshot_release(q->server->options.engine, all[i]);
    }
    ms_reply_json(r, json_pack("{s:o}", "snapshots", list));
}

void ms_handle_snapshot_get(struct ms_request *q, struct ms_reply *r)
{
    const struct ms_snapshot *snapshot =
        ms_snapshot_acquire(q->server->options.engine, (uint32_t)q->id);

    if (snapshot == NULL) {
        ms_reply_status(r, MEMSCOPE_ERROR_NOT_FOUND);
        return;
    }
    ms_reply_whole(q, r, snapshot, MS_WHOLE_JSON);
}

void ms_handle_snapshot_delete(struct ms_request *q, struct ms_reply *r)
{
    enum memscope_status status =
        ms_snapshot_delete(q->server->options.engine, (uint32_t)q->id);

    if (status != MEMSCOPE_OK)
        ms_reply_status(r, status);
    else
        r->status = 204;
}
