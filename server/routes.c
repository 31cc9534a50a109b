// SPDX-License-Identifier: MIT
// See routes.h for the contract.

#include "routes.h"

#include <string.h>
#include <strings.h>

#include "assets.h"
#include "kept.h"
#include "ws.h"

static void handle_openapi(struct ms_request *q, struct ms_reply *r)
{
    if (!ms_assets_file("openapi.json", q, r))
        ms_reply_error(r, 500, "the description was not built in");
}

static void handle_upgrade(struct ms_request *q, struct ms_reply *r)
{
    struct ms_server *s = q->server;

    if (!ms_ws_has_room(s->ws))
        ms_reply_error(r, 503, "there are as many viewers as may be");
    else
        ms_reply_error(r, 426,
                       "this is for WebSocket, subprotocol memscope.v1");
}

#define SESSION "session"
static const struct route {
    const char *path; // ends with '/': a number follows
    void (*get)(struct ms_request *, struct ms_reply *);
    void (*post)(struct ms_request *, struct ms_reply *);
    void (*delete)(struct ms_request *, struct ms_reply *);
    const char *parameters[14]; // that GET knows
} routes[] = {
    {"/ws", handle_upgrade, NULL, NULL, {NULL}},
    {"/api/v1/status", ms_handle_status, NULL, NULL, {NULL}},
    {"/metrics", ms_handle_metrics, NULL, NULL, {"sites", "threads", NULL}},
    {"/api/v1/sessions", ms_handle_sessions, NULL, NULL, {NULL}},
    {"/api/v1/stats",
     ms_handle_stats,
     NULL,
     NULL,
     {SESSION, "seq", "at", NULL}},
    {"/api/v1/threads",
     ms_handle_threads,
     NULL,
     NULL,
     {SESSION, "sort", "order", "limit", "offset", "q", "min", "threads", "at",
      "seq", "from", "to", NULL}},
    {"/api/v1/sites",
     ms_handle_sites,
     NULL,
     NULL,
     {SESSION, "sort", "order", "limit", "offset", "q", "min", "module", "at",
      "seq", "from", "to", NULL}},
    {"/api/v1/sites/",
     ms_handle_site,
     NULL,
     NULL,
     {SESSION, "at", "seq", "from", "to", NULL}},
    {"/api/v1/matrix", ms_handle_matrix, NULL, NULL, {SESSION, "limit", NULL}},
    {"/api/v1/threads/", ms_handle_thread, NULL, NULL, {SESSION, NULL}},
    {"/api/v1/history",
     ms_handle_history,
     NULL,
     NULL,
     {SESSION, "step", "since", NULL}},
    {"/api/v1/histograms",
     ms_handle_histograms,
     NULL,
     NULL,
     {SESSION, "at", "seq", NULL}},
    {"/api/v1/modules", ms_handle_modules, NULL, NULL, {SESSION, NULL}},
    {"/api/v1/mappings", ms_handle_mappings, NULL, NULL, {SESSION, NULL}},
    {"/api/v1/tasks", ms_handle_tasks, NULL, NULL, {SESSION, NULL}},
    {"/api/v1/types", ms_handle_types, NULL, NULL, {SESSION, NULL}},
    {"/api/v1/marks", ms_handle_marks, NULL, NULL, {SESSION, NULL}},
    {"/api/v1/allocations", ms_handle_allocations, NULL, NULL, {SESSION, NULL}},
    {"/debug/pprof/heap",
     ms_handle_pprof_heap,
     NULL,
     NULL,
     {SESSION, "seconds", NULL}},
    {"/debug/pprof/allocs",
     ms_handle_pprof_allocs,
     NULL,
     NULL,
     {SESSION, "seconds", NULL}},
    {"/api/v1/export",
     ms_handle_export,
     NULL,
     NULL,
     {SESSION, "format", "snapshot", "weight", NULL}},
    {"/api/v1/flame",
     ms_handle_flame,
     NULL,
     NULL,
     {SESSION, "weight", "at", "from", "to", "by", "order", "min", NULL}},
    {"/api/v1/source",
     ms_handle_source,
     NULL,
     NULL,
     {SESSION, "module", "file", "line", "context", NULL}},
    {"/api/v1/analysis",
     ms_handle_analysis,
     NULL,
     NULL,
     {SESSION, "analyzer", NULL}},
    {"/api/v1/leaks", ms_handle_leaks, NULL, NULL, {SESSION, NULL}},
    {"/api/v1/fragmentation",
     ms_handle_fragmentation,
     NULL,
     NULL,
     {SESSION, NULL}},
    {"/api/v1/leakscan",
     ms_handle_leak_report,
     ms_handle_leak_scan,
     NULL,
     {SESSION, NULL}},
    {"/api/v1/control", NULL, ms_handle_control, NULL, {NULL}},
    {"/api/v1/queries", ms_handle_queries, NULL, NULL, {NULL}},
    {"/api/v1/query", NULL, ms_handle_query, NULL, {NULL}},
    {"/api/v1/snapshots",
     ms_handle_snapshot_list,
     ms_handle_snapshot_take,
     NULL,
     {NULL}},
    {"/api/v1/snapshots/import", NULL, ms_handle_snapshot_import, NULL, {NULL}},
    {"/api/v1/snapshots/",
     ms_handle_snapshot_get,
     NULL,
     ms_handle_snapshot_delete,
     {NULL}},
    {"/api/v1/changes",
     ms_handle_changes,
     NULL,
     NULL,
     {SESSION, "epoch", "since", NULL}},
    {"/api/v1/diff",
     ms_handle_diff,
     NULL,
     NULL,
     {SESSION, "a", "b", "limit", "offset", NULL}},
    {"/api/v1/openapi.json", handle_openapi, NULL, NULL, {NULL}},
};

