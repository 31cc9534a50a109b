// SPDX-License-Identifier: MIT
//
// verify: a backend that holds every Nth stack of the unwinder against those
// that libgcc's unwinder and libunwind find for the same call. Linked into a
// library of its own, preloaded in place of libmemscope.so. At the end it
// writes a line of counts to the file named in MEMSCOPE_VERIFY;
// MEMSCOPE_VERIFY_EVERY is N.

#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "by_libunwind.h"
#include "capture/guard.h"
#include "unwind/unwinder.h"

#define MOST 4096

// Where a signal's frame has the interrupted registers.
#define SAVED(field) offsetof(ucontext_t, uc_mcontext.field)
#if defined(__x86_64__)
_Static_assert(MS_SIGNAL_PC == SAVED(gregs[REG_RIP]), "pc");
_Static_assert(MS_SIGNAL_SP == SAVED(gregs[REG_RSP]), "sp");
_Static_assert(MS_SIGNAL_FP == SAVED(gregs[REG_RBP]), "fp");
#elif defined(__aarch64__)
_Static_assert(MS_SIGNAL_PC == sizeof(siginfo_t) + SAVED(pc), "pc");
_Static_assert(MS_SIGNAL_SP == sizeof(siginfo_t) + SAVED(sp), "sp");
_Static_assert(MS_SIGNAL_FP == sizeof(siginfo_t) + SAVED(regs[29]), "fp");
#endif

struct judge {
    const char *name;
    int (*walk)(void **out, int most); // return addresses, innermost first
    _Atomic uint64_t same, shorter, longer, wrong;
};

static struct judge judges[] = {
    {.name = "libgcc", .walk = backtrace},
    {.name = "libunwind", .walk = ms_by_libunwind},
};
static size_t judge_count = 1;
static _Atomic uint64_t seen, deepest;
static unsigned every = 1;
static bool ready;

// Our stack, innermost first.
static int read_stack(const struct ms_store *s, uint32_t node, uint64_t *out)
{
    int n = 0;

    for (; node != 0 && n < MOST; node = s->nodes[node].parent)
        out[n++] = s->nodes[node].address;
    return n;
}

static void report(const struct judge *judge, const uint64_t *ours, int n,
                   void *const *theirs, int m)
{
    static _Atomic unsigned reported;
    char line[160];

    if (atomic_fetch_add(&reported, 1) >= 3)
        return;
    for (int i = 0; i < n || i < m; i++) {
        int bytes =
            snprintf(line, sizeof line, "%s %d: %#llx %p\n", judge->name, i,
                     i < n ? (unsigned long long)ours[i] : 0ull,
                     i < m ? theirs[i] : NULL);
        ssize_t ignore = write(STDERR_FILENO, line, (size_t)bytes);
        (void)ignore;
    }
}

// What the judge finds, from the caller of the hook on.
static void compare(struct judge *judge, const uint64_t *ours, int n,
                    uint64_t caller)
{
    static _Thread_local void *buffer[MOST];
    int all = judge->walk(buffer, MOST), skip = 0;

    while (skip < all && (uint64_t)(uintptr_t)buffer[skip] != caller)
        skip++;
    void *const *theirs = buffer + skip;
    int m = all - skip, i = 0;
    // An interrupted instruction is no return address: see step_signal.
    while (i < n && i < m &&
           (ours[i] == (uint64_t)(uintptr_t)theirs[i] ||
            ours[i] == (uint64_t)(uintptr_t)theirs[i] + 1))
        i++;
    if (i == n && i == m) {
        atomic_fetch_add(&judge->same, 1);
    } else if (i == n) {
        atomic_fetch_add(&judge->shorter, 1);
    } else {
        atomic_fetch_add(i == m ? &judge->longer : &judge->wrong, 1);
        report(judge, ours, n, theirs, m);
    }
}

static void compare_all(const struct ms_store *s, uint32_t node,
                        uint64_t caller)
{
    static _Thread_local uint64_t ours[MOST];
    int n = read_stack(s, node, ours);

    if ((uint64_t)n > atomic_load(&deepest))
        atomic_store(&deepest, (uint64_t)n);
    for (size_t i = 0; i < judge_count; i++)
        compare(&judges[i], ours, n, caller);
}

static void fill_and_compare(struct ms_writer *w, struct ms_event *e)
{
    // In the order of the fast path.
    struct ms_memo_entry *known = ms_unwinder_recognize(w->unwinder, e->frame);
    if (known != NULL) {
        e->stack = known->node;
        e->hint = &known->hint;
    } else {
        ms_backend_lockfree.capture_alloc(w, e);
    }
    if (ready && atomic_fetch_add(&seen, 1) % every == 0)
        compare_all(w->store, e->stack, e->caller);
}

static const struct ms_backend verifying = {
    .name = "verify",
    .id = MS_BACKEND_LOCKFREE,
    .needs_unwinder = true,
    .capture_alloc = fill_and_compare,
    .capture_realloc = fill_and_compare,
    .capture_move = fill_and_compare,
};

__attribute__((constructor)) static void begin(void)
{
    const char *n = getenv("MEMSCOPE_VERIFY_EVERY");
    void *one[1];

    if (n != NULL && atoi(n) > 0)
        every = (unsigned)atoi(n);
    backtrace(one, 1); // loads libgcc now, not in the middle of an event
    if (ms_libunwind_load())
        judge_count = 2;
    ms_runtime_backend = &verifying;
    // This thread may have begun under the other one.
    if (ms_guard_writer != NULL)
        ms_guard_writer->asks = true;
    ready = true;
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("MEMSCOPE_VERIFY");
    char line[600];

    ready = false;
    int fd = path != NULL
                 ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)
                 : -1;
    if (fd < 0)
        return;
    int n = snprintf(line, sizeof line, "{\"seen\":%llu,\"deepest\":%llu",
                     (unsigned long long)seen, (unsigned long long)deepest);
    for (size_t i = 0; i < judge_count; i++)
        n += snprintf(line + n, sizeof line - (size_t)n,
                      ",\"%s\":{\"same\":%llu,\"shorter\":%llu,"
                      "\"longer\":%llu,\"wrong\":%llu}",
                      judges[i].name, (unsigned long long)judges[i].same,
                      (unsigned long long)judges[i].shorter,
                      (unsigned long long)judges[i].longer,
                      (unsigned long long)judges[i].wrong);
    n += snprintf(line + n, sizeof line - (size_t)n, "}\n");
    ssize_t ignore = write(fd, line, (size_t)n);
    (void)ignore;
    close(fd);
}
