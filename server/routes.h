// SPDX-License-Identifier: MIT
//
// routes: what is answered under which path, without knowing of sockets: a
// request comes in, a reply goes out. Dispatcher thread; handlers that are
// asked aside run on any, several at a time.

#ifndef MS_SERVER_ROUTES_H
#define MS_SERVER_ROUTES_H

#include <jansson.h>

#include "engine/import.h"
#include "engine/render.h"
#include "query.h"
#include "server_private.h"
#include "sql_jobs.h"

struct ms_request {
    struct ms_server *server;
    const char *method;
    const char *path;
    const char *accept_encoding; // "" when there is none
    const char *if_none_match;   // ""
    const char *content_type;    // ""
    const char *accept;          // ""
    struct ms_query query;
    const char *body; // of a POST
    size_t body_bytes;
    struct ms_import *import; // what has become of a body that is read as it
                              // comes; NULL: of another one
    uint64_t id; // the number at the end of the path, where there is one
};

struct ms_reply;
struct ms_aside;

// A handler fills a reply, which is all zeros but for status 200 and head_only.
typedef void ms_handler(struct ms_request *q, struct ms_reply *r);

// An answer that is not ready yet: it is asked for again when it is due.
struct ms_later {
    uint64_t due_ns; // CLOCK_MONOTONIC
    // Fills the reply; or sets due_ns anew and returns false.
    bool (*again)(struct ms_later *later, struct ms_reply *reply);
    void (*drop)(struct ms_later *later); // frees it
};

// What goes out: at most one of json, stats, text, made, stream, job, aside.
struct ms_reply {
    unsigned status;
    bool head_only;           // given: the answer is to a HEAD
    const char *content_type; // static
    json_t *json;             // owned
    struct ms_stats *stats; // owned: to be rendered, unless that of its tag is
                            // at hand
    const void *text;       // static
    size_t text_bytes;      // of text; of made once it is settled
    char *made;             // owned: a terminated text
    bool settled;           // by reply_text.h
    bool failed;            // out of memory
    struct ms_render_stream *stream; // owned
    struct ms_sql_job *job;          // owned: the answer is still to be made
    struct ms_aside *aside;          // owned: the text comes from there
    ms_handler *ask;                // asks it aside; then nothing else is there
    const struct ms_snapshot *held; // released when it has been sent
    const char *encoding;           // static, or NULL
    const char *etag;               // static, or `tag`, or NULL
    char tag[48];
    const char *allow;       // static, or NULL
    const char *vary;        // static, or NULL: Accept-Encoding
    struct ms_later *later;  // owned; then nothing else is filled in
    const char *policy;      // what the page may do; NULL: as the dashboard
    const char *challenge;   // static, or NULL
    const char *retry_after; // static, or NULL
    char cookie[256];        // "" for none
    char location[64];       // "" for none
    char disposition[96];    // "" for none
};

// ms_routes_import says whether a request's body is a snapshot, which may be
// long, and is read as it comes.
bool ms_routes_import(const char *method, const char *path);

// ms_routes_answer fills a reply, with an error object where need be; or it
// names the handler that is to be asked aside.
void ms_routes_answer(struct ms_request *request, struct ms_reply *reply);

// ms_routes_name is the path of route `number`, as endpoints.h counts them;
// NULL: there is no such one.
const char *ms_routes_name(unsigned number);
// The two that are no routes: what was refused or not found, and the page.
#define MS_ROUTE_NONE 0u
#define MS_ROUTE_PAGE 1u

// ms_reply_error makes it an error of docs/PROTOCOL.md.
void ms_reply_error(struct ms_reply *reply, unsigned status,
                    const char *message);

// ms_reply_json takes the object over; NULL becomes a 500.
void ms_reply_json(struct ms_reply *reply, json_t *object);

// ms_reply_status turns a status of the engine into an error.
void ms_reply_status(struct ms_reply *reply, enum memscope_status status);

// The handlers.
void ms_handle_status(struct ms_request *q, struct ms_reply *r);
void ms_handle_metrics(struct ms_request *q, struct ms_reply *r);
void ms_handle_sessions(struct ms_request *q, struct ms_reply *r);
void ms_handle_stats(struct ms_request *q, struct ms_reply *r);
void ms_handle_threads(struct ms_request *q, struct ms_reply *r);
void ms_handle_sites(struct ms_request *q, struct ms_reply *r);
void ms_handle_site(struct ms_request *q, struct ms_reply *r);
void ms_handle_thread(struct ms_request *q, struct ms_reply *r);
void ms_handle_matrix(struct ms_request *q, struct ms_reply *r);
void ms_handle_history(struct ms_request *q, struct ms_reply *r);
void ms_handle_histograms(struct ms_request *q, struct ms_reply *r);
void ms_handle_modules(struct ms_request *q, struct ms_reply *r);
void ms_handle_mappings(struct ms_request *q, struct ms_reply *r);
void ms_handle_tasks(struct ms_request *q, struct ms_reply *r);
void ms_handle_types(struct ms_request *q, struct ms_reply *r);
void ms_handle_marks(struct ms_request *q, struct ms_reply *r);
void ms_handle_allocations(struct ms_request *q, struct ms_reply *r);
void ms_handle_export(struct ms_request *q, struct ms_reply *r);
void ms_handle_pprof_heap(struct ms_request *q, struct ms_reply *r);
void ms_handle_pprof_allocs(struct ms_request *q, struct ms_reply *r);
void ms_handle_source(struct ms_request *q, struct ms_reply *r);
void ms_handle_flame(struct ms_request *q, struct ms_reply *r);
void ms_handle_analysis(struct ms_request *q, struct ms_reply *r);
void ms_handle_leaks(struct ms_request *q, struct ms_reply *r);
void ms_handle_fragmentation(struct ms_request *q, struct ms_reply *r);
void ms_handle_leak_report(struct ms_request *q, struct ms_reply *r);
void ms_handle_leak_scan(struct ms_request *q, struct ms_reply *r);
void ms_handle_control(struct ms_request *q, struct ms_reply *r);
void ms_handle_snapshot_take(struct ms_request *q, struct ms_reply *r);
void ms_handle_snapshot_import(struct ms_request *q, struct ms_reply *r);
void ms_handle_snapshot_list(struct ms_request *q, struct ms_reply *r);
void ms_handle_snapshot_get(struct ms_request *q, struct ms_reply *r);
void ms_handle_changes(struct ms_request *q, struct ms_reply *r);
void ms_handle_diff(struct ms_request *q, struct ms_reply *r);
void ms_handle_snapshot_delete(struct ms_request *q, struct ms_reply *r);

void ms_handle_queries(struct ms_request *q, struct ms_reply *r);
void ms_handle_query(struct ms_request *q, struct ms_reply *r);

// ms_render_monitor: the server's own cost, for status and viewers alike.
json_t *ms_render_monitor(struct ms_server *server);

struct ms_window_sums;
// ms_render_sums: of all rows of a table that match, for both alike.
json_t *ms_render_sums(const struct ms_window_sums *sums);

#endif
