// SPDX-License-Identifier: MIT
//
// Every kind of message of docs/PROTOCOL.md section 2 is as golden/ has it:
// the page's tests read the same files. What depends on the machine and the
// moment is put in order first. MEMSCOPE_GOLDEN=write writes them anew.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_engine.h"
#include "wire/message.h"
#include "wire/viewer.h"

static struct ms_store store;
static struct ms_writer *writer;
static struct ms_session *session;
static struct ms_server server;
static struct ms_hub hub;
static struct ms_viewer viewer;

// Names whose values are another machine's or another moment's elsewhere.
static const struct {
    const char *name;
    json_int_t value;
} moments[] = {
    {"server", -1},     {"epoch", -2},    {"exe", -3},
    {"command", -3},    {"pid", 4242},    {"start_ms", 1700000000000},
    {"uptime_ms", 200}, {"ts", 200},      {"time_ms", 1700000000200},
    {"time_ns", 0},     {"uptime_ns", 0}, {"peak_time_ns", 0},
    {"store_bytes", 0}, {"stacks", 2},    {"rss_bytes", 1048576},
    {"system", -4},     {"monitor", -4},  {"cores", 2},
};

// The columns of tables that are rates: two each.
enum { TH_RATES = 6, SITE_RATES = 11 };

// A sample's columns that are the machine's.
enum { T_MS = 1, RSS = 9, CPU, SYS_CPU, THREADS, COLUMNS };

static void settle(json_t *at);

static json_t *in_order(json_t *was, json_int_t value)
{
    static const char *const texts[] = {"", "0.1.0", "0123456789abcdef",
                                        "fake"};
    const char *key;
    json_t *part;

    if (json_is_null(was))
        return json_null();
    if (value >= 0)
        return json_integer(value);
    if (value > -4)
        return json_string(texts[-value]);
    json_t *zeros = json_object();
    json_object_foreach(was, key, part) json_object_set_new(
        zeros, key, json_is_boolean(part) ? json_false() : json_integer(0));
    return zeros;
}

static void settle_samples(json_t *rows)
{
    size_t i;
    json_t *row;

    json_array_foreach(rows, i, row)
    {
        assert_int_equal(json_array_size(row), COLUMNS);
        json_int_t seq = json_integer_value(json_array_get(row, 0));
        json_array_set_new(row, T_MS, json_integer(seq * 100));
        json_array_set_new(row, RSS, json_integer(1048576));
        json_array_set_new(row, CPU, json_real(1.5));
        json_array_set_new(row, SYS_CPU, json_integer(20));
        json_array_set_new(row, THREADS, json_integer(1));
    }
}

// Rates are over the time that the test took.
static void settle_rates(json_t *rows, size_t first)
{
    size_t i;
    json_t *row;

    json_array_foreach(rows, i, row)
    {
        json_array_set_new(row, first, json_real(0));
        json_array_set_new(row, first + 1, json_real(0));
    }
}

static void settle_object(json_t *o)
{
    const char *key;
    json_t *part;
    void *next;

    json_object_foreach_safe(o, next, key, part)
    {
        bool known = false;
        for (size_t i = 0; i < sizeof moments / sizeof *moments; i++)
            if (strcmp(moments[i].name, key) == 0) {
                json_object_set_new(o, key, in_order(part, moments[i].value));
                known = true;
                break;
            }
        if (known)
            continue;
        if (strcmp(key, "core") == 0 && json_is_object(part))
            settle_samples(json_object_get(part, "rows"));
        else if (strcmp(key, "th") == 0 && json_is_object(part))
            settle_rates(json_object_get(part, "rows"), TH_RATES);
        else if (strcmp(key, "site") == 0 && json_is_object(part))
            settle_rates(json_object_get(part, "rows"), SITE_RATES);
        else
            settle(part);
    }
}

static void settle(json_t *at)
{
    size_t i;
    json_t *part;

    if (json_is_object(at))
        settle_object(at);
    json_array_foreach(at, i, part) settle(part);
}

