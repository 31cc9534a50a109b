// SPDX-License-Identifier: MIT
//
// handlers_control: how much is captured, changed while the program runs.

#include <string.h>

#include "engine/control.h"
#include "routes.h"

static bool read_mode(const char *name, enum ms_capture_mode *mode)
{
    for (int i = MS_CAPTURE_EXACT; i <= MS_CAPTURE_OFF; i++)
        if (strcmp(name, ms_capture_mode_name((enum ms_capture_mode)i)) == 0) {
            *mode = (enum ms_capture_mode)i;
            return true;
        }
    return false;
}

static bool read_order(const json_t *body, struct ms_capture_order *order,
                       uint32_t *session)
{
    const char *mode = NULL;
    json_int_t interval = 0, id = 0;
    json_error_t error;

    if (!json_is_object(body) ||
        json_unpack_ex((json_t *)body, &error, 0, "{s:s,s?I,s?F,s?I!}", "mode",
                       &mode, "interval", &interval, "budget", &order->budget,
                       "session", &id) != 0 ||
        interval < 0 || id < 0 || id > UINT32_MAX ||
        !read_mode(mode, &order->mode))
        return false;
    order->interval = (uint64_t)interval;
    *session = (uint32_t)id;
    return true;
}

void ms_handle_control(struct ms_request *q, struct ms_reply *r)
{
    struct ms_capture_order order = {0}, now;
    enum memscope_status status = MEMSCOPE_ERROR_ARGUMENT;
    uint32_t session;
    json_error_t error;
    json_t *body =
        json_loadb(q->body, q->body_bytes, JSON_REJECT_DUPLICATES, &error);

    if (read_order(body, &order, &session))
        status =
            ms_engine_control(q->server->options.engine, session, &order, &now);
    json_decref(body);
    if (status == MEMSCOPE_ERROR_ARGUMENT)
        ms_reply_error(r, 400,
                       "the body is an object with a mode (exact, sampled or "
                       "off), and perhaps interval (bytes), budget (per cent) "
                       "and session");
    else if (status == MEMSCOPE_ERROR_STATE)
        ms_reply_error(r, 409, "the program has ended");
    else if (status != MEMSCOPE_OK)
        ms_reply_status(r, status);
    else
        ms_reply_json(r, json_pack("{s:s,s:I,s:f}", "mode",
                                   ms_capture_mode_name(now.mode), "interval",
                                   (json_int_t)now.interval, "budget",
                                   now.budget));
}
