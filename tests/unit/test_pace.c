// SPDX-License-Identifier: MIT
//
// When sessions are ticked: while somebody looks, and while nobody does.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine_private.h"
#include "fake_engine.h"
#include "pace.h"
#include "platform/atomics.h"
#include "platform/clock.h"
#include "runtime/control.h"
#include "runtime/store.h"

#define MS UINT64_C(1000000)
#define BEAT (100 * MS)

static struct ms_store store;
static struct ms_engine *engine;
static struct ms_session *session;
static struct ms_pace pace;

static int begin(void **state)
{
    (void)state;
    if (ms_store_create(&store, MS_BACKEND_CORE) != 0)
        return -1;
    engine = ms_fake_engine(dup(store.fd), &session);
    if (engine == NULL)
        return -1;
    ms_pace_init(&pace, BEAT);
    return 0;
}

static int end(void **state)
{
    (void)state;
    ms_fake_engine_destroy(engine);
    ms_store_destroy(&store);
    return 0;
}

// The session is so old, and its last tick was then.
static void be(uint64_t age_ns, uint64_t ticked_before_ns)
{
    session->reader.head.start_ns = ms_clock_monotonic_ns() - age_ns;
    session->ticked_ns = age_ns - ticked_before_ns;
}

static bool wants(bool due, bool rests)
{
    struct ms_beat b = {.due = due, .rests = rests, .heeds = true};

    return ms_pace_wants(&b, session);
}

static void where_nobody_looks_ticks_rest(void **state)
{
    (void)state;

    be(60000 * MS, 300 * MS);
    assert_false(wants(true, true));
    be(60000 * MS, 600 * MS);
    assert_true(wants(true, true));
    // A young one is read more often.
    be(2000 * MS, 100 * MS);
    assert_false(wants(true, true));
    be(2000 * MS, 300 * MS);
    assert_true(wants(true, true));
}

static void where_somebody_looks_they_do_not(void **state)
{
    (void)state;

    be(60000 * MS, 100 * MS);
    assert_true(wants(true, false));
    assert_false(wants(false, false)); // the budget's word is the last
}

static void with_a_budget_they_do_not(void **state)
{
    (void)state;

    be(60000 * MS, 100 * MS);
    session->governor.order.budget = 1;
    assert_true(wants(true, true));
}

static void who_looks_is_asked_for(void **state)
{
    (void)state;

    assert_true(ms_pace_begin(&pace, engine).rests);
    engine->attended_ns = ms_clock_monotonic_ns() + 60000 * MS;
    assert_false(ms_pace_begin(&pace, engine).rests);
    engine->attended_ns = 0;
    engine->triggers.count = 1;
    assert_false(ms_pace_begin(&pace, engine).rests);
    engine->triggers.count = 0;
}

static void what_cannot_wait_does_not(void **state)
{
    (void)state;
    struct ms_segment_header *live = session->reader.live;

    be(60000 * MS, 100 * MS);
    assert_false(wants(false, true));
    ms_store_relaxed(&live->exit_hold, MS_HOLD_ASKED);
    assert_true(wants(false, true));
    ms_store_relaxed(&live->exit_hold, MS_HOLD_SERVED);
    assert_false(wants(false, true));

    ms_add_relaxed(&store.annotations->moment_counts[MS_MOMENT_SNAPSHOT], 1u);
    assert_true(wants(false, true));
    assert_false(wants(false, true)); // once for each
    ms_add_relaxed(&store.annotations->moment_counts[MS_MOMENT_MARK], 1u);
    assert_false(wants(false, true));

    uint32_t capacity = session->reader.head.mapping_capacity;
    ms_store_relaxed(&live->mapping_head, capacity / 4);
    assert_false(wants(false, true));
    ms_store_relaxed(&live->mapping_head, capacity / 4 + 1);
    assert_true(wants(false, true));
    ms_store_relaxed(&live->mapping_head, 0);
    assert_false(wants(false, true));

    assert_true(ms_pace_begin(&pace, engine).heeds);
    engine->cost.last_tick_ns = 60000 * MS;
    assert_false(ms_pace_begin(&pace, engine).heeds);
    session->gone_ns = 1;
    assert_false(ms_pace_wants(&(struct ms_beat){.rests = true}, session));
    assert_true(wants(false, true));
}

static void beats_move_the_clocks_on(void **state)
{
    (void)state;
    uint64_t pulse = ms_load_relaxed(&store.header->pulse);

    be(60000 * MS, 100 * MS);
    assert_false(wants(false, true));
    assert_int_equal(ms_load_relaxed(&store.header->pulse),
                     pulse + MS_PULSE_TICK);
}

static void beats_go_on_while_a_tick_is_paid_off(void **state)
{
    (void)state;

    struct ms_beat b = ms_pace_begin(&pace, engine);
    assert_true(b.due);
    pace.budget.left_ns = -MS_TICK_MOST_OWED_NS;
    uint64_t next = ms_pace_end(&pace, engine, &b, true);
    assert_in_range(next, b.begin_ns + 1, b.begin_ns + BEAT);
    assert_true(pace.due_ns > b.begin_ns + 5000 * MS);
    assert_false(ms_pace_begin(&pace, engine).due);
    // Who comes meanwhile is not kept waiting.
    engine->hurry = true;
    assert_true(ms_pace_begin(&pace, engine).due);
    assert_false(engine->hurry);
}

static void beats_without_a_tick_are_none(void **state)
{
    (void)state;
    uint64_t ticks = engine->cost.ticks;
    struct ms_beat b = ms_pace_begin(&pace, engine);

    (void)ms_pace_end(&pace, engine, &b, false);
    assert_int_equal(engine->cost.ticks, ticks);
    assert_int_equal(pace.due_ns, b.begin_ns + BEAT);
    (void)ms_pace_end(&pace, engine, &b, true);
    assert_int_equal(engine->cost.ticks, ticks + 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(where_nobody_looks_ticks_rest),
        TEST(where_somebody_looks_they_do_not),
        TEST(with_a_budget_they_do_not),
        TEST(who_looks_is_asked_for),
        TEST(what_cannot_wait_does_not),
        TEST(beats_move_the_clocks_on),
        TEST(beats_go_on_while_a_tick_is_paid_off),
        TEST(beats_without_a_tick_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
