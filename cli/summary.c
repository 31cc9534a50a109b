// SPDX-License-Identifier: MIT
// See summary.h for the contract.

#include "summary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/picture.h"
#include "runtime/announce.h"
#include "terminal.h"

#define SITES_SHOWN 5
#define CHILDREN_SHOWN 8
#define NAME_WAIT_MS 1000
#define NAME_STEP_MS 20
#define LINE "memscope: "

// 1536 -> "1.50 KiB": three significant digits, as on the page.
static const char *bytes_text(uint64_t bytes, char *text, size_t room)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes;
    size_t unit = 0;

    while (value >= 1023.5 && unit + 1 < sizeof units / sizeof *units) {
        value /= 1024;
        unit++;
    }
    int digits = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    snprintf(text, room, "%.*f %s", digits, value, units[unit]);
    return text;
}

static const char *count_text(uint64_t n, char *text, size_t room)
{
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
    size_t out = 0;

    for (int i = 0; i < length && out + 2 < room; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            text[out++] = ',';
        text[out++] = digits[i];
    }
    text[out] = '\0';
    return text;
}

static const char *duration_text(uint64_t ns, char *text, size_t room)
{
    double ms = (double)ns / 1e6;

    if (ms < 999.5)
        snprintf(text, room, "%.*f ms", ms < 9.95 ? 1 : 0, ms);
    else
        snprintf(text, room, "%.2f s", ms / 1e3);
    return text;
}

// Gives the largest sites, and their names some time to be found.
static size_t find_sites(struct ms_engine *engine, uint32_t session,
                         struct ms_site_row *rows)
{
    size_t count = 0;
    bool named = false;

    for (long waited = 0, step = 0; waited <= NAME_WAIT_MS && !named;
         waited += step) {
        if (step != 0)
            nanosleep(&(struct timespec){.tv_nsec = step * 1000000}, NULL);
        if (ms_engine_top_sites(engine, session, rows, SITES_SHOWN, &count,
                                &named) != MEMSCOPE_OK)
            return 0;
        step = step < NAME_STEP_MS ? step + 1 : NAME_STEP_MS;
    }
    return count;
}

static void print_sites(struct ms_engine *engine, uint32_t session)
{
    struct ms_site_row rows[SITES_SHOWN];
    size_t count = find_sites(engine, session, rows);
    char bytes[32], blocks[32];

    for (size_t i = 0; i < count; i++) {
        fprintf(stderr, LINE "  %10s in %s %s  ",
                bytes_text(rows[i].live_bytes, bytes, sizeof bytes),
                count_text(rows[i].live_blocks, blocks, sizeof blocks),
                rows[i].live_blocks == 1 ? "block" : "blocks");
        (void)ms_terminal_some(stderr, rows[i].function, 100);
        if (rows[i].line != 0) {
            fputs("  ", stderr);
            (void)ms_terminal_some(stderr, rows[i].file, 200);
            fprintf(stderr, ":%u", rows[i].line);
        }
        fputc('\n', stderr);
    }
}

// What could not be booked, by kind; nothing, when all was.
static void print_losses(const struct ms_capture_stats *c)
{
    const struct {
        uint64_t count;
        const char *why;
    } kinds[] = {
        {c->dropped_reentry, "inside another event"},
        {c->dropped_threads, "of threads without a slot"},
        {c->dropped_rows, "the ledgers were full"},
        {c->dropped_index, "no room to remember the block"},
    };
    char a[32], b[32];

    if (c->dropped_allocs + c->dropped_frees != 0)
        fprintf(stderr, LINE "%s allocations and %s frees were not booked\n",
                count_text(c->dropped_allocs, a, sizeof a),
                count_text(c->dropped_frees, b, sizeof b));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].count != 0)
            fprintf(stderr, LINE "  %10s %s\n",
                    count_text(kinds[i].count, a, sizeof a), kinds[i].why);
    if (c->unknown_stacks != 0)
        fprintf(stderr,
                LINE "%s allocations are booked under no stack: the table of "
                     "stacks is full\n",
                count_text(c->unknown_stacks, a, sizeof a));
}

// What one process has done, after what was said of who it is.
static void print_numbers(const struct ms_stats *s)
{
    char a[32], b[32], c[32], d[32], e[32], ran[32];

    fprintf(stderr,
            "ran %s; peak heap %s; %s %s of %s in all; %s %s, %s, not "
            "freed\n",
            duration_text(s->uptime_ns, ran, sizeof ran),
            bytes_text(s->heap.peak_bytes, a, sizeof a),
            count_text(s->heap.alloc_count_total, b, sizeof b),
            s->heap.alloc_count_total == 1 ? "allocation" : "allocations",
            bytes_text(s->heap.alloc_bytes_total, c, sizeof c),
            count_text(s->heap.live_blocks, d, sizeof d),
            s->heap.live_blocks == 1 ? "block" : "blocks",
            bytes_text(s->heap.live_bytes, e, sizeof e));
    print_losses(&s->capture);
}

