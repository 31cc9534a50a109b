// SPDX-License-Identifier: MIT
// See birth.h for the contract.

#include "birth.h"

#include <pthread.h>

#include "capture/guard.h"
#include "platform/thread.h"

static pthread_key_t end_key;
static bool have_end_key;

static void thread_ends(void *writer)
{
    struct ms_writer *w = writer;
    uint64_t name[2];

    if (w->state == MS_WRITER_NONE) // a forked child's copy
        return;
    // Whoever ends in the middle of an event leaves something half written.
    if (w->state == MS_WRITER_BUSY && w->unwinder != NULL)
        ms_unwinder_distrust(w->unwinder);
    ms_thread_name(name);
    ms_store_writer_close(w, name);
}

void ms_births_begin(void)
{
    if (!have_end_key)
        have_end_key = pthread_key_create(&end_key, thread_ends) == 0;
}

// What the backend needs of the thread. False: memory could not be had.
static bool give_unwinder(struct ms_store *s, struct ms_rules *rules,
                          struct ms_writer *w)
{
    const struct ms_backend *backend = ms_backend_now();

    if (backend->capture_dealloc != NULL)
        w->tells = true;
    if (!backend->needs_unwinder)
        return true;
    if (backend->capture_alloc != ms_backend_whole_stack)
        w->asks = true;
    // Mappings that come and go with every thread cost more than its life.
    if (w->unwinder != NULL)
        ms_unwinder_renew(w->unwinder, w->stack_low, w->stack_high);
    else
        w->unwinder = ms_unwinder_create(s, rules, w->stack_low, w->stack_high);
    return w->unwinder != NULL;
}

struct ms_writer *ms_birth(struct ms_store *s, struct ms_rules *rules,
                           uint64_t here)
{
    uint64_t name[2];

    ms_thread_name(name);
    struct ms_writer *w =
        ms_store_writer_open(s, ms_thread_id(), name, ms_thread_gone);
    if (w != NULL) {
        ms_thread_stack(here, &w->stack_low, &w->stack_high);
        // relaxed: 0 until they are known
        ms_store_relaxed(&w->slot->stack_low, w->stack_low);
        ms_store_relaxed(&w->slot->stack_high, w->stack_high);
        if (!give_unwinder(s, rules, w)) {
            ms_store_writer_close(w, name);
            w = NULL;
        }
    }
    if (w == NULL)
        return NULL;
    ms_guard_writer = w;
    if (have_end_key)
        (void)pthread_setspecific(end_key, w); // else its end is seen later
    return w;
}
