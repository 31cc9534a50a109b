// SPDX-License-Identifier: MIT
//
// lifecycle: first event, fork, exit; threads: see birth.h. The runtime
// starts with the first malloc, before any constructor, on whatever thread
// makes it. All its state lies in memory that a forked child finds zeroed: the
// child starts anew, with a segment of its own, at its own first event.

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "birth.h"
#include "capture/backends/custom.h"
#include "capture/engine.h"
#include "capture/guard.h"
#include "capture/passing.h"
#include "exit_hold.h"
#include "follow.h"
#include "fork.h"
#include "limits.h"
#include "platform/clock.h"
#include "platform/environment.h"
#include "platform/ipc.h"
#include "platform/memory.h"
#include "runtime/announce.h"
#include "runtime/control.h"
#include "runtime/runtime.h"
#include "settings.h"
#include "unwind/unwinder.h"

enum state {
    UNBORN = 0, // also: a forked child that has not yet had an event
    STARTING,
    LIVE,
    OFF,    // nothing can or shall be captured
    FORKED, // a forked child that nobody watches, unless it asks for it
};

struct runtime {
    _Atomic uint32_t state;
    _Atomic uint32_t announced;
    struct ms_store store;
    struct ms_rules rules;
};

_Thread_local struct ms_writer *ms_guard_writer
    __attribute__((tls_model("initial-exec")));
const struct ms_backend *_Atomic ms_runtime_backend = &ms_backend_unified;

MS_THREAD_LOCAL int ignored; // > 0: nothing of this thread is booked
MS_THREAD_LOCAL struct ms_writer *set_aside; // while ignored
MS_THREAD_LOCAL struct runtime *refused;     // this one has no writer for us

static struct runtime *_Atomic the_runtime;

// Nothing of this process is captured, at least for now.
static void stay_off(struct runtime *r, enum state state)
{
    ms_store_relaxed(&r->state, (uint32_t)state);
    ms_passing_always();
}

static void announce(struct runtime *r)
{
    struct ms_announcement hello = {
        .magic = MS_ANNOUNCE_MAGIC,
        .version = MS_SEGMENT_VERSION,
    };
    uint32_t no = 0;
    const char *socket = ms_environment(MS_ENV_SOCKET);

    // relaxed: it happens once, whoever does it
    if (socket == NULL || !ms_claim_relaxed(&r->announced, &no, 1u))
        return;
    if (ms_ipc_send_fd(socket, &hello, sizeof hello, r->store.fd) != 0)
        stay_off(r, OFF); // nobody there to read it
    close(r->store.fd);
    r->store.fd = -1;
}

// Where a descriptor of ours disturbs the program least.
static void move_away(int *fd)
{
    int high = fcntl(*fd, F_DUPFD_CLOEXEC, 512);

    if (high >= 0) {
        close(*fd);
        *fd = high;
    }
}

// What is said goes out at once and allocates nothing.
static void say(const char *what, int error)
{
    char line[160];
    const char *why = strerrordesc_np(error); // static, no allocation
    size_t n = 0;
    const char *parts[] = {"memscope: ", what, ": ", why ? why : "?", "\n"};

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        size_t length = strlen(parts[i]);
        if (length > sizeof line - n)
            length = sizeof line - n;
        memcpy(line + n, parts[i], length);
        n += length;
    }
    ssize_t ignore = write(STDERR_FILENO, line, n);
    (void)ignore;
}

static void start(struct runtime *r, bool forked)
{
    if (!ms_follow_wanted()) {
        stay_off(r, OFF);
        return;
    }
    const struct ms_backend *backend = ms_settings_backend(ms_backend_now());
    ms_store_relaxed(&ms_runtime_backend, backend); // relaxed: a constant
    if (!forked)
        ms_limits_restore();
    int error = ms_store_create_within(&r->store, backend->id,
                                       ms_settings_store_limit());
    if (error != 0) {
        // After a fork, descriptor 2 may be anything.
        if (!forked && ms_environment(MS_ENV_SOCKET) != NULL)
            say("this program cannot be watched", error);
        stay_off(r, OFF);
        return;
    }
    ms_settings_apply(&r->store);
    ms_custom_resume(&r->store);
    ms_births_begin();
    announce(r);
    if (r->store.fd >= 0)
        move_away(&r->store.fd);
    if (ms_load_relaxed(&r->state) == OFF)
        return;
    // [L] release: publishes the store; pairs with whoever finds us live
    ms_store_release(&r->state, LIVE);
    ms_passing_follow(&r->store.header->pulse);
}

static struct runtime *get_runtime(bool *forked)
{
    // acquire: pairs with the publication below [J]
    struct runtime *r = ms_load_acquire(&the_runtime);
    struct runtime *none = NULL;

    *forked = r != NULL;
    if (r != NULL)
        return r;
    r = ms_memory_map_wiped(sizeof *r);
    if (r == NULL)
        return NULL;
    // [J] release: publishes the memory; acquire: or sees whose was first
    if (ms_cas_acq_rel(&the_runtime, &none, r))
        return r;
    ms_memory_unmap(r, sizeof *r);
    return none;
}

static bool is_off(void)
{
    // acquire: pairs with get_runtime [J]
    struct runtime *r = ms_load_acquire(&the_runtime);

    return r != NULL && ms_load_relaxed(&r->state) >= OFF;
}

// The runtime, when it is live: its store may be used.
static struct runtime *live_runtime(void)
{
    // acquire: pairs with get_runtime [J]
    struct runtime *r = ms_load_acquire(&the_runtime);

    // acquire: pairs with start [L]
    return r != NULL && ms_load_acquire(&r->state) == LIVE ? r : NULL;
}