// A message may get more fields, as the protocol allows; what golden/ has
// stays as it is.
static bool has_all_of(const json_t *message, json_t *golden)
{
    const char *key;
    json_t *part;
    size_t i;

    if (json_is_object(golden) && json_is_object(message)) {
        json_object_foreach(golden, key, part)
        {
            const json_t *mine = json_object_get(message, key);
            if (mine == NULL || !has_all_of(mine, part))
                return false;
        }
        return true;
    }
    if (!json_is_array(golden) ||
        json_array_size(golden) != json_array_size(message))
        return json_equal(golden, message);
    json_array_foreach(golden, i, part)
    {
        if (!has_all_of(json_array_get(message, i), part))
            return false;
    }
    return true;
}

static void check(const char *name, json_t *message)
{
    char path[512];
    json_error_t error;
    const char *wish = getenv("MEMSCOPE_GOLDEN");

    assert_non_null(message);
    settle(message);
    snprintf(path, sizeof path, "%s/golden/%s.json", MS_TEST_SOURCE_DIR, name);
    if (wish != NULL && strcmp(wish, "write") == 0)
        assert_int_equal(json_dump_file(message, path, JSON_INDENT(1)), 0);
    json_t *golden = json_load_file(path, 0, &error);
    if (golden == NULL)
        fail_msg("%s: %s", path, error.text);
    if (!has_all_of(message, golden))
        fail_msg("%s is now %s", path, json_dumps(message, JSON_INDENT(1)));
    json_decref(golden);
    json_decref(message);
}

static void say(const char *text)
{
    struct ms_verdict verdict = ms_viewer_receive(&viewer, text, strlen(text));

    assert_int_equal(verdict.close_code, 0);
}

static json_t *next(void)
{
    struct ms_verdict verdict;
    struct ms_payload *p = ms_viewer_next(&viewer, &verdict);

    assert_int_equal(verdict.close_code, 0);
    assert_non_null(p);
    json_t *message =
        json_loadb(p->text, p->bytes, JSON_REJECT_DUPLICATES, NULL);
    ms_payload_let_go(p);
    return message;
}

static void allocate(uint64_t address, uint64_t size, uint64_t caller)
{
    ms_store_allocation(writer, address, size,
                        ms_store_stack(&store, caller, 0), false);
}

static void messages_are_as_golden_has_them(void **state)
{
    (void)state;
    ms_hub_init(&hub, &server);
    ms_viewer_init(&viewer, &hub);
    allocate(0x10000, 100, 0x4010);
    allocate(0x10100, 1000, 0x4020);
    assert_true(ms_session_tick(session));
    ms_hub_tick(&hub);
    check("hello", next());
    say("{\"t\":\"sub\",\"sub\":7,\"hz\":10,\"th\":{\"n\":10},"
        "\"site\":{\"sort\":\"live_bytes\",\"order\":\"desc\",\"n\":10},"
        "\"hist\":true}");
    check("full", next());
    say("{\"t\":\"ack\",\"seq\":1}");
    // One site grows, one comes new, one is what it was.
    allocate(0x10200, 2000, 0x4010);
    allocate(0x10300, 30, 0x4030);
    assert_true(ms_session_tick(session));
    ms_hub_tick(&hub);
    check("d", next());
    say("{\"t\":\"cmd\",\"id\":5,\"op\":\"snapshot\",\"name\":\"before\"}");
    check("res", next());
    say("{\"t\":\"cmd\",\"id\":6,\"op\":\"format\"}");
    check("res_failed", next());
    check("hb", ms_message_heartbeat(2, UINT64_C(200000000)));
    check("bye", ms_message_bye("exit"));

    struct ms_session_info info;
    assert_int_equal(ms_engine_session(server.options.engine, 1, &info),
                     MEMSCOPE_OK);
    check("session", ms_message_session(&info));
    ms_viewer_fini(&viewer);
    ms_hub_fini(&hub);
}

static int set_up(void **state)
{
    (void)state;
    return ms_fake_program(&store, &writer, &server.options.engine, &session)
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    (void)state;
    ms_fake_program_end(&store, server.options.engine);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(messages_are_as_golden_has_them, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
