// SPDX-License-Identifier: MIT
// See listener.h for the contract.

#include "listener.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "admission.h"
#include "platform/environment.h"

// 0, or what to return.
static enum memscope_status open_port(struct ms_server_options *o, char *why)
{
    struct ms_listen wanted = {
        .port =
            o->port == 0 && !o->port_fixed ? MS_SERVER_DEFAULT_PORT : o->port,
        .fixed = o->port_fixed,
        .address = o->bind,
    };
    int error = ms_listen_open(&wanted, o->listeners, &o->port);

    if (error == 0)
        return MEMSCOPE_OK;
    if (error == EADDRINUSE)
        snprintf(why, MS_SERVER_WHY_BYTES, "port %u is in use", wanted.port);
    else
        snprintf(why, MS_SERVER_WHY_BYTES, "%s: %s",
                 o->bind != NULL ? o->bind : "localhost", strerror(error));
    return error == EADDRINUSE ? MEMSCOPE_ERROR_PORT_TAKEN
                               : MEMSCOPE_ERROR_SYSTEM;
}

static enum memscope_status open_local(struct ms_server_options *o, char *why)
{
    int error = ms_listen_local(o->unix_path, &o->listeners[MS_LISTENER_LOCAL]);

    if (error == 0)
        return MEMSCOPE_OK;
    snprintf(why, MS_SERVER_WHY_BYTES, "%s: %s", o->unix_path,
             error == EADDRINUSE     ? "another process listens there"
             : error == EEXIST       ? "it is there, and is no socket"
             : error == ENAMETOOLONG ? "the path is longer than a socket's can "
                                       "be"
                                     : strerror(error));
    return error == EADDRINUSE ? MEMSCOPE_ERROR_PORT_TAKEN
                               : MEMSCOPE_ERROR_SYSTEM;
}

enum memscope_status ms_server_listen(struct ms_server_options *o,
                                      char why[MS_SERVER_WHY_BYTES])
{
    enum memscope_status status = ms_admission_check(o, why);

    for (size_t i = 0; i < MS_LISTENERS; i++)
        o->listeners[i] = -1;
    if (status == MEMSCOPE_OK && !o->unix_only)
        status = open_port(o, why);
    if (status == MEMSCOPE_OK && o->unix_path != NULL)
        status = open_local(o, why);
    if (status == MEMSCOPE_OK && o->unix_only)
        o->port = 0;
    o->listening = status == MEMSCOPE_OK;
    if (!o->listening)
        ms_listen_close(o->listeners);
    return status;
}

void ms_server_environment(struct ms_server_options *o)
{
    const char *read_only = ms_environment("MEMSCOPE_READ_ONLY");
    const char *path = ms_environment("MEMSCOPE_UNIX");

    if (o->unix_path == NULL && path != NULL) {
        o->unix_path = path;
        o->unix_only = !o->port_fixed && o->bind == NULL;
    }
    if (o->bind == NULL)
        o->bind = ms_environment("MEMSCOPE_BIND");
    if (o->token_file == NULL)
        o->token_file = ms_environment("MEMSCOPE_TOKEN_FILE");
    if (o->allow_hosts == NULL)
        o->allow_hosts = ms_environment("MEMSCOPE_ALLOW_HOSTS");
    o->read_only |= read_only != NULL && strcmp(read_only, "1") == 0;
}

void ms_listener_close(struct ms_server *s)
{
    ms_listen_close(s->listeners);
}
