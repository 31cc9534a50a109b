// SPDX-License-Identifier: MIT
//
// memscope_backend.h: a capture backend of the program's own. Part of
// memscope.h; do not include it alone.
//
// A backend says under which stack, task and scope an allocation is booked. The
// built-in ones are `core` (the immediate caller), `lockfree` (the whole call
// stack), `async` and `unified` (the same with its context). A program that
// knows better registers a table of functions:
//
//   static void on_alloc(void *context, struct memscope_event *event)
//   {
//       event->stack = event->bytes >= 4096 ? MEMSCOPE_STACK_WHOLE
//                                           : MEMSCOPE_STACK_CALLER;
//   }
//   static const struct memscope_backend mine = {
//       .version = MEMSCOPE_BACKEND_VERSION, .size = sizeof mine,
//       .name = "mine", .capture_alloc = on_alloc};
//   memscope_backend_register(&mine);
//
// It is used when `memscope run --backend custom:mine` (or `custom`: whichever
// is registered first) or MEMSCOPE_BACKEND in the environment asks for it, or
// the program itself does, by memscope_backend_use or memscope_options. Until
// then, and for mapped memory always, the backend that the program was started
// with does the work. The numbers are measured by memscope whatever it does: a
// backend decides where they are shown, not what they are.
//
// With MEMSCOPE_DISABLE nothing can be registered: MEMSCOPE_ERROR_UNSUPPORTED.

#ifndef MEMSCOPE_BACKEND_H
#define MEMSCOPE_BACKEND_H

#include <stddef.h>
#include <stdint.h>

#define MEMSCOPE_BACKEND_VERSION 1u
#define MEMSCOPE_BACKEND_NAME 31u // bytes of a name, at most
#define MEMSCOPE_BACKENDS 8u      // registered in a process, at most

enum memscope_operation {
    MEMSCOPE_ALLOCATION = 1,
    MEMSCOPE_DEALLOCATION = 2,
    MEMSCOPE_REALLOCATION = 3,
};

enum memscope_stack {
    MEMSCOPE_STACK_CALLER = 0, // the function that allocates; the cheapest
    MEMSCOPE_STACK_WHOLE,      // the whole call stack, found by memscope
    MEMSCOPE_STACK_FRAMES,     // `frames`, as filled in
    MEMSCOPE_STACK_NONE,       // the block is not booked; nor is its free,
                               // which counts as one of an unknown block
};

// memscope_event: one event. It lives for the length of the call.
struct memscope_event {
    uint32_t size;      // sizeof(struct memscope_event) of the library
    uint32_t operation; // enum memscope_operation
    const void *block;
    size_t bytes;       // as requested; of a free: of the block, 0 if unknown
    const void *caller; // return address of the call of malloc, free, ...
    uint64_t time_ns;   // CLOCK_MONOTONIC, up to some milliseconds old
    uint32_t thread;    // the kernel's number of the calling thread

    // To be filled in by capture_alloc and capture_realloc; zero as given.
    uint32_t stack;      // enum memscope_stack
    const void **frames; // room for return addresses, innermost first
    uint32_t frame_room; // how many there may be
    uint32_t depth;      // how many there are
    uint32_t task;       // a memscope_task; 0: the one that the thread is in
    uint32_t reserved;
    const char *scope; // inside the thread's scopes; NULL: no other one
};

// memscope_backend: the table. Whatever is not used must be zero. It is copied
// by memscope_backend_register; its functions and context must stay for the
// life of the process.
//
// The functions are called by the thread that allocates, in the middle of its
// malloc or free, at any time, also in a signal handler and also by several
// threads at once. So they must take no lock, wait for nothing, make no system
// call that can block, and neither throw nor jump out. An allocation that one
// of them makes is made, but not booked (counted as an event inside an event);
// of memscope's functions they may call memscope_strerror and memscope_version.
struct memscope_backend {
    uint32_t version; // MEMSCOPE_BACKEND_VERSION
    uint32_t size;    // sizeof(struct memscope_backend)
    const char *name; // letters, digits, '_', '-' and '.'
    void *context;    // handed to each function
    // A block was given. Must be there.
    void (*capture_alloc)(void *context, struct memscope_event *event);
    // A block is given back. NULL: nobody is told.
    void (*capture_dealloc)(void *context, const struct memscope_event *event);
    // A block was given by realloc. NULL: capture_alloc is called.
    void (*capture_realloc)(void *context, struct memscope_event *event);
    uint64_t reserved[8];
};

#ifndef MEMSCOPE_DISABLE

// memscope_backend_check says in English what is wrong with a table, as
// memscope_backend_register would judge it; NULL: nothing. Any thread; waits
// for nothing; the string is static.
MEMSCOPE_API const char *
memscope_backend_check(const struct memscope_backend *table);

// memscope_backend_register makes a backend known, and uses it at once when the
// environment asks for it. Any thread; waits for nothing; not in a signal
// handler. Returns MEMSCOPE_ERROR_ARGUMENT for a table that is wrong (see
// memscope_backend_check), MEMSCOPE_ERROR_UNSUPPORTED for one of a later
// version, MEMSCOPE_ERROR_STATE when the name is taken, MEMSCOPE_ERROR_LIMIT
// when there are MEMSCOPE_BACKENDS already. Nothing is registered then.
MEMSCOPE_API enum memscope_status memscope_backend_register(
    const struct memscope_backend *table) MEMSCOPE_MUST_CHECK;

// memscope_backend_use has every thread use a registered backend from its next
// event on, in forked children too. Another one may follow; there is no way
// back to a built-in one. Any thread; waits for nothing. Returns
// MEMSCOPE_ERROR_NOT_FOUND when no backend of that name is registered.
MEMSCOPE_API enum memscope_status
memscope_backend_use(const char *name) MEMSCOPE_MUST_CHECK;

#else

static inline const char *
memscope_backend_check(const struct memscope_backend *table)
{
    (void)table;
    return "memscope is not built in";
}
static inline enum memscope_status
memscope_backend_register(const struct memscope_backend *table)
{
    (void)table;
    return MEMSCOPE_ERROR_UNSUPPORTED;
}
static inline enum memscope_status memscope_backend_use(const char *name)
{
    (void)name;
    return MEMSCOPE_ERROR_UNSUPPORTED;
}

#endif
#endif
