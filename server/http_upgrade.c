// SPDX-License-Identifier: MIT
// See http_upgrade.h for the contract.

#include "http_upgrade.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "head.h"
#include "http_check.h"
#include "ws.h"

#define LINE "GET /ws HTTP/1.1\r\n"

struct text {
    char *to;
    size_t bytes, room;
    bool whole;
};

static enum MHD_Result add_header(void *arg, enum MHD_ValueKind kind,
                                  const char *name, const char *value)
{
    struct text *t = arg;
    int n = snprintf(t->to + t->bytes, t->room - t->bytes, "%s: %s\r\n", name,
                     value);

    (void)kind;
    if (n < 0 || (size_t)n >= t->room - t->bytes) {
        t->whole = false;
        return MHD_NO;
    }
    t->bytes += (size_t)n;
    return MHD_YES;
}

// The head again, as it came, so that it is held to what heads are held to
// that the dispatcher sees.
static bool is_good(struct ms_server *server, struct MHD_Connection *connection,
                    const struct ms_caller *caller)
{
    struct text t = {.room = MS_HEAD_BYTES + sizeof LINE, .whole = true};
    bool good = false;

    t.to = malloc(t.room);
    if (t.to == NULL)
        return false;
    memcpy(t.to, LINE, sizeof LINE - 1);
    t.bytes = sizeof LINE - 1;
    MHD_get_connection_values(connection, MHD_HEADER_KIND, add_header, &t);
    if (t.whole && t.room - t.bytes > 2) {
        memcpy(t.to + t.bytes, "\r\n", 2);
        good = ms_head_classify(&server->access, caller, t.to, t.bytes + 2,
                                false) == MS_HEAD_WEBSOCKET;
    }
    free(t.to);
    return good;
}

// What libwebsockets has to know: it takes no more than MS_WS_HEAD_BYTES.
static bool write_head(struct MHD_Connection *connection,
                       char head[MS_WS_HEAD_BYTES])
{
    static const char *const names[] = {"Host", "Upgrade", "Connection",
                                        "Sec-WebSocket-Key",
                                        "Sec-WebSocket-Version"};
    struct text t = {head, sizeof LINE - 1, MS_WS_HEAD_BYTES, true};

    memcpy(head, LINE, sizeof LINE);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = ms_http_header(connection, names[i]);
        if (value == NULL)
            return false;
        add_header(&t, MHD_HEADER_KIND, names[i], value);
    }
    add_header(&t, MHD_HEADER_KIND, "Sec-WebSocket-Protocol", "memscope.v1");
    if (!t.whole || t.room - t.bytes < 3)
        return false;
    memcpy(head + t.bytes, "\r\n", 3);
    return true;
}

bool ms_http_upgrade(struct ms_server *server,
                     struct MHD_Connection *connection,
                     const struct ms_caller *caller)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    char head[MS_WS_HEAD_BYTES];

    // A body would be taken for frames.
    if (info == NULL || ms_http_header(connection, "Content-Length") != NULL ||
        ms_http_header(connection, "Transfer-Encoding") != NULL ||
        MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, NULL,
                                  NULL) != 0 ||
        !is_good(server, connection, caller) || !ms_ws_has_room(server->ws) ||
        !write_head(connection, head))
        return false;
    // libmicrohttpd lets go of a connection by closing its descriptor. It does
    // not shut it down before (MHD_USE_TURBO): another one keeps it open.
    int fd = fcntl(info->connect_fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return false;
    ms_ws_add(server->ws, fd, head);
    return true;
}
