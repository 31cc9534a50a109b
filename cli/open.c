// SPDX-License-Identifier: MIT
//
// open: serves the page on saved snapshots, without a program. See snapshots.h.

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "engine/import.h"
#include "engine/saved.h"
#include "options.h"
#include "page.h"
#include "snapshots.h"

#define LINE "memscope: "
#define FAILED 1

struct saved {
    struct ms_engine *engine;
    struct ms_page page;
    sigset_t ends;
};

// False: said why.
static bool read_one(struct saved *s, const char *file)
{
    const struct ms_snapshot *snapshot;
    struct ms_import *import;
    uint32_t session;
    enum memscope_status status = ms_import_file(file, &import);

    if (status == MEMSCOPE_OK)
        status = ms_import_adopt(import, s->engine, &snapshot);
    if (status == MEMSCOPE_OK) {
        status = ms_engine_show(s->engine, snapshot, &session);
        ms_snapshot_release(s->engine, snapshot);
    }
    if (status != MEMSCOPE_OK)
        fprintf(stderr, LINE "%s: %s\n", file,
                import != NULL && ms_import_error(import)[0] != '\0'
                    ? ms_import_error(import)
                    : memscope_strerror(status));
    ms_import_destroy(import);
    return status == MEMSCOPE_OK;
}

static bool start(struct saved *s)
{
    struct ms_engine_options options = {0};

    if (ms_engine_create(&options, &s->engine) != MEMSCOPE_OK) {
        fprintf(stderr, LINE "the engine could not be started\n");
        return false;
    }
    if (ms_page_listen(&s->page)) {
        ms_page_serve(&s->page, s->engine);
        if (s->page.server != NULL)
            return true;
    }
    ms_engine_destroy(s->engine);
    return false;
}

// Blocked in every thread that is yet to come.
static void take_signals(struct saved *s)
{
    sigemptyset(&s->ends);
    sigaddset(&s->ends, SIGINT);
    sigaddset(&s->ends, SIGTERM);
    sigaddset(&s->ends, SIGHUP);
    sigaddset(&s->ends, SIGQUIT);
    pthread_sigmask(SIG_BLOCK, &s->ends, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static int serve(struct saved *s, char **files, int count)
{
    int signal, good = 0;

    for (int i = 0; i < count; i++)
        good += read_one(s, files[i]);
    if (good != 0) {
        fprintf(stderr, LINE "%d snapshot%s at %s until Ctrl-C\n", good,
                good == 1 ? "" : "s", ms_server_entry(s->page.server));
        while (sigwait(&s->ends, &signal) != 0)
            ;
    }
    ms_server_stop(s->page.server);
    ms_engine_destroy(s->engine);
    return good == count ? 0 : FAILED;
}

int ms_open_command(int argc, char **argv)
{
    static const struct option options[] = {
        MS_PAGE_OPTIONS,
        {NULL, 0, NULL, 0},
    };
    struct saved s = {0};
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, "+:", options, NULL)) != -1)
        if (!ms_page_option(&s.page, option, optarg))
            return ms_option_bad(option, argv, "open");
    if (optind == argc)
        return ms_option_bad(0, argv, "open");
    take_signals(&s);
    if (!start(&s))
        return FAILED;
    return serve(&s, argv + optind, argc - optind);
}
