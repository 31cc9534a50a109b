// SPDX-License-Identifier: MIT
// See server/server.h for the contract.

#include "server_private.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admission.h"
#include "dispatcher.h"
#include "listener.h"
#include "platform/clock.h"
#include "server/log.h"
#include "service.h"

#define CLIENTS_DEFAULT 64

static void say(struct ms_server *s, const char *event)
{
    struct ms_log_line line;

    if (!ms_log_begin(&line, MS_LOG_INFO, event))
        return;
    ms_log_text(&line, "version", memscope_version());
    ms_log_text(&line, "url", s->url);
    ms_log_number(&line, "pid", (uint64_t)getpid());
    ms_log_number(&line, "requests", atomic_load(&s->requests));
    ms_log_number(&line, "messages", atomic_load(&s->messages));
    ms_log_end(&line);
}

enum memscope_status ms_server_create(const struct ms_server_options *options,
                                      struct ms_server **out)
{
    struct ms_server *s;
    char why[MS_SERVER_WHY_BYTES] = "";

    *out = NULL;
    s = calloc(1, sizeof *s);
    if (s == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    s->options = *options;
    if (s->options.max_clients == 0)
        s->options.max_clients = CLIENTS_DEFAULT;
    s->start_ns = ms_clock_monotonic_ns();
    s->peers = -1;
    enum memscope_status status =
        s->options.listening ? MEMSCOPE_OK : ms_server_listen(&s->options, why);
    if (status != MEMSCOPE_OK)
        goto fail;
    memcpy(s->listeners, s->options.listeners, sizeof s->listeners);
    status = ms_admission_prepare(s, why);
    if (status != MEMSCOPE_OK)
        goto fail_listener;
    status = ms_dispatcher_start(s);
    if (status != MEMSCOPE_OK)
        goto fail_listener;
    *out = s;
    say(s, "server.begin");
    return MEMSCOPE_OK;

fail_listener:
    ms_admission_end(s);
    ms_listener_close(s);
fail:
    // A port that is taken can be tried again elsewhere, in silence.
    if (why[0] != '\0' && status != MEMSCOPE_ERROR_PORT_TAKEN)
        ms_log_warning("%s", why);
    free(s);
    return status;
}

void ms_server_stop(struct ms_server *s)
{
    if (s == NULL)
        return;
    ms_dispatcher_stop(s);
    ms_listener_close(s);
    ms_service_end(s);
    ms_admission_end(s);
    say(s, "server.end");
    free(s);
}

const char *ms_server_url(const struct ms_server *s)
{
    return s->url;
}

const char *ms_server_entry(const struct ms_server *s)
{
    return s->entry;
}

uint16_t ms_server_port(const struct ms_server *s)
{
    return s->access.port;
}
