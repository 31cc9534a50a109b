// SPDX-License-Identifier: MIT
// See run.h for the contract.

#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "announcements.h"
#include "attached.h"
#include "child.h"
#include "engine/control.h"
#include "engine/engine.h"
#include "engine/picture.h"
#include "keeping.h"
#include "launch.h"
#include "leak_check.h"
#include "page.h"
#include "program.h"
#include "report.h"
#include "runtime/announce.h"
#include "server/server.h"
#include "summary.h"
#include "terminal.h"
#include "values.h"

#define LINE "memscope: "
enum { FAILED = 125, BAD_USAGE = 2 };

struct run {
    struct ms_page page;
    bool open_page, keep_open, no_page, no_follow, debuginfod;
    const char *attach_to; // NULL: a server of its own
    uint32_t keep_sessions, keep_seconds;
    double budget; // per cent of the program's CPU; 0: none
    struct ms_keeping keeping;
    char **command;
    struct ms_leak_check leaks;
    sigset_t signals; // those that we wait for
    struct ms_engine *engine;
    struct ms_announcements announcements;
    struct ms_launch launch;
};

static int bad_usage(const char *why, const char *what)
{
    fprintf(stderr, LINE "%s%s; see 'memscope --help'\n", why, what);
    return BAD_USAGE;
}

