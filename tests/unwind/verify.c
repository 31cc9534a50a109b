// SPDX-License-Identifier: MIT
//
// verify: a backend that holds every Nth stack of the unwinder against the one
// that libgcc's unwinder finds for the same call. Linked into a library of its
// own, preloaded in place of libmemscope.so. At the end it writes a line of
// counts to the file named in MEMSCOPE_VERIFY; MEMSCOPE_VERIFY_EVERY is N.

#include <execinfo.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/guard.h"
#include "unwind/unwinder.h"

#define MOST 4096

static _Atomic uint64_t same, shorter, longer, wrong, seen, deepest;
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

static void report_wrong(const uint64_t *ours, int n, void *const *theirs,
                         int m)
{
    static _Atomic unsigned reported;
    char line[160];

    if (atomic_fetch_add(&reported, 1) >= 3)
        return;
    for (int i = 0; i < n || i < m; i++) {
        int bytes = snprintf(line, sizeof line, "%d: %#llx %p\n", i,
                             i < n ? (unsigned long long)ours[i] : 0ull,
                             i < m ? theirs[i] : NULL);
        ssize_t ignore = write(STDERR_FILENO, line, (size_t)bytes);
        (void)ignore;
    }
}

// What libgcc finds, from the caller of the hook on.
static void compare(const struct ms_store *s, uint32_t node, uint64_t caller)
{
    static _Thread_local void *buffer[MOST];
    static _Thread_local uint64_t ours[MOST];
    int all = backtrace(buffer, MOST), skip = 0;
    int n = read_stack(s, node, ours);

    while (skip < all && (uint64_t)(uintptr_t)buffer[skip] != caller)
        skip++;
    void *const *theirs = buffer + skip;
    int m = all - skip, i = 0;
    if ((uint64_t)n > atomic_load(&deepest))
        atomic_store(&deepest, (uint64_t)n);
    // An interrupted instruction is no return address: see step_signal.
    while (i < n && i < m &&
           (ours[i] == (uint64_t)(uintptr_t)theirs[i] ||
            ours[i] == (uint64_t)(uintptr_t)theirs[i] + 1))
        i++;
    if (i == n && i == m)
        atomic_fetch_add(&same, 1);
    else if (i == n)
        atomic_fetch_add(&shorter, 1);
    else if (i == m)
        atomic_fetch_add(&longer, 1);
    else {
        atomic_fetch_add(&wrong, 1);
        report_wrong(ours, n, theirs, m);
    }
}

static void fill_and_compare(struct ms_writer *w, struct ms_event *e)
{
    struct ms_frame from = ms_frame_of_hook(e->frame);

    // In the order of the fast path.
    e->stack = ms_unwinder_recognize(w->unwinder, &from, &e->hint);
    if (e->stack == 0)
        ms_backend_lockfree.capture_alloc(w, e);
    if (ready && atomic_fetch_add(&seen, 1) % every == 0)
        compare(w->store, e->stack, e->caller);
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
    ms_runtime_backend = &verifying;
    // This thread may have begun under the other one.
    if (ms_guard_writer != NULL)
        ms_guard_writer->recognizes = false;
    ready = true;
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("MEMSCOPE_VERIFY");
    char line[200];

    ready = false;
    int fd = path != NULL
                 ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)
                 : -1;
    if (fd < 0)
        return;
    int n = snprintf(
        line, sizeof line,
        "{\"same\":%llu,\"shorter\":%llu,\"longer\":%llu,\"wrong\":%llu,"
        "\"seen\":%llu,\"deepest\":%llu}\n",
        (unsigned long long)same, (unsigned long long)shorter,
        (unsigned long long)longer, (unsigned long long)wrong,
        (unsigned long long)seen, (unsigned long long)deepest);
    ssize_t ignore = write(fd, line, (size_t)n);
    (void)ignore;
    close(fd);
}
