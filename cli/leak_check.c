// SPDX-License-Identifier: MIT
// See leak_check.h for the contract.

#include "leak_check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/analysis.h"
#include "engine/engine.h"
#include "runtime/announce.h"
#include "terminal.h"

#define LINE "memscope: "
#define SHOWN 20
#define FRAMES_SHOWN 8
#define SUPPRESSIONS_MOST ((size_t)1 << 20)
#define WAIT_MS 10000 // for the names

bool ms_leak_check_prepare(const struct ms_leak_check *c)
{
    return !c->wanted || setenv(MS_ENV_LEAK_CHECK, "1", 1) == 0;
}

bool ms_leak_check_begin(const struct ms_leak_check *c,
                         struct ms_engine *engine)
{
    const char *path =
        c->suppressions != NULL ? c->suppressions : getenv(MS_ENV_SUPPRESSIONS);
    unsigned line = 0;

    if (path == NULL || path[0] == '\0')
        return true;
    char *text = malloc(SUPPRESSIONS_MOST);
    FILE *file = fopen(path, "re");
    if (text == NULL || file == NULL) {
        fprintf(stderr, LINE "%s: %s\n", path, strerror(errno));
        if (file != NULL)
            fclose(file);
        free(text);
        return false;
    }
    size_t n = fread(text, 1, SUPPRESSIONS_MOST, file);
    fclose(file);
    enum memscope_status status =
        n == SUPPRESSIONS_MOST ? MEMSCOPE_ERROR_LIMIT
                               : ms_engine_suppressions(engine, text, n, &line);
    free(text);
    if (status == MEMSCOPE_OK)
        return true;
    if (line != 0)
        fprintf(stderr, LINE "%s:%u: no line of the form leak:PATTERN\n", path,
                line);
    else
        fprintf(stderr, LINE "%s: %s\n", path, memscope_strerror(status));
    return false;
}

static void print_row(const struct ms_leak_row *row)
{
    fprintf(stderr, LINE "  %llu bytes in %llu %s, %s\n",
            (unsigned long long)row->bytes, (unsigned long long)row->blocks,
            row->blocks == 1 ? "block" : "blocks",
            row->kind == MS_LEAK_DEFINITE ? "lost" : "lost with those");
    for (size_t i = 0; i < row->frame_count && i < FRAMES_SHOWN; i++) {
        const struct ms_leak_frame *f = &row->frames[i];
        fprintf(stderr, LINE "    #%zu ", i);
        (void)ms_terminal_some(stderr, f->function, 200);
        if (f->line != 0) {
            fputs("  ", stderr);
            (void)ms_terminal_some(stderr, f->file, 200);
            fprintf(stderr, ":%u", f->line);
        }
        fputc('\n', stderr);
    }
}

static void print_rows(const struct ms_leak_report *r)
{
    size_t shown = 0, left = 0;

    for (size_t i = 0; i < r->row_count; i++) {
        if (r->rows[i].kind > MS_LEAK_INDIRECT ||
            r->rows[i].suppressed[0] != '\0')
            continue;
        if (shown < SHOWN) {
            print_row(&r->rows[i]);
            shown++;
        } else {
            left++;
        }
    }
    if (left != 0)
        fprintf(stderr, LINE "  and %zu more places\n", left);
}

static unsigned long long unsuppressed(const struct ms_leak_report *r,
                                       bool bytes)
{
    uint64_t lost = bytes ? r->kinds[MS_LEAK_DEFINITE].bytes +
                                r->kinds[MS_LEAK_INDIRECT].bytes
                          : r->kinds[MS_LEAK_DEFINITE].blocks +
                                r->kinds[MS_LEAK_INDIRECT].blocks;

    return lost - (bytes ? r->suppressed.bytes : r->suppressed.blocks);
}

static bool print_report(const struct ms_leak_report *r)
{
    if (r->state != MS_SCAN_DONE || !r->at_exit) {
        fprintf(stderr, LINE "no leak check: %s\n",
                r->state == MS_SCAN_FAILED ? r->failure
                                           : "the program did not end by exit");
        return false;
    }
    unsigned long long blocks = unsuppressed(r, false);
    fprintf(stderr,
            LINE "leak check: %llu bytes in %llu blocks are lost%s; %llu "
                 "blocks possibly, %llu still reachable, %llu suppressed\n",
            unsuppressed(r, true), blocks, blocks != 0 ? "" : ": no leak",
            (unsigned long long)r->kinds[MS_LEAK_POSSIBLE].blocks,
            (unsigned long long)r->kinds[MS_LEAK_REACHABLE].blocks,
            (unsigned long long)r->suppressed.blocks);
    if (r->blind_threads != 0)
        fprintf(stderr,
                LINE "  the registers of %u of %u threads could not be read\n",
                r->blind_threads, r->threads);
    print_rows(r);
    return blocks != 0;
}

int ms_leak_check_print(const struct ms_leak_check *c, struct ms_engine *engine,
                        pid_t pid)
{
    struct ms_session_info *all = NULL;
    size_t count = 0;
    bool leaks = false;

    if (!c->wanted)
        return 0;
    ms_engine_leak_wait(engine, WAIT_MS);
    if (ms_engine_sessions(engine, &all, &count) != MEMSCOPE_OK)
        return 0;
    // The newest of its pid is what it was at its end.
    for (size_t i = count; i > 0; i--) {
        struct ms_leak_report report;
        if (all[i - 1].pid != pid)
            continue;
        if (ms_engine_leak_report(engine, all[i - 1].id, &report) ==
            MEMSCOPE_OK)
            leaks = print_report(&report);
        ms_leak_report_fini(&report);
        break;
    }
    free(all);
    return leaks && c->fail ? MS_LEAK_EXIT_CODE : 0;
}
