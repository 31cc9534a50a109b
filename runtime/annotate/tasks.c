// SPDX-License-Identifier: MIT
//
// tasks: tasks, scopes and moments. See memscope_annotate.h for the contract.

#include <memscope.h>

#include "annotate/contexts.h"
#include "annotate/notes.h"
#include "annotate/own.h"
#include "annotate/strings.h"
#include "capture/engine.h"
#include "capture/guard.h"
#include "platform/clock.h"

static uint32_t claim(_Atomic uint32_t *count, uint32_t capacity)
{
    // relaxed: claims a number; its state publishes it [T]
    uint32_t n = ms_load_relaxed(count);

    do {
        if (n + 1 >= capacity)
            return 0;
    } while (!ms_cas_relaxed(count, &n, n + 1));
    return n + 1; // 0 is none
}

static uint32_t new_task(struct ms_writer *w, uint32_t name, bool shared)
{
    struct ms_annotations *a = w->store->annotations;
    uint32_t number =
        claim(&a->task_count, shared ? MS_TASK_CAPACITY : MS_TASKS_ALONE + 1);

    if (number == 0)
        return 0;
    struct ms_task *t = &a->tasks[number];
    t->name = name;
    t->parent = shared ? 0 : ms_context_task(w);
    t->thread = w->thread;
    t->create_ns = ms_clock_monotonic_ns();
    t->shared = shared;
    // [T] release: publishes the constants; pairs with the engine
    ms_store_release(&t->state, MS_NAMED_READY);
    return number;
}

// The row that all later tasks of a name share.
static uint32_t shared_task(struct ms_writer *w, uint32_t name)
{
    _Atomic uint32_t *known = &w->store->annotations->strings[name].task;
    uint32_t task = ms_load_relaxed(known); // relaxed: a number
    uint32_t none = 0;

    if (task != 0 || name == 0)
        return task;
    task = new_task(w, name, true);
    // Of two at once, one row stays empty.
    if (task != 0 && !ms_claim_relaxed(known, &none, task))
        task = none;
    return task;
}

memscope_task memscope_task_create(const char *name)
{
    struct ms_writer *w = ms_annotate_enter(MS_HOOK_FRAME);

    if (w == NULL)
        return 0;
    uint32_t string = ms_string_intern(w->store, name);
    uint32_t task = new_task(w, string, false);
    if (task == 0)
        task = shared_task(w, string);
    if (task == 0) // relaxed, here and below: counts
        ms_store_count_drop(w->store, MS_DROP_TASKS);
    else
        ms_add_relaxed(&w->store->annotations->tasks[task].created, 1u);
    ms_guard_leave(w);
    return task;
}

static bool is_task(struct ms_writer *w, memscope_task task)
{
    // relaxed: the program has handed the handle on
    if (task < MS_TASK_CAPACITY &&
        ms_load_relaxed(&w->store->annotations->tasks[task].state) ==
            MS_NAMED_READY)
        return true;
    ms_moment_add(w, MS_MOMENT_UNBALANCED, 0, 0);
    return false;
}

void memscope_task_enter(memscope_task task)
{
    if (task == 0)
        return;
    struct ms_writer *w = ms_annotate_enter(MS_HOOK_FRAME);
    if (w == NULL)
        return;
    if (is_task(w, task)) {
        struct ms_task *t = &w->store->annotations->tasks[task];
        uint32_t last = ms_load_relaxed(&t->last_thread);
        (void)ms_context_enter(w, MS_PSEUDO_TASK, task,
                               ms_backend_now()->has_contexts);
        ms_add_relaxed(&t->entered, 1u);
        if (last != 0 && last != w->thread + 1)
            ms_add_relaxed(&t->hops, 1u);
        ms_store_relaxed(&t->last_thread, w->thread + 1);
    }
    ms_guard_leave(w);
}

void memscope_task_leave(memscope_task task)
{
    if (task == 0)
        return;
    struct ms_writer *w = ms_annotate_enter(MS_HOOK_FRAME);
    if (w == NULL)
        return;
    if (!ms_context_leave(w, MS_PSEUDO_TASK, task))
        ms_moment_add(w, MS_MOMENT_UNBALANCED, 0, 0);
    ms_guard_leave(w);
}

void memscope_task_end(memscope_task task)
{
    if (task == 0)
        return;
    struct ms_writer *w = ms_annotate_enter(MS_HOOK_FRAME);
    if (w == NULL)
        return;
    if (is_task(w, task)) {
        struct ms_task *t = &w->store->annotations->tasks[task];
        ms_store_relaxed(&t->end_ns, ms_clock_monotonic_ns());
        ms_add_relaxed(&t->ended, 1u);
    }
    ms_guard_leave(w);
}

void memscope_scope_begin(const char *name)
{
    struct ms_writer *w = ms_annotate_enter(MS_HOOK_FRAME);

    if (w == NULL)
        return;
    (void)ms_context_enter(w, MS_PSEUDO_SCOPE, ms_string_intern(w->store, name),
                           ms_backend_now()->has_contexts);
    ms_add_relaxed(&w->store->annotations->counts[MS_ANNOTATION_SCOPES], 1u);
    ms_guard_leave(w);
}

void memscope_scope_end(const char *name)
{
    struct ms_writer *w = ms_annotate_enter(MS_HOOK_FRAME);

    if (w == NULL)
        return;
    uint32_t string = ms_string_intern(w->store, name);
    if (!ms_context_leave(w, MS_PSEUDO_SCOPE, string))
        ms_moment_add(w, MS_MOMENT_UNBALANCED, string, 0);
    ms_guard_leave(w);
}

static void moment(struct ms_writer *w, enum ms_moment_kind kind,
                   const char *name)
{
    if (w == NULL)
        return;
    ms_moment_add(w, kind, ms_string_intern(w->store, name), 0);
    ms_guard_leave(w);
}

void memscope_mark(const char *name)
{
    moment(ms_annotate_enter(MS_HOOK_FRAME), MS_MOMENT_MARK, name);
}

void memscope_snapshot(const char *name)
{
    moment(ms_annotate_enter(MS_HOOK_FRAME), MS_MOMENT_SNAPSHOT, name);
}
