// SPDX-License-Identifier: MIT
// See http_check.h for the contract.

#include "http_check.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http.h"

const char *ms_http_header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

const char *ms_http_header_text(struct MHD_Connection *connection,
                                const char *name)
{
    const char *value = ms_http_header(connection, name);

    return value != NULL ? value : "";
}

static enum MHD_Result count_header(void *arg, enum MHD_ValueKind kind,
                                    const char *name, const char *value)
{
    unsigned *counts = arg;

    (void)kind;
    (void)value;
    counts[0] += strcasecmp(name, "Host") == 0;
    counts[1] += strcasecmp(name, "Origin") == 0;
    counts[2] += strcasecmp(name, "Content-Length") == 0;
    counts[3] += strcasecmp(name, "Transfer-Encoding") == 0;
    return MHD_YES;
}

const char *ms_http_too_long(uint64_t most)
{
    return most == MS_IMPORT_BYTES ? "a snapshot may have 512 MiB"
                                   : "a body may have 65,536 bytes";
}

enum MHD_Result ms_http_check(struct ms_server *server,
                              struct MHD_Connection *connection, uint64_t most,
                              bool *done)
{
    unsigned counts[4] = {0};
    const char *length = ms_http_header(connection, "Content-Length");

    *done = true;
    MHD_get_connection_values(connection, MHD_HEADER_KIND, count_header,
                              counts);
    if (counts[0] != 1 ||
        !ms_access_host(&server->access, ms_http_header(connection, "Host")))
        return ms_http_refuse(
            server, connection, 421,
            "this server is reached as localhost, 127.0.0.1 or "
            "[::1], with its port");
    if (counts[1] > 1 ||
        !ms_access_origin(&server->access,
                          ms_http_header(connection, "Origin")))
        return ms_http_refuse(server, connection, 403,
                              "a foreign page may not ask");
    if (counts[2] > 1 || (counts[2] != 0 && counts[3] != 0))
        return ms_http_refuse(server, connection, 400,
                              "the body has two lengths");
    if (length != NULL &&
        (strlen(length) > 9 || strtoul(length, NULL, 10) > most))
        return ms_http_refuse(server, connection, 413, ms_http_too_long(most));
    *done = false;
    return MHD_YES;
}