// Whether a process has ended, reaped or not: the engine takes a while longer
// to believe it of one that is not our own child.
static bool has_ended(pid_t pid)
{
    char text[512] = "";

    snprintf(text, sizeof text, "/proc/%d/stat", (int)pid);
    int fd = open(text, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    const char *state = strrchr(text, ')'); // the name may have anything in it
    return n <= 0 || (state != NULL && strncmp(state, ") Z", 3) == 0);
}

// Reads the last of those that have ended.
static void finish_ended(struct ms_engine *engine)
{
    struct ms_session_info *all = NULL;
    size_t count = 0;

    if (ms_engine_sessions(engine, &all, &count) != MEMSCOPE_OK)
        return;
    for (size_t i = 0; i < count; i++)
        if (all[i].state == MS_SESSION_RUNNING && has_ended(all[i].pid))
            ms_engine_process_ended(engine, all[i].pid, -1);
    free(all);
}

struct process {
    struct ms_session_info info;
    struct ms_stats stats;
};

static int by_peak(const void *a, const void *b)
{
    const struct process *p = a, *q = b;

    return (p->stats.heap.peak_bytes < q->stats.heap.peak_bytes) -
           (p->stats.heap.peak_bytes > q->stats.heap.peak_bytes);
}

// The processes that are worth a line: not what was replaced by exec, and
// not what never allocated, as a child does that is at once another program.
static size_t find_processes(struct ms_engine *engine, struct process **out)
{
    struct ms_session_info *all = NULL;
    size_t count = 0, kept = 0;

    *out = NULL;
    if (ms_engine_sessions(engine, &all, &count) == MEMSCOPE_OK)
        *out = calloc(count + 1, sizeof **out);
    for (size_t i = 0; *out != NULL && i < count; i++) {
        struct process *p = *out + kept;
        if (strcmp(all[i].end_reason, "exec") == 0)
            continue;
        p->info = all[i];
        // One that has only just begun has no numbers yet.
        if (ms_engine_stats(engine, all[i].id, 0, &p->stats) != MEMSCOPE_OK)
            p->stats = (struct ms_stats){0};
        kept++;
    }
    free(all);
    return kept;
}

// A backend that was asked for, and that no program has registered.
static void print_missing_backend(const struct ms_capture_stats *c)
{
    const char *asked = getenv(MS_ENV_BACKEND);

    // NULL: there is no number of it yet
    if (asked != NULL && strncmp(asked, "custom", 6) == 0 &&
        c->backend != NULL && strcmp(c->backend, "custom") != 0)
        fprintf(stderr,
                LINE "the program has registered no such backend: %s; it was "
                     "captured by '%s'\n",
                asked, c->backend);
}

static void print_program(struct ms_engine *engine, const struct process *p)
{
    fputs(LINE, stderr);
    print_numbers(&p->stats);
    print_missing_backend(&p->stats.capture);
    if (p->stats.heap.live_blocks != 0)
        print_sites(engine, p->info.id);
    if (p->stats.heap.alloc_count_total == 0)
        fputs(LINE "no allocation was seen: the program makes none, or has a "
                   "malloc of its own\n",
              stderr);
}

static void print_child(const struct process *p)
{
    const char *name = strrchr(p->info.exe, '/');

    fprintf(stderr, LINE "pid %d, ", (int)p->info.pid);
    (void)ms_terminal_some(stderr, name != NULL ? name + 1 : p->info.exe, 100);
    fputs(": ", stderr);
    print_numbers(&p->stats);
}

void ms_summary_print(struct ms_engine *engine, pid_t pid, bool stays)
{
    struct process *all;
    const struct process *program = NULL;
    finish_ended(engine);
    size_t count = find_processes(engine, &all), children = 0, running = 0;

    for (size_t i = 0; i < count; i++)
        if (all[i].info.pid == pid)
            program = &all[i];
    uint64_t peak = program != NULL ? program->stats.heap.peak_bytes : 0;
    if (program != NULL)
        print_program(engine, program);
    if (count > 1)
        qsort(all, count, sizeof *all, by_peak);
    for (size_t i = 0; i < count; i++) {
        if (all[i].info.pid == pid)
            continue;
        running += all[i].info.state == MS_SESSION_RUNNING;
        if (all[i].stats.heap.alloc_count_total == 0 ||
            ++children > CHILDREN_SHOWN)
            continue;
        print_child(&all[i]);
        if (children == 1 && all[i].stats.heap.peak_bytes > peak)
            print_sites(engine, all[i].info.id);
    }
    if (children > CHILDREN_SHOWN)
        fprintf(stderr, LINE "and %zu more processes\n",
                children - CHILDREN_SHOWN);
    if (running != 0)
        fprintf(stderr, LINE "%zu of its processes still run%s\n", running,
                stays ? "" : ", unwatched; --keep-open would stay with them");
    free(all);
}