bool ms_runtime_is_large(void)
{
    const struct runtime *r = live_runtime();

    return r != NULL && r->store.index != NULL;
}

bool ms_runtime_parts(struct ms_runtime_parts *out)
{
    struct runtime *r = live_runtime();

    if (r != NULL)
        *out = (struct ms_runtime_parts){r, sizeof *r, &r->store, &r->rules};
    return r != NULL;
}

void ms_runtime_renew(void)
{
    struct runtime *r = ms_memory_map_wiped(sizeof *r);

    // relaxed: there is no other thread. Without memory, it is captured no more
    ms_store_relaxed(&the_runtime,
                     r != NULL ? r : ms_load_relaxed(&the_runtime));
    refused = r == NULL ? ms_load_relaxed(&the_runtime) : NULL;
}

// An event that was begun and left by a jump out of a signal handler: we are
// where the hook that began it was, or further out on the thread's own stack;
// or further in, and others' frames lie where its return address was.
static bool was_abandoned(const struct ms_writer *w, uint64_t here)
{
    bool here_own = here >= w->stack_low && here < w->stack_high;
    bool that_own = w->entered >= w->stack_low && w->entered < w->stack_high;

    return here_own &&
           (!that_own || here >= w->entered ||
            ms_guard_return_of((const void *)(uintptr_t)w->entered) !=
                w->entered_from);
}

struct ms_writer *ms_guard_enter_slow(const void *frame)
{
    struct ms_writer *w = ms_guard_writer;
    uint64_t here = (uint64_t)(uintptr_t)frame;
    uint32_t unborn = UNBORN;
    bool forked;

    if (w != NULL && w->state == MS_WRITER_BUSY) {
        ms_store_count_drop(w->store, MS_DROP_REENTRY);
        if (!was_abandoned(w, here))
            return NULL;
        if (w->unwinder != NULL)
            ms_unwinder_distrust(w->unwinder);
        return w;
    }
    if (ignored > 0 || is_off())
        return NULL;
    int saved = errno;
    ignored++; // whatever is called from here may allocate
    w = NULL;
    struct runtime *r = get_runtime(&forked);
    if (r != NULL && ms_load_relaxed(&r->state) == UNBORN &&
        ms_claim_relaxed(&r->state, &unborn, (uint32_t)STARTING)) {
        refused = NULL;
        if (forked && ms_environment(MS_ENV_SOCKET) == NULL)
            stay_off(r, FORKED); // nobody would read it
        else
            start(r, forked);
    }
    // acquire: pairs with start [L]
    bool live = r != NULL && ms_load_acquire(&r->state) == LIVE;
    if (live && refused != r)
        w = ms_birth(&r->store, &r->rules, here);
    else if (live)
        ms_store_count_drop(&r->store, MS_DROP_THREADS);
    if (live && w == NULL)
        refused = r;
    ignored--;
    errno = saved;
    return w;
}

struct ms_writer *ms_guard_enter_forked(struct ms_writer *w, const void *frame)
{
    w->state = MS_WRITER_NONE;
    return ms_guard_enter(frame);
}

// The environment is known by now, if it was not at the first event.
__attribute__((constructor)) static void constructed(void)
{
    struct ms_writer *w = ms_guard_enter(MS_HOOK_FRAME);
    struct runtime *r = live_runtime();

    if (w != NULL)
        ms_guard_leave(w);
    if (r != NULL)
        announce(r);
    ms_runtime_ignore();
    ms_follow_begin(); // may allocate
    ms_fork_prepare();
    ms_runtime_watch();
}

__attribute__((destructor)) static void destructed(void)
{
    struct runtime *r = live_runtime();

    if (r == NULL)
        return;
    ms_exit_hold(r->store.header);
    ms_store_relaxed(&r->store.header->end_ns, ms_clock_monotonic_ns());
    // relaxed: an exchange goes on with what [G] has released
    (void)ms_exchange_relaxed(&r->store.header->state, MS_SEGMENT_EXITED);
}

struct ms_store *ms_guard_store(void)
{
    struct runtime *r = ignored > 0 ? NULL : live_runtime();

    return r != NULL ? &r->store : NULL;
}

void ms_runtime_module_closed(void)
{
    struct runtime *r = live_runtime();

    if (r != NULL)
        ms_rules_forget(&r->rules);
}

void ms_runtime_ignore(void)
{
    if (ignored++ == 0) {
        set_aside = ms_guard_writer;
        ms_guard_writer = NULL; // the slow path looks at `ignored`
    }
}

void ms_runtime_watch(void)
{
    if (--ignored == 0)
        ms_guard_writer = set_aside;
}

// A forked child of a linked program wants a page of its own. What it has
// allocated before is not known.
static void start_late(void)
{
    // relaxed: a child was forked with it, and nothing is read but its state
    struct runtime *r = ms_load_relaxed(&the_runtime);
    uint32_t state = FORKED, unborn = UNBORN;

    if (r == NULL || (!ms_claim_relaxed(&r->state, &state, STARTING) &&
                      !ms_claim_relaxed(&r->state, &unborn, STARTING)))
        return;
    ms_runtime_ignore();
    start(r, true);
    ms_runtime_watch();
}

enum memscope_status ms_runtime_segment(int *fd, int *watched)
{
    start_late();
    struct runtime *r = live_runtime();

    *watched = r != NULL && ms_load_relaxed(&r->announced) != 0;
    if (r == NULL || *watched)
        return MEMSCOPE_ERROR_STATE;
    *fd = fcntl(r->store.fd, F_DUPFD_CLOEXEC, 512);
    return *fd >= 0 ? MEMSCOPE_OK : MEMSCOPE_ERROR_SYSTEM;
}
