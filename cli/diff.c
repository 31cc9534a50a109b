// SPDX-License-Identifier: MIT
//
// diff: compares two snapshots, files or ones of a running memscope, for
// people and for CI. See snapshots.h.

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "engine/diff.h"
#include "engine/import.h"
#include "options.h"
#include "server/server.h"
#include "snapshots.h"
#include "terminal.h"

#define LINE "memscope: "
#define ROWS_SHOWN 20
#define NO_LIMIT UINT64_MAX
enum { GREW = 1, FAILED = 2 };

struct order {
    uint16_t port;
    uint64_t most; // live bytes may grow by
};

static bool is_id(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits != 0 && digits < 10 && text[digits] == '\0';
}

static bool feed(void *import, const char *text, size_t bytes)
{
    return ms_import_feed(import, text, bytes) == MEMSCOPE_OK;
}

// Reads a snapshot of a running memscope.
static enum memscope_status download(const struct order *o, const char *id,
                                     struct ms_import **out)
{
    char path[64];
    struct ms_client_request q = {
        .port = o->port, .method = "GET", .path = path, .take = feed};

    *out = q.arg = ms_import_create();
    if (*out == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    snprintf(path, sizeof path, "/api/v1/snapshots/%s", id);
    int status = ms_client_ask(&q);
    if (status == 200)
        return ms_import_end(*out);
    if (status == 404)
        fprintf(stderr, LINE "there is no snapshot %s\n", id);
    else
        ms_client_complain(&q, status, NULL);
    return MEMSCOPE_ERROR_NOT_FOUND;
}

// NULL: said why.
static struct ms_import *get(const struct order *o, const char *what)
{
    struct ms_import *import;
    enum memscope_status status = is_id(what) ? download(o, what, &import)
                                              : ms_import_file(what, &import);

    if (status == MEMSCOPE_OK)
        return import;
    if (status != MEMSCOPE_ERROR_NOT_FOUND)
        fprintf(stderr, LINE "%s: %s\n", what,
                import != NULL ? ms_import_error(import)
                               : memscope_strerror(status));
    ms_import_destroy(import);
    return NULL;
}

static void print_row(uint64_t before, uint64_t after, int64_t blocks)
{
    printf("%+14lld B %+10lld blocks  %llu -> %llu B  ",
           (long long)ms_diff_of(before, after), (long long)blocks,
           (unsigned long long)before, (unsigned long long)after);
}

static void print_diff(const struct ms_diff *d)
{
    const struct ms_heap_totals *a = &d->snapshots[0]->stats.heap;
    const struct ms_heap_totals *b = &d->snapshots[1]->stats.heap;
    size_t shown = 0;

    printf("--- ");
    (void)ms_terminal_some(stdout, d->snapshots[0]->name, 200);
    printf("\n+++ ");
    (void)ms_terminal_some(stdout, d->snapshots[1]->name, 200);
    printf("\n");
    print_row(a->live_bytes, b->live_bytes,
              ms_diff_of(a->live_blocks, b->live_blocks));
    printf("in all\n");
    for (size_t i = 0; i < d->site_count && shown < ROWS_SHOWN; i++) {
        const struct ms_diff_site *s = &d->sites[i];
        const struct ms_diff_numbers *n = s->numbers;
        if (n[0].live_bytes == n[1].live_bytes &&
            n[0].live_blocks == n[1].live_blocks)
            continue;
        print_row(n[0].live_bytes, n[1].live_bytes,
                  ms_diff_of(n[0].live_blocks, n[1].live_blocks));
        (void)ms_terminal_some(stdout, s->row->function, 200);
        if (s->row->file[0] != '\0') {
            printf(" ");
            (void)ms_terminal_some(stdout, s->row->file, 200);
            printf(":%u", s->row->line);
        }
        printf("\n");
        shown++;
    }
}

static int compare(const struct order *o, const struct ms_snapshot *a,
                   const struct ms_snapshot *b)
{
    struct ms_diff diff;
    enum memscope_status status = ms_diff_make(a, b, &diff);

    if (status != MEMSCOPE_OK) {
        fprintf(stderr, LINE "%s\n", memscope_strerror(status));
        return FAILED;
    }
    print_diff(&diff);
    ms_diff_fini(&diff);
    int64_t grown =
        ms_diff_of(a->stats.heap.live_bytes, b->stats.heap.live_bytes);
    if (o->most == NO_LIMIT || grown <= 0 || (uint64_t)grown <= o->most)
        return 0;
    fprintf(stderr,
            LINE "the heap has grown by %lld bytes, which is more "
                 "than %llu\n",
            (long long)grown, (unsigned long long)o->most);
    return GREW;
}

int ms_diff_command(int argc, char **argv)
{
    static const struct option options[] = {
        MS_CLIENT_OPTIONS,
        {"fail-above", required_argument, NULL, 'f'},
        {NULL, 0, NULL, 0},
    };
    struct order o = {.port = MS_SERVER_DEFAULT_PORT, .most = NO_LIMIT};
    int option, result = FAILED;

    opterr = 0;
    while ((option = getopt_long(argc, argv, "+:", options, NULL)) != -1)
        if (!ms_client_option(option, optarg, &o.port) &&
            !(option == 'f' && ms_option_bytes(optarg, &o.most)))
            return ms_option_bad(option, argv, "diff");
    if (argc - optind != 2)
        return ms_option_bad(0, argv, "diff");
    struct ms_import *a = get(&o, argv[optind]);
    struct ms_import *b = a != NULL ? get(&o, argv[optind + 1]) : NULL;
    if (b != NULL)
        result = compare(&o, ms_import_snapshot(a), ms_import_snapshot(b));
    ms_import_destroy(a);
    ms_import_destroy(b);
    return result;
}
