// SPDX-License-Identifier: MIT
// See summary.h for the contract.

#include "summary.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "engine/picture.h"

#define SITES_SHOWN 5
#define NAME_WAIT_MS 1000
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

// Names come from the program: nothing of them may steer a terminal.
static void print_name(const char *name, size_t limit)
{
    for (size_t i = 0; name[i] != '\0' && i < limit; i++) {
        unsigned char c = (unsigned char)name[i];
        fputc(c < 0x20 || c == 0x7f ? '?' : c, stderr);
    }
}

// Gives the largest sites, and their names some time to be found.
static size_t find_sites(struct ms_engine *engine, struct ms_site_row *rows)
{
    size_t count = 0;
    bool named = false;

    for (int waited = 0; waited <= NAME_WAIT_MS && !named; waited += 20) {
        if (waited != 0)
            nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        if (ms_engine_top_sites(engine, 0, rows, SITES_SHOWN, &count, &named) !=
            MEMSCOPE_OK)
            return 0;
    }
    return count;
}

static void print_sites(struct ms_engine *engine)
{
    struct ms_site_row rows[SITES_SHOWN];
    size_t count = find_sites(engine, rows);
    char bytes[32], blocks[32];

    for (size_t i = 0; i < count; i++) {
        fprintf(stderr, LINE "  %10s in %s %s  ",
                bytes_text(rows[i].live_bytes, bytes, sizeof bytes),
                count_text(rows[i].live_blocks, blocks, sizeof blocks),
                rows[i].live_blocks == 1 ? "block" : "blocks");
        print_name(rows[i].function, 100);
        if (rows[i].line != 0) {
            fputs("  ", stderr);
            print_name(rows[i].file, 200);
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

void ms_summary_print(struct ms_engine *engine)
{
    struct ms_stats s;
    char a[32], b[32], c[32], d[32], e[32];

    if (ms_engine_stats(engine, 0, 0, &s) != MEMSCOPE_OK)
        return;
    fprintf(stderr,
            LINE "ran %.2f s; peak heap %s; %s allocations of %s in all; "
                 "%s blocks, %s, not freed\n",
            (double)s.uptime_ns / 1e9,
            bytes_text(s.heap.peak_bytes, a, sizeof a),
            count_text(s.heap.alloc_count_total, b, sizeof b),
            bytes_text(s.heap.alloc_bytes_total, c, sizeof c),
            count_text(s.heap.live_blocks, d, sizeof d),
            bytes_text(s.heap.live_bytes, e, sizeof e));
    print_losses(&s.capture);
    if (s.heap.live_blocks != 0)
        print_sites(engine);
}
