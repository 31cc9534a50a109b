// SPDX-License-Identifier: MIT
//
// One case per ordered access of the frees of what is no block, as in
// test_orders: what the thread that frees must know of others, and what the
// analyzer reads of what it has found.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "analysis/analyzers.h"
#include "annotate/notes.h"
#include "capture/wrong_free.h"
#include "engine_private.h"
#include "fake_engine.h"
#include "open_writer.h"
#include "platform/atomics.h"
#include "relay.h"
#include "runtime/annotations.h"
#include "same_memory.h"
#include "store/first_free.h"
#include "store/modules.h"

#define BLOCK UINT64_C(0x700001000)

static struct ms_store store;
static struct ms_engine *engine;
static struct ms_session *session;
static struct ms_writer *writer; // of the thread that frees
static int payload;              // plain, as what the order publishes

static struct ms_writer *open_writer(uint32_t tid)
{
    return ms_open_writer(&store, tid);
}

static int open_all(void **state)
{
    (void)state;
    if (ms_store_create(&store, MS_BACKEND_CORE) != 0)
        return -1;
    ms_same_memory(&store);
    engine = ms_fake_engine(dup(store.fd), &session);
    writer = open_writer(101);
    payload = 0;
    return engine == NULL || writer == NULL ? -1 : 0;
}

static int close_all(void **state)
{
    (void)state;
    ms_fake_engine_destroy(engine);
    ms_same_memory(NULL);
    ms_store_destroy(&store);
    return 0;
}

// As a hook does.
#define ENTER() (writer->entered = (uintptr_t)__builtin_frame_address(0))

static void meet_libc(void)
{
    MS_CHECK(ms_modules_find(&store, (uintptr_t)&strlen) == 1);
}

static void free_in_libc(void)
{
    ENTER();
    ms_wrong_free(writer, (const void *)(uintptr_t)&strlen);
    MS_CHECK(ms_load_relaxed(
                 &store.annotations->moment_counts[MS_MOMENT_FREED_NO_BLOCK]) ==
             1);
}

static void count_publishes_modules(void **state) // E
{
    (void)state;
    MS_RELAY(meet_libc, free_in_libc);
}

static void free_as_another_thread(void)
{
    struct ms_writer *w = open_writer(102);

    ms_store_allocation(w, BLOCK, 1077, ms_store_stack(&store, 0x1234, 0),
                        false);
    struct ms_taken taken = ms_store_take(w, BLOCK);
    ms_store_deallocation(w, BLOCK, &taken, false);
}

static void look_for_who_has_freed(void)
{
    MS_CHECK(ms_first_free_find(writer, BLOCK).thread == 2);
}

static void list_publishes_writers(void **state) // H
{
    (void)state;
    MS_RELAY(free_as_another_thread, look_for_who_has_freed);
}

static void free_what_is_no_block(void)
{
    const struct ms_first_free none = {0};

    ENTER();
    payload = 4711;
    ms_moment_add_free(writer, MS_MOMENT_FREED_NO_BLOCK, BLOCK, &none);
}

static void look_for_wrong_frees(void)
{
    struct ms_finding found[MS_FINDINGS_MOST];
    struct ms_findings f = {
        .session = session, .now = &session->stats[0], .items = found};

    ms_analyze_invalid_frees(&f);
    MS_CHECK(f.count == 1);
    MS_CHECK(payload == 4711);
}

static void seq_publishes_wrong_frees(void **state) // W
{
    (void)state;
    ms_session_tick(session); // the thread is known
    MS_RELAY(free_what_is_no_block, look_for_wrong_frees);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)
    const struct CMUnitTest tests[] = {
        CASE(count_publishes_modules),
        CASE(list_publishes_writers),
        CASE(seq_publishes_wrong_frees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
