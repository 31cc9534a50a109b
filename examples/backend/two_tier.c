// SPDX-License-Identifier: MIT
//
// two_tier: a capture backend of one's own. Large blocks are worth a whole call
// stack, and a scope by which to find them; for the many small ones the caller
// is enough. It is a library to be loaded under any program:
//
//   cc -shared -fPIC $(pkg-config --cflags memscope) -o t.so two_tier.c
//   export LD_PRELOAD=$PWD/t.so
//   memscope run --backend custom:two_tier -- sqlite3 my.db
//
// or, as well, a source file of a program that is linked with memscope.

#include <memscope.h>
#include <stdlib.h>

#define LARGE 4096

// Without memscope in the process there is nothing to register with.
#pragma weak memscope_backend_register

static void on_alloc(void *context, struct memscope_event *event)
{
    const size_t *large = context;

    if (event->bytes < *large)
        return; // as it is: booked at its caller
    event->stack = MEMSCOPE_STACK_WHOLE;
    event->scope = "large blocks";
}

__attribute__((constructor)) static void register_two_tier(void)
{
    static size_t large = LARGE;
    static const struct memscope_backend two_tier = {
        .version = MEMSCOPE_BACKEND_VERSION,
        .size = sizeof two_tier,
        .name = "two_tier",
        .context = &large,
        .capture_alloc = on_alloc,
    };
    const char *bytes = getenv("TWO_TIER_BYTES");

    if (bytes != NULL)
        large = strtoull(bytes, NULL, 10);
    // What can go wrong is a table that is wrong, and this one is not.
    if (memscope_backend_register != NULL)
        (void)!memscope_backend_register(&two_tier);
}
