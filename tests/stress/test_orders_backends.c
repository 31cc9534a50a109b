// SPDX-License-Identifier: MIT
//
// As test_orders, for backends that a program registers: one thread registers,
// one has it used, one is in an event.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <memscope.h>

#include "capture/backends/custom.h"
#include "capture/guard.h"
#include "open_writer.h"
#include "platform/atomics.h"
#include "relay.h"
#include "same_memory.h"

static struct ms_store store;
static struct ms_writer *writer;
static int payload; // plain, as what the order publishes

// Each case has a name of its own: what is registered stays.
static _Atomic char letter = 'a';

static int open_all(void **state)
{
    (void)state;
    if (ms_store_create(&store, MS_BACKEND_CORE) != 0)
        return -1;
    ms_same_memory(&store);
    writer = ms_open_writer(&store, 101);
    payload = 0;
    return writer == NULL ? -1 : 0;
}

static int close_all(void **state)
{
    (void)state;
    ms_add_relaxed(&letter, 1);
    ms_same_memory(NULL);
    ms_store_destroy(&store);
    return 0;
}

static void on_alloc(void *context, struct memscope_event *event)
{
    MS_CHECK(*(int *)context == 4711);
    MS_CHECK(event->bytes == 77);
}

static void on_free(void *context, const struct memscope_event *event)
{
    MS_CHECK(*(int *)context == 4711);
    MS_CHECK(event->operation == MEMSCOPE_DEALLOCATION);
}

static void add(void)
{
    const char name[] = {ms_load_relaxed(&letter), '\0'};
    const struct memscope_backend table = {
        .version = MEMSCOPE_BACKEND_VERSION,
        .size = sizeof table,
        .name = name,
        .context = &payload,
        .capture_alloc = on_alloc,
        .capture_dealloc = on_free,
    };

    payload = 4711;
    MS_CHECK(memscope_backend_register(&table) == MEMSCOPE_OK);
}

static void use(void)
{
    const char same[] = {ms_load_relaxed(&letter), '\0'};

    MS_CHECK(memscope_backend_use(same) == MEMSCOPE_OK);
}

static void add_and_use(void)
{
    add();
    use();
}

static void find_another(void)
{
    MS_CHECK(memscope_backend_use("none") == MEMSCOPE_ERROR_NOT_FOUND);
}

static struct ms_event an_event(enum ms_operation operation)
{
    return (struct ms_event){.operation = operation,
                             .address = 0x700001000,
                             .size = 77,
                             .caller = 0x1234};
}

static void allocate(void)
{
    struct ms_event e = an_event(MS_OPERATION_ALLOCATION);

    ms_backend_custom.capture_alloc(writer, &e);
    MS_CHECK(e.stack > MS_NODE_UNKNOWN);
}

static void release(void)
{
    struct ms_event e = an_event(MS_OPERATION_DEALLOCATION);

    ms_backend_custom.capture_dealloc(writer, &e);
}

static void resume(void)
{
    ms_custom_resume(&store);
    MS_CHECK((ms_load_relaxed(&store.header->pulse) & MS_CONTROL_CUSTOM) != 0);
}

static void slot_publishes_its_table(void **state) // Q
{
    (void)state;
    MS_RELAY(add, find_another);
}

static void use_publishes_the_table(void **state) // Q
{
    (void)state;
    MS_RELAY(add, use, allocate);
}

static void a_free_sees_the_table(void **state) // Q
{
    (void)state;
    MS_RELAY(add, use, release);
}

static void a_child_sees_the_table(void **state) // Q
{
    (void)state;
    MS_RELAY(add_and_use, resume);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)
    const struct CMUnitTest tests[] = {
        CASE(slot_publishes_its_table),
        CASE(use_publishes_the_table),
        CASE(a_free_sees_the_table),
        CASE(a_child_sees_the_table),
    };
#undef CASE

    return cmocka_run_group_tests(tests, NULL, NULL);
}