// What may take long, because of how much there is: it is asked aside. What the
// others need is the dispatcher's, or at hand.
static ms_handler *const asides[] = {
    ms_handle_threads,       ms_handle_sites,
    ms_handle_site,          ms_handle_thread,
    ms_handle_matrix,        ms_handle_history,
    ms_handle_histograms,    ms_handle_modules,
    ms_handle_mappings,      ms_handle_tasks,
    ms_handle_types,         ms_handle_marks,
    ms_handle_allocations,   ms_handle_pprof_heap,
    ms_handle_pprof_allocs,  ms_handle_export,
    ms_handle_flame,         ms_handle_source,
    ms_handle_analysis,      ms_handle_leaks,
    ms_handle_fragmentation, ms_handle_leak_report,
    ms_handle_snapshot_take, ms_handle_snapshot_import,
    ms_handle_snapshot_get,  ms_handle_snapshot_delete,
    ms_handle_changes,       ms_handle_diff,
};

// Has a request handled, here or aside.
static void handle(struct ms_request *q, struct ms_reply *r,
                   ms_handler *handler)
{
    // Of the past, a tick has to be put together again.
    bool aside = handler == ms_handle_stats &&
                 ms_query_text(&q->query, "at", NULL) != NULL;

    for (size_t i = 0; i < sizeof asides / sizeof *asides; i++)
        aside |= asides[i] == handler;
    if (aside)
        r->ask = handler;
    else
        handler(q, r);
}

#define ROUTES (sizeof routes / sizeof *routes)
_Static_assert(ROUTES + 2 <= MS_ENDPOINTS_MOST, "each is counted");

const char *ms_routes_name(unsigned number)
{
    if (number == MS_ROUTE_NONE)
        return "none";
    if (number == MS_ROUTE_PAGE)
        return "page";
    return number - 2 < ROUTES ? routes[number - 2].path : NULL;
}

static bool parse_id(const char *text, uint64_t *id)
{
    uint64_t n = 0;

    if (*text == '\0' || strlen(text) > 9)
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return false;
        n = n * 10 + (uint64_t)(*text - '0');
    }
    *id = n;
    return true;
}

static const struct route *find(struct ms_request *q)
{
    for (size_t i = 0; i < ROUTES; i++) {
        const char *path = routes[i].path;
        size_t n = strlen(path);
        if (path[n - 1] != '/' && strcmp(path, q->path) == 0)
            return &routes[i];
        if (path[n - 1] == '/' && strncmp(path, q->path, n) == 0 &&
            parse_id(q->path + n, &q->id))
            return &routes[i];
    }
    return NULL;
}

