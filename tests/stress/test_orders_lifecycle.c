// SPDX-License-Identifier: MIT
//
// As test_orders, for the start of the runtime: its files are included, so
// that a process can start more than once.

#include "birth.c"
#include "lifecycle.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "pause.h"
#include "relay.h"

static struct runtime *seen;

static int begin_anew(void **state)
{
    struct runtime *before = live_runtime();

    (void)state;
    // There is not address space enough for many stores.
    if (before != NULL) {
        ms_guard_writer = NULL;
        (void)pthread_setspecific(end_key, NULL);
        ms_store_destroy(&before->store);
    }
    the_runtime = NULL;
    seen = NULL;
    return 0;
}

static void make_the_runtime(void)
{
    bool forked;

    MS_CHECK(get_runtime(&forked) != NULL);
    MS_CHECK(!forked);
}

static void make_it_slowly(void)
{
    bool forked;

    ms_pause_at(MS_PAUSE_MEMORY, 0); // there was none
    struct runtime *r = get_runtime(&forked);
    MS_CHECK(ms_load_relaxed(&r->state) == UNBORN);
}

static void ask_if_off(void)
{
    MS_CHECK(!is_off());
}

static void get_it(void)
{
    bool forked;
    struct runtime *r = get_runtime(&forked);

    MS_CHECK(forked);
    MS_CHECK(ms_load_relaxed(&r->state) == UNBORN);
}

static void ask_if_live(void)
{
    MS_CHECK(live_runtime() == NULL);
}

static void pointer_publishes_the_runtime(void **state) // J
{
    void (*const seconds[])(void) = {ask_if_off, get_it, ask_if_live};

    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        begin_anew(state);
        MS_RELAY(make_the_runtime, seconds[i]);
    }
}

static void overtaken_thread_takes_the_other_runtime(void **state) // J
{
    (void)state;
    MS_RELAY(make_it_slowly, make_the_runtime);
}

static void start_it(void)
{
    bool forked;
    struct runtime *r = get_runtime(&forked);

    start(r, false);
}

static void use_it(void)
{
    struct runtime *r = live_runtime();

    MS_CHECK(r != NULL);
    MS_CHECK(r->store.header->pid == (uint32_t)getpid());
}

static void make_an_event(void)
{
    struct ms_writer *w = ms_guard_enter(MS_HOOK_FRAME);

    MS_CHECK(w != NULL);
    MS_CHECK(w->header->pid == (uint32_t)getpid());
    ms_guard_leave(w);
}

static void state_publishes_the_store(void **state) // L
{
    MS_RELAY(start_it, use_it);
    begin_anew(state);
    MS_RELAY(start_it, make_an_event);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup(f, begin_anew)
    const struct CMUnitTest tests[] = {
        CASE(pointer_publishes_the_runtime),
        CASE(overtaken_thread_takes_the_other_runtime),
        CASE(state_publishes_the_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
