// SPDX-License-Identifier: MIT
//
// Any body of a POST; its first byte chooses the path. The answer is JSON, an
// error where the status says so, and nothing is left of it but what was asked
// for.

#include "harness.h"

#include <string.h>

#include "fake_engine.h"
#include "routes.h"

static struct ms_server server;
static struct ms_session *session;

static void begin(void)
{
    static struct ms_store store;
    struct ms_writer *writer;
    struct ms_engine *engine;

    FUZZ_CHECK(ms_fake_program(&store, &writer, &engine, &session));
    ms_store_allocation(writer, 0x10000, 97, ms_store_stack(&store, 0x4000, 0),
                        false);
    (void)ms_session_tick(session);
    // There is no process to be scanned: for whoever asks, it is busy.
    session->scan.report.state = MS_SCAN_RUNNING;
    server.options.engine = engine;
    FUZZ_CHECK(ms_sql_jobs_create(&server, &server.sql_jobs) == MEMSCOPE_OK);
}

static void check_error(const json_t *json)
{
    const json_t *error = json_object_get(json, "error");
    const char *code = json_string_value(json_object_get(error, "code"));
    const char *message = json_string_value(json_object_get(error, "message"));

    FUZZ_CHECK(code != NULL && code[0] != '\0');
    FUZZ_CHECK(message != NULL && message[0] != '\0');
}

static void check_reply(struct ms_reply *r)
{
    FUZZ_CHECK((r->json != NULL) != (r->job != NULL));
    FUZZ_CHECK(r->text == NULL && r->made == NULL && r->stream == NULL);
    FUZZ_CHECK(r->later == NULL && r->held == NULL);
    if (r->job != NULL) {
        ms_sql_job_leave(r->job);
        return;
    }
    char *text = json_dumps(r->json, 0);
    FUZZ_CHECK(text != NULL);
    free(text);
    if (r->status >= 400)
        check_error(r->json);
    // A good body is refused for what the session is, never by a 500.
    FUZZ_CHECK(r->status == 0 || r->status == 200 || r->status == 201 ||
               r->status == 400 || r->status == 404 || r->status == 409);
    json_decref(r->json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const paths[] = {"/api/v1/control", "/api/v1/leakscan",
                                        "/api/v1/query", "/api/v1/snapshots"};

    if (server.options.engine == NULL)
        begin();
    if (size == 0)
        return 0;
    struct ms_engine *engine = server.options.engine;
    struct ms_reply reply = {0};
    struct ms_request request = {
        .server = &server,
        .method = "POST",
        .path = paths[data[0] % (sizeof paths / sizeof *paths)],
        .content_type = "application/json",
        .body = (const char *)data + 1,
        .body_bytes = size - 1,
    };
    uint32_t refs = session->refs;
    ms_routes_answer(&request, &reply);
    if (reply.ask != NULL) {
        FUZZ_CHECK(reply.json == NULL && reply.job == NULL);
        ms_handler *ask = reply.ask;
        reply = (struct ms_reply){0};
        ask(&request, &reply);
    }
    FUZZ_CHECK(engine->snapshot_count == (reply.status == 201));
    check_reply(&reply);
    while (engine->snapshot_count > 0)
        FUZZ_CHECK(
            ms_snapshot_delete(engine, engine->snapshots[0]->snapshot.id) ==
            MEMSCOPE_OK);
    FUZZ_CHECK(session->refs == refs);
    return 0;
}
