// SPDX-License-Identifier: MIT
//
// Any text as a query, of a session and of a snapshot: it is answered or
// refused, within its limits; the answer is JSON that holds together, and
// nothing has changed.

#include "harness.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <jansson.h>

#include "engine/sql_json.h"
#include "fake_engine.h"
#include "runtime/store.h"

#define TIME_NS UINT64_C(50000000)
#define CPU_SECONDS_MOST                                                       \
    8.0 // with sanitizers, and much that is not the query's
#define ROWS_MOST 60u

static struct ms_store store;
static struct ms_session *session;
static struct ms_engine *engine;
static uint64_t live_bytes;
static uint32_t refs;

static bool nobody_is_gone(uint32_t tid)
{
    (void)tid;
    return false;
}

static void set_up(void)
{
    static const uint64_t name[2] = {UINT64_C(0x22273b3a), 0}; // hostile
    struct ms_writer *writer;

    FUZZ_CHECK(ms_store_create(&store, MS_BACKEND_CORE) == 0);
    writer = ms_store_writer_open(&store, 101, name, nobody_is_gone);
    for (uint64_t i = 1; i <= 40; i++) {
        uint32_t caller = ms_store_stack(&store, 0x1000 * (i % 3 + 1), 0);
        uint32_t stack = ms_store_stack(&store, 0x100000 + i % 7, caller);
        ms_store_allocation(writer, 0x10000 * i, i * i, stack, false);
        live_bytes += i * i;
    }
    engine = ms_fake_engine(dup(store.fd), &session);
    FUZZ_CHECK(engine != NULL);
    (void)ms_session_tick(session);
    (void)ms_session_tick(session);
    const struct ms_snapshot *snapshot;
    FUZZ_CHECK(ms_snapshot_take(engine, 1, NULL, &snapshot) == MEMSCOPE_OK);
    FUZZ_CHECK(snapshot->id == 1);
    ms_snapshot_release(engine, snapshot);
    refs = session->refs;
    FUZZ_CHECK(session->model.heap.alloc_bytes_total == live_bytes);
}

static double cpu_seconds(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void check_json(const struct ms_sql_json *text, size_t columns,
                       size_t rows)
{
    json_error_t error;
    json_t *o = json_loadb(text->text, text->bytes, JSON_ALLOW_NUL, &error);
    json_t *list = json_object_get(o, "rows");

    FUZZ_CHECK(!text->failed && json_is_object(o));
    FUZZ_CHECK(json_array_size(json_object_get(o, "columns")) == columns);
    FUZZ_CHECK(json_array_size(list) == rows);
    for (size_t i = 0; i < rows; i++)
        FUZZ_CHECK(json_array_size(json_array_get(list, i)) == columns);
    json_decref(o);
}

static void check_error(const struct ms_sql_error *error, size_t size)
{
    struct ms_sql_json text = {0};
    json_error_t wrong;

    FUZZ_CHECK(error->code != NULL && error->message[0] != '\0');
    FUZZ_CHECK(error->offset >= -1 && error->offset <= (int)size);
    ms_sql_json_error(&text, error);
    json_t *o = json_loadb(text.text, text.bytes, 0, &wrong);
    FUZZ_CHECK(json_is_object(json_object_get(o, "error")));
    json_decref(o);
    ms_sql_json_fini(&text);
}

static void run(const char *sql, size_t size, uint32_t snapshot)
{
    struct ms_sql_request request = {
        .sql = sql,
        .snapshot = snapshot,
        .limits = {TIME_NS, ROWS_MOST, 4 << 20},
    };
    struct ms_sql_json text = {0};
    struct ms_sql_error error = {0};
    struct ms_sql *q;
    size_t rows = 0;

    if (!ms_sql_open(engine, &request, &q, &error)) {
        check_error(&error, size);
        return;
    }
    enum ms_sql_step step = ms_sql_step(q, &error);
    ms_sql_json_head(&text, q, step == MS_SQL_ROW);
    for (; step == MS_SQL_ROW; step = ms_sql_step(q, &error)) {
        ms_sql_json_row(&text, q);
        FUZZ_CHECK(++rows <= ROWS_MOST);
    }
    bool failed = step == MS_SQL_FAILED;
    if (failed)
        check_error(&error, size);
    ms_sql_json_tail(&text, ms_sql_truncated(q), 1, failed ? &error : NULL);
    check_json(&text, ms_sql_column_count(q), rows);
    ms_sql_json_fini(&text);
    ms_sql_close(q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    double before = cpu_seconds();
    char *sql = malloc(size + 1);

    if (engine == NULL)
        set_up();
    FUZZ_CHECK(sql != NULL);
    memcpy(sql, data, size);
    sql[size] = '\0';
    run(sql, size, 0);
    run(sql, size, 1);
    free(sql);
    FUZZ_CHECK(cpu_seconds() - before < CPU_SECONDS_MOST);
    FUZZ_CHECK(session->refs == refs);
    FUZZ_CHECK(session->model.heap.alloc_bytes_total == live_bytes);
    return 0;
}
