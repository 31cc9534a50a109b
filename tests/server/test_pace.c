// SPDX-License-Identifier: MIT
//
// When a viewer is due: by the time of the ticks, not by that of its own turn
// among a thousand.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_engine.h"
#include "wire/viewer.h"

#define TICK_NS UINT64_C(100000000)

static struct ms_store store;
static struct ms_writer *writer;
static struct ms_session *session;
static struct ms_server server;
static struct ms_hub hub;
static struct ms_viewer viewer;

static void tick(void)
{
    uint64_t before = hub.tick_ns;

    (void)ms_session_tick(session);
    ms_hub_tick(&hub);
    hub.tick_ns = before + TICK_NS;
}

static void receive(const char *text)
{
    assert_int_equal(ms_viewer_receive(&viewer, text, strlen(text)).close_code,
                     0);
}

// Sends what there is, and gives whether that was a picture.
static bool send_next(void)
{
    struct ms_verdict verdict;
    uint64_t seq = viewer.seq;

    ms_payload_let_go(ms_viewer_next(&viewer, &verdict));
    assert_int_equal(verdict.close_code, 0);
    return viewer.seq != seq;
}

static void acknowledge(void)
{
    receive("{\"t\":\"ack\",\"seq\":1000000}");
}

static int begin(void **state)
{
    (void)state;
    if (!ms_fake_program(&store, &writer, &server.options.engine, &session))
        return 1;
    ms_hub_init(&hub, &server);
    tick();
    ms_viewer_init(&viewer, &hub);
    (void)send_next(); // the hello
    return 0;
}

static int end(void **state)
{
    (void)state;
    ms_viewer_fini(&viewer);
    ms_hub_fini(&hub);
    ms_fake_program_end(&store, server.options.engine);
    return 0;
}

static void a_late_turn_does_not_cost_the_next_tick(void **state)
{
    (void)state;
    receive("{\"t\":\"sub\",\"hz\":10}");
    for (int i = 0; i < 5; i++) {
        // All ticks but their times pass at once: its turn has just been.
        assert_true(ms_viewer_due(&viewer));
        assert_true(send_next());
        acknowledge();
        assert_false(ms_viewer_due(&viewer));
        tick();
    }
}

static void of_five_ticks_one_is_for_whom_two_a_second_are_enough(void **state)
{
    (void)state;
    receive("{\"t\":\"sub\",\"hz\":2}");
    assert_true(send_next());
    acknowledge();
    for (int i = 1; i <= 10; i++) {
        tick();
        assert_int_equal(ms_viewer_due(&viewer), i % 5 == 0);
        if (i % 5 == 0) {
            assert_true(send_next());
            acknowledge();
        }
    }
}

static void it_is_abreast_when_it_has_painted_all(void **state)
{
    (void)state;
    assert_false(ms_viewer_is_abreast(&viewer)); // it has asked for nothing
    receive("{\"t\":\"sub\",\"hz\":10}");
    assert_true(ms_viewer_is_abreast(&viewer));
    assert_true(send_next());
    assert_false(ms_viewer_is_abreast(&viewer));
    acknowledge();
    assert_true(ms_viewer_is_abreast(&viewer));
    receive("{\"t\":\"cmd\",\"id\":1,\"op\":\"none\"}");
    assert_false(ms_viewer_is_abreast(&viewer)); // an answer is on its way
    (void)send_next();
    assert_true(ms_viewer_is_abreast(&viewer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_late_turn_does_not_cost_the_next_tick,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            of_five_ticks_one_is_for_whom_two_a_second_are_enough, begin, end),
        cmocka_unit_test_setup_teardown(it_is_abreast_when_it_has_painted_all,
                                        begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
