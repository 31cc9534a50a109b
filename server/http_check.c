// SPDX-License-Identifier: MIT
// See http_check.h for the contract.

#include "http_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "assets.h"
#include "head.h"
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

// Headers that must not be there twice.
enum once { HOST, ORIGIN, LENGTH, CODING, AUTHORIZATION, COOKIE, ONCE };

static enum MHD_Result count_header(void *arg, enum MHD_ValueKind kind,
                                    const char *name, const char *value)
{
    static const char *const names[ONCE] = {
        "Host",          "Origin", "Content-Length", "Transfer-Encoding",
        "Authorization", "Cookie"};
    unsigned *counts = arg;

    (void)kind;
    (void)value;
    for (size_t i = 0; i < ONCE; i++)
        counts[i] += strcasecmp(name, names[i]) == 0;
    return MHD_YES;
}

const char *ms_http_too_long(uint64_t most)
{
    return most == MS_IMPORT_BYTES ? "a snapshot may have 512 MiB"
                                   : "a body may have 65,536 bytes";
}

static bool is_api(const char *path)
{
    return strncmp(path, "/api/", 5) == 0 || strncmp(path, "/debug/", 7) == 0 ||
           strcmp(path, "/metrics") == 0 || strcmp(path, "/ws") == 0;
}

// Whoever may not come in is told what would let it in: people on a page.
static enum MHD_Result turn_away(struct ms_server *server,
                                 struct MHD_Connection *connection,
                                 const struct ms_http_asked *asked,
                                 enum ms_entry entry)
{
    static const char policy[] = "default-src 'none'; style-src "
                                 "'unsafe-inline'; form-action 'self'; "
                                 "base-uri 'none'; frame-ancestors 'none'";
    struct ms_reply r = {.head_only = strcmp(asked->method, "HEAD") == 0};
    struct ms_request q = {.accept_encoding = "", .if_none_match = ""};
    unsigned status = entry == MS_ENTRY_REFUSED     ? 403
                      : entry == MS_ENTRY_TOO_OFTEN ? 429
                                                    : 401;
    bool people =
        !is_api(asked->path) &&
        strstr(ms_http_header_text(connection, "Accept"), "text/html") != NULL;

    if (people &&
        ms_assets_file(status == 403 ? "forbidden.html" : "token.html", &q,
                       &r)) {
        r.etag = NULL;
        r.status = status;
        r.policy = policy;
    } else {
        ms_reply_error(
            &r, status,
            status == 403   ? "this server answers the user who runs it, and "
                              "root"
            : status == 401 ? "a token is needed: ?token= or Authorization: "
                              "Bearer"
                            : "too many wrong tokens: try again in a second");
    }
    r.challenge = status == 401 ? "Bearer realm=\"memscope\"" : NULL;
    r.retry_after = status == 429 ? "1" : NULL;
    return ms_http_reply(server, connection, &r);
}

// The same page without the token, relative to wherever it is: a proxy may
// have it under another path.
static enum MHD_Result redirect(struct ms_server *server,
                                struct MHD_Connection *connection,
                                const struct ms_http_asked *asked,
                                enum ms_entry entry)
{
    const char *last = strrchr(asked->path, '/');
    struct ms_reply r = {.status = 303, .text = "", .content_type = NULL};

    snprintf(r.location, sizeof r.location, "./%s",
             last != NULL && ms_assets_has(asked->path) ? last + 1 : "");
    if (entry == MS_ENTRY_TOKEN)
        snprintf(r.cookie, sizeof r.cookie, "%s=%s; HttpOnly; SameSite=Strict",
                 server->access.cookie_name, server->access.cookie.text);
    return ms_http_reply(server, connection, &r);
}

// Whether it may come in. *done: it was answered.
static enum MHD_Result check_entry(struct ms_server *server,
                                   struct MHD_Connection *connection,
                                   const struct ms_http_asked *asked,
                                   enum ms_host host, bool *done)
{
    bool get = strcmp(asked->method, "GET") == 0;
    bool reads = get || strcmp(asked->method, "HEAD") == 0;
    struct ms_credentials c = {
        .token = reads ? MHD_lookup_connection_value(
                             connection, MHD_GET_ARGUMENT_KIND, MS_HTTP_TOKEN)
                       : NULL,
        .authorization = ms_http_header(connection, "Authorization"),
        .cookies = ms_http_header(connection, "Cookie"),
    };
    enum ms_entry entry =
        ms_access_entry(&server->access, asked->caller, host, &c);

    *done = true;
    if (entry < MS_ENTRY_KNOWN)
        return turn_away(server, connection, asked, entry);
    if (get && c.token != NULL && !is_api(asked->path))
        return redirect(server, connection, asked, entry);
    *done = false;
    return MHD_YES;
}

enum MHD_Result ms_http_check(struct ms_server *server,
                              struct MHD_Connection *connection,
                              const struct ms_http_asked *asked, bool *done)
{
    unsigned counts[ONCE] = {0};
    const char *length = ms_http_header(connection, "Content-Length");
    const char *coding = ms_http_header(connection, "Transfer-Encoding");
    const char *host = ms_http_header(connection, "Host");
    enum ms_host kind = ms_access_host(&server->access, asked->caller, host);

    *done = true;
    MHD_get_connection_values(connection, MHD_HEADER_KIND, count_header,
                              counts);
    if (counts[HOST] != 1 || kind == MS_HOST_FOREIGN)
        return ms_http_refuse(
            server, connection, 421,
            "this server is reached as localhost, 127.0.0.1 or [::1], with its "
            "port, at its address, or as a host that --allow-host names");
    if (counts[ORIGIN] > 1 ||
        !ms_access_origin(&server->access, asked->caller, host,
                          ms_http_header(connection, "Origin")))
        return ms_http_refuse(server, connection, 403,
                              "a foreign page may not ask");
    if (counts[AUTHORIZATION] > 1 || counts[COOKIE] > 1)
        return ms_http_refuse(server, connection, 400,
                              "a header is there twice");
    enum MHD_Result result = check_entry(server, connection, asked, kind, done);
    if (*done)
        return result;
    *done = true;
    if (counts[LENGTH] > 1 || (counts[LENGTH] != 0 && counts[CODING] != 0) ||
        counts[CODING] > 1)
        return ms_http_refuse(server, connection, 400,
                              "the body has two lengths");
    if (coding != NULL && strcasecmp(coding, "chunked") != 0)
        return ms_http_refuse(server, connection, 400,
                              "a body comes chunked or as it is");
    if (length != NULL && strtoul(length, NULL, 10) > asked->most)
        return ms_http_refuse(server, connection, 413,
                              ms_http_too_long(asked->most));
    *done = false;
    return MHD_YES;
}

unsigned ms_http_judge_head(struct MHD_Connection *connection,
                            const char *method, const char *version)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

    if (info == NULL)
        return 400;
    if (info->header_size > MS_HEAD_BYTES)
        return 431;
    if (version < method || version > method + info->header_size)
        return 400;
    if ((size_t)(version - method) + strlen(version) > MS_HEAD_LINE_BYTES)
        return 414;
    return ms_head_is_clean(method, version, info->header_size) ? 0 : 400;
}

enum MHD_Result ms_http_refuse_head(struct ms_server *server,
                                    struct MHD_Connection *connection,
                                    unsigned status)
{
    return ms_http_refuse(
        server, connection, status,
        status == 431   ? "the head of a request may have 16,384 bytes"
        : status == 414 ? "the first line of a request may have 8,192 bytes"
                        : "this is no request of HTTP");
}