static const struct option run_options[] = {
    MS_PAGE_OPTIONS,
    {"backend", required_argument, NULL, 'B'},
    {"mode", required_argument, NULL, 'm'},
    {"budget", required_argument, NULL, 'u'},
    {"mmap", no_argument, NULL, 'M'},
    {"free-stacks", no_argument, NULL, 'f'},
    {"store-limit", required_argument, NULL, 'l'},
    {"snapshot-dir", required_argument, NULL, 'D'},
    {"snapshot-when", required_argument, NULL, 'W'},
    {"snapshot-at-exit", no_argument, NULL, 'E'},
    {"exit-report", required_argument, NULL, 'x'},
    {"debuginfod", no_argument, NULL, 'd'},
    {"open", no_argument, NULL, 'o'},
    {"keep-open", no_argument, NULL, 'k'},
    {"no-page", no_argument, NULL, 'p'},
    {"no-follow", no_argument, NULL, 'n'},
    {"leak-check", no_argument, NULL, 'L'},
    {"fail-on-leak", no_argument, NULL, 'F'},
    {"suppressions", required_argument, NULL, 's'},
    {"attach-to", required_argument, NULL, 'a'},
    {"keep-sessions", required_argument, NULL, 'N'},
    {"keep-for", required_argument, NULL, 'S'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

// Those that can only be given. False: it is none of them.
static bool take_flag(struct run *r, int option)
{
    r->open_page |= option == 'o';
    r->keep_open |= option == 'k';
    r->no_page |= option == 'p';
    r->no_follow |= option == 'n';
    r->leaks.wanted |= option == 'L' || option == 'F';
    r->leaks.fail |= option == 'F';
    return option < 128 && strchr("okpnLF", option) != NULL;
}

// 0: go on; else what parse returns.
static int take_option(struct run *r, int option)
{
    if (take_flag(r, option))
        return 0;
    switch (option) {
    case MS_PAGE_PORT:
        if (!ms_page_option(&r->page, option, optarg))
            return bad_usage("no port number: ", optarg);
        break;
    case 'B':
        if (!ms_launch_backend(optarg))
            return bad_usage("no such backend: ", optarg);
        break;
    case 'm':
        if (!ms_launch_mode(optarg))
            return bad_usage("no such mode: ", optarg);
        break;
    case 'u':
        if (!ms_value_budget(optarg, &r->budget))
            return bad_usage("no per cent of CPU: ", optarg);
        break;
    case 'M':
        if (setenv(MS_ENV_MMAP, "1", 1) != 0)
            return bad_usage("no memory for ", "--mmap");
        break;
    case 'f':
        if (setenv(MS_ENV_FREE_STACKS, "1", 1) != 0)
            return bad_usage("no memory for ", "--free-stacks");
        break;
    case 'l':
        if (!ms_value_store_limit(optarg))
            return bad_usage("no size of 2M or more: ", optarg);
        break;
    case 'D':
        r->keeping.directory = optarg;
        break;
    case 'E':
        optarg = "exit";
        // fall through
    case 'W':
        if (!ms_keeping_when(&r->keeping, optarg))
            return bad_usage("no condition for a snapshot: ", optarg);
        break;
    case 'x':
        if (!ms_report_form(optarg))
            return bad_usage("no file that ends with .html or .json: ", optarg);
        r->keeping.report = optarg;
        break;
    case 'd':
        if (!ms_value_debuginfod())
            return bad_usage("no server in DEBUGINFOD_URLS, or no library: ",
                             "--debuginfod");
        r->debuginfod = true;
        break;
    case 's':
        r->leaks.suppressions = optarg;
        break;
    case 'a':
        r->attach_to = optarg;
        break;
    case 'N':
    case 'S':
        if (!ms_value_count(optarg, option == 'N' ? &r->keep_sessions
                                                  : &r->keep_seconds))
            return bad_usage("no number from 1 on: ", optarg);
        break;
    case 'h':
        return MS_RUN_HELP;
    default:
        if (!ms_page_option(&r->page, option, optarg))
            return bad_usage("too many hosts, or no level: ", optarg);
        break;
    }
    return 0;
}

static bool wants_own_server(const struct run *r)
{
    return ms_page_is_wanted(&r->page) || r->open_page || r->keep_open ||
           r->budget != 0 || r->keeping.directory != NULL ||
           r->keeping.triggers[0] != '\0' || r->leaks.wanted ||
           r->keep_sessions != 0 || r->keep_seconds != 0 || r->no_page;
}

static int parse(struct run *r, int argc, char **argv)
{
    int option;

    while ((option = getopt_long(argc, argv, "+:", run_options, NULL)) != -1) {
        if (option == ':')
            return bad_usage("a value is missing after ", argv[optind - 1]);
        if (option == '?')
            return bad_usage("unknown option ", argv[optind - 1]);
        int result = take_option(r, option);
        if (result != 0)
            return result;
    }
    if (optind >= argc)
        return bad_usage("there is no command to run", "");
    if (r->attach_to != NULL && wants_own_server(r))
        return bad_usage("with --attach-to there is no page, budget, snapshot "
                         "or leak check of its own",
                         "");
    if (r->no_page &&
        (ms_page_is_wanted(&r->page) || r->open_page || r->keep_open))
        return bad_usage("there is no page with ", "--no-page");
    r->command = argv + optind;
    return 0;
}

// Everything that the program needs. False: said why.
static bool start_all(struct run *r)
{
    struct ms_engine_options options = {
        .keep_sessions = r->keep_sessions,
        .keep_seconds = r->keep_seconds,
        .debuginfod = r->debuginfod,
    };

    if (ms_engine_create(&options, &r->engine) != MEMSCOPE_OK) {
        fprintf(stderr, LINE "the engine could not be started\n");
        return false;
    }
    ms_engine_set_primary(r->engine, r->launch.pid);
    ms_engine_set_budget(r->engine, r->budget);
    if (!ms_keeping_begin(&r->keeping, r->engine))
        goto fail_engine;
    if (ms_announcements_start(&r->announcements, r->engine) != MEMSCOPE_OK) {
        fprintf(stderr, LINE "no socket for the program: %s\n",
                strerror(errno));
        goto fail_engine;
    }
    if (!ms_leak_check_begin(&r->leaks, r->engine) ||
        (!r->no_page && !ms_page_listen(&r->page)))
        goto fail_announcements;
    return true;

fail_announcements:
    ms_announcements_stop(&r->announcements);
fail_engine:
    ms_engine_destroy(r->engine);
    return false;
}

static void stop_all(struct run *r)
{
    ms_server_stop(r->page.server);
    ms_announcements_stop(&r->announcements);
    ms_engine_destroy(r->engine);
}

static void wait_for_the_end(struct run *r)
{
    sigset_t ends;
    int signal;

    fprintf(stderr,
            LINE "the program has ended; the page stays at %s until "
                 "Ctrl-C\n",
            ms_server_url(r->page.server));
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGHUP);
    sigaddset(&ends, SIGQUIT);
    while (sigwait(&ends, &signal) != 0)
        ;
}

// Begins a line with the program's name.
static void say_command(const struct run *r)
{
    fputs(LINE, stderr);
    ms_terminal_put(stderr, r->command[0]);
}

static int refuse(struct run *r, int error)
{
    say_command(r);
    fprintf(stderr, ": %s\n", strerror(error));
    if (r->engine != NULL)
        stop_all(r);
    return error == ENOENT ? 127 : 126;
}

static int watch(struct run *r, const char *library)
{
    struct ms_program program = ms_program_look(r->command[0]);
    int error = ms_launch_go(&r->launch, program.harmed ? NULL : library,
                             r->announcements.name);

    if (error != 0)
        return refuse(r, error);
    r->page.options.announce = r->announcements.name;
    r->page.options.before_answer = ms_announcements_before_answer;
    r->page.options.with = &r->announcements;
    if (!r->no_page)
        ms_page_serve(&r->page, r->engine);
    if (r->page.server != NULL) {
        fputs(LINE "watching ", stderr);
        ms_terminal_put(stderr, r->command[0]);
        fprintf(stderr, " (pid %d) at %s\n", (int)r->launch.pid,
                ms_server_entry(r->page.server));
    }
    if (program.why != NULL) {
        say_command(r);
        fprintf(stderr, " %s: it runs as ever, but cannot be watched\n",
                program.why);
    }
    // Without the token: others can read what a command's arguments are.
    if (r->open_page && r->page.server != NULL && !r->page.options.unix_only)
        ms_page_show(ms_server_url(r->page.server));
    int status = ms_child_wait(r->launch.pid, &r->signals), leaks = 0;
    // Snapshots at the exit are worth the time that their names take.
    if (!r->keep_open && r->keeping.directory == NULL &&
        r->keeping.report == NULL)
        ms_engine_hurry(r->engine);
    ms_announcements_drain(&r->announcements);
    ms_announcements_ended(&r->announcements, r->launch.pid, status);
    if (atomic_load(&r->announcements.adopted) != 0) {
        ms_summary_print(r->engine, r->launch.pid, r->keep_open);
        leaks = ms_leak_check_print(&r->leaks, r->engine, r->launch.pid);
        if (r->keeping.report != NULL)
            ms_report_write(r->engine, r->keeping.report);
    } else if (program.why == NULL)
        fprintf(stderr, LINE "nothing was captured: the program could not load "
                             "libmemscope.so, or did not let it begin\n");
    if (r->keep_open && r->page.server != NULL)
        wait_for_the_end(r);
    stop_all(r);
    // A program that has failed by itself has said more than that.
    return status == 0 && leaks != 0 ? leaks : ms_child_end_like(status);
}

// The program is another memscope's to watch.
static int watch_elsewhere(struct run *r, const struct ms_attach *to,
                           const char *library)
{
    struct ms_program program = ms_program_look(r->command[0]);
    int error =
        ms_launch_go(&r->launch, program.harmed ? NULL : library, to->socket);

    if (error != 0)
        return refuse(r, error);
    if (program.why != NULL) {
        say_command(r);
        fprintf(stderr, " %s: it runs as ever, but cannot be watched\n",
                program.why);
    } else {
        fputs(LINE "watching ", stderr);
        ms_terminal_put(stderr, r->command[0]);
        fprintf(stderr, " (pid %d) at http://localhost:%u/\n",
                (int)r->launch.pid, to->port);
    }
    int status = ms_child_wait(r->launch.pid, &r->signals);
    ms_attach_ended(to, r->launch.pid, status);
    return ms_child_end_like(status);
}

static void say_unknown(const char *name, const char *value)
{
    fprintf(stderr,
            LINE "%s is nothing that it could be, and passed over: %s\n", name,
            value);
}

int ms_run(int argc, char **argv)
{
    struct run r = {.engine = NULL};
    struct ms_attach to = {0};
    char library[4096];
    int bad = parse(&r, argc, argv);

    if (bad != 0)
        return bad;
    ms_launch_check_environment(say_unknown);
    int error = ms_launch_library(library, sizeof library);
    if (error != 0) {
        fprintf(stderr, LINE "%s\n",
                error == EINVAL
                    ? "the path of libmemscope.so has a space or a colon"
                    : "libmemscope.so is not where it was installed");
        return FAILED;
    }
    if (!ms_leak_check_prepare(&r.leaks) ||
        (r.attach_to != NULL && !ms_attach_find(r.attach_to, &to)))
        return FAILED;
    error = ms_launch_prepare(&r.launch, r.command);
    if (error != 0) {
        fprintf(stderr, LINE "no new process: %s\n", strerror(error));
        return FAILED;
    }
    r.launch.alone = r.no_follow;
    ms_launch_fill_streams();
    ms_child_take_signals(&r.signals);
    if (r.attach_to != NULL)
        return watch_elsewhere(&r, &to, library);
    if (!start_all(&r)) {
        ms_launch_cancel(&r.launch);
        return FAILED;
    }
    return watch(&r, library);
}