void ms_reply_error(struct ms_reply *r, unsigned status, const char *message)
{
    static const struct {
        unsigned status;
        const char *code;
    } codes[] = {
        {400, "bad_request"},        {401, "unauthorized"},
        {403, "forbidden"},          {404, "not_found"},
        {405, "method_not_allowed"}, {409, "conflict"},
        {413, "too_large"},          {414, "uri_too_long"},
        {415, "bad_media_type"},     {421, "misdirected"},
        {426, "upgrade_required"},   {429, "limit"},
        {431, "header_too_large"},   {500, "internal"},
        {503, "unavailable"},
    };
    const char *code = "internal";

    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].status == status)
            code = codes[i].code;
    r->status = status;
    r->content_type = "application/json";
    r->json =
        json_pack("{s:{s:s,s:s}}", "error", "code", code, "message", message);
}

void ms_reply_json(struct ms_reply *r, json_t *object)
{
    if (object == NULL) {
        ms_reply_error(r, 500, "out of memory");
        return;
    }
    r->content_type = "application/json";
    r->json = object;
}

static void reply_not_kept(struct ms_reply *r, const char *why)
{
    r->status = 409;
    ms_reply_json(r, json_pack("{s:{s:s,s:s}}", "error", "code", "not_kept",
                               "message", why));
}

void ms_reply_status(struct ms_reply *r, enum memscope_status status)
{
    switch (status) {
    case MEMSCOPE_ERROR_NOT_FOUND:
        ms_reply_error(r, 404,
                       "there is no such session, snapshot, moment or row");
        break;
    case MEMSCOPE_ERROR_ARGUMENT:
        ms_reply_error(r, 400, "the name is too long, or no text");
        break;
    case MEMSCOPE_ERROR_LIMIT:
        ms_reply_error(r, 429, "there are as many snapshots as may be");
        break;
    case MEMSCOPE_ERROR_STATE:
        ms_reply_error(r, 409, "nothing has been captured yet");
        break;
    default:
        ms_reply_error(r, 500, memscope_strerror(status));
    }
}

static void allow(struct ms_reply *r, const struct route *route)
{
    r->allow = route == NULL           ? "GET, HEAD"
               : route->get == NULL    ? "POST"
               : route->post != NULL   ? "GET, HEAD, POST"
               : route->delete != NULL ? "GET, HEAD, DELETE"
                                       : "GET, HEAD";
    ms_reply_error(r, 405, "this method is not for this path");
}

static bool is_json(const char *content_type)
{
    static const char json[] = "application/json";
    size_t n = sizeof json - 1;

    return strncasecmp(content_type, json, n) == 0 &&
           (content_type[n] == '\0' || content_type[n] == ';' ||
            content_type[n] == ' ');
}

bool ms_routes_import(const char *method, const char *path)
{
    return strcmp(method, "POST") == 0 &&
           strcmp(path, "/api/v1/snapshots/import") == 0;
}

void ms_routes_answer(struct ms_request *q, struct ms_reply *r)
{
    const struct route *route = find(q);
    bool get = strcmp(q->method, "GET") == 0 || strcmp(q->method, "HEAD") == 0;
    bool post = strcmp(q->method, "POST") == 0;
    bool delete = strcmp(q->method, "DELETE") == 0;

    if (route == NULL) {
        if (!ms_assets_answer(q, r)) {
            ms_reply_error(r, 404, "there is nothing under this path");
            return;
        }
        q->server->endpoints.route = MS_ROUTE_PAGE;
        if (!get) {
            *r = (struct ms_reply){0}; // nothing of the page's part
            allow(r, NULL);
        }
        return;
    }
    q->server->endpoints.route = (unsigned)(route - routes) + 2;
    if (!(get && route->get != NULL) && !(post && route->post != NULL) &&
        !(delete &&route->delete != NULL)) {
        allow(r, route);
        return;
    }
    if ((post || delete) && !is_json(q->content_type)) {
        ms_reply_error(r, 415, "Content-Type must be application/json");
        return;
    }
    if (!get && q->server->options.read_only &&
        route->post != ms_handle_query) {
        ms_reply_error(r, 403, "this server is read-only");
        return;
    }
    static const char *const none[] = {NULL};
    if (q->query.bad ||
        !ms_query_only(&q->query, get ? route->parameters : none)) {
        ms_reply_error(r, 400,
                       "a parameter is unknown, too long or given "
                       "twice");
        return;
    }
    const char *missing = get ? ms_kept_why_not(q) : NULL;
    if (missing != NULL)
        reply_not_kept(r, missing);
    else
        handle(q, r, get ? route->get : post ? route->post : route->delete);
}
