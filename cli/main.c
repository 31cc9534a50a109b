// SPDX-License-Identifier: MIT
//
// memscope: the command. One file per subcommand; here is only the choice.

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <memscope.h>

#include "export.h"
#include "query.h"
#include "record.h"
#include "report.h"
#include "run.h"
#include "snapshots.h"

static const char usage[] =
    "usage: memscope run [OPTION]... [--] COMMAND [ARGUMENT]...\n"
    "       memscope record -o FILE [OPTION]... [--] COMMAND [ARGUMENT]...\n"
    "       memscope snapshot [WHERE] [-o FILE] [NAME]\n"
    "       memscope open [PAGE] FILE...\n"
    "       memscope report -o OUT.html FILE\n"
    "       memscope export [WHERE] [--snapshot N] [--format F] [--weight W]\n"
    "                      [-o OUT] [FILE]\n"
    "       memscope diff [WHERE] [--fail-above BYTES] A B\n"
    "       memscope query [WHERE] [--snapshot N] [--limit ROWS] "
    "[--json|--csv]\n"
    "                      ['SQL' | NAME] [PARAMETER=VALUE]...\n"
    "       memscope version\n"
    "\n"
    "Watch a program's memory while it runs, at http://localhost:7070.\n"
    "\n"
    "  --port N      listen on port N (default: 7070, or the next free one)\n"
    "  --bind ADDR   listen on ADDR, others than this machine's too: they "
    "need\n"
    "                the token that is then part of the page's address\n"
    "  --unix PATH   listen at a Unix socket, in place of a port\n"
    "  --token-file FILE  the token in FILE (mode 600) lets others in\n"
    "  --allow-host NAME[:PORT]  a proxy is asked for the page by this name\n"
    "  --max-viewers N  let N pages look on at once (64)\n"
    "  --read-only   nothing can be changed from the page\n"
    "  --backend B   unified: call stacks (default); core: call sites only;\n"
    "                custom[:NAME]: as the program has registered it\n"
    "  --mode M      exact (default), sampled[=BYTES] or off; the page, or\n"
    "                POST /api/v1/control, can change it at any time\n"
    "  --budget P    capture may take P per cent of the program's CPU: beyond\n"
    "                it becomes coarser, and finer again when there is room\n"
    "  --store-limit SIZE  memory for what is captured, at most: 64M, 1G\n"
    "  --mmap        count mapped memory in the totals as well\n"
    "  --free-stacks note where blocks are freed: a second free is then shown\n"
    "                with the first one; each free costs as much as a malloc\n"
    "  --snapshot-when LIST  take snapshots by themselves: rss>500M, "
    "heap>200M,\n"
    "                growth>1M/s, cgroup>80%, peak, exit; several with commas\n"
    "  --snapshot-at-exit    the same as --snapshot-when exit\n"
    "  --snapshot-dir DIR    keep snapshots as files; those there are read in\n"
    "  --exit-report FILE    a report when the program has ended: FILE.html "
    "is\n"
    "                the page with its data, for a browser without memscope;\n"
    "                FILE.json is a snapshot\n"
    "  --debuginfod  fetch debug information that is not here from the servers "
    "of\n"
    "                DEBUGINFOD_URLS; without it nobody is asked\n"
    "  --no-page     serve no page: for an exit report, or a leak check\n"
    "  --open        open the page in a browser\n"
    "  --keep-open   keep the page after the program has ended, until Ctrl-C\n"
    "  --no-follow   do not watch the processes that the program starts\n"
    "  --leak-check  scan for leaks at exit, and say what no pointer leads to\n"
    "  --fail-on-leak  the same; leaks make a successful program end with 23\n"
    "  --suppressions FILE  leaks to leave out, as LeakSanitizer's:\n"
    "                leak:PATTERN of a function, file or module\n"
    "  --attach-to URL|PORT  have the memscope there watch the program: many\n"
    "                programs on one page\n"
    "  --log-file FILE       write what the server does there, a line each\n"
    "  --log-level LEVEL     error, warning, info or debug; without a file "
    "on\n"
    "                standard error\n"
    "  --keep-sessions N     keep so many ended processes on the page (64)\n"
    "  --keep-for SECONDS    keep them so long (86400)\n"
    "  --help        show this and exit\n"
    "\n"
    "PAGE is any of --port to --read-only. WHERE is --port N (7070) or --unix "
    "PATH\n"
    "of a running memscope, and --token-file FILE where it wants one.\n"
    "\n"
    "record is run with --no-page and --exit-report FILE. "
    "snapshot has a running memscope take a snapshot and, with -o,\n"
    "downloads it; open shows saved ones without a program; report makes "
    "one\nfile of HTML of a saved one, with all in it; diff compares two,\n"
    "files or numbers, and exits with 1 when the heap grew by more than "
    "BYTES.\n"
    "\n"
    "query asks in SQL, or by the name of a ready-made query; without one it "
    "lists\n"
    "these and the tables.\n"
    "\n"
    "The program's streams, signals and exit code are its own.\n";

static const char no_attach[] =
    "memscope: a program that runs already cannot be watched: what it has\n"
    "memscope: allocated so far is not known, and to put code into it from\n"
    "memscope: outside could harm it. Start it by 'memscope run', or link it\n"
    "memscope: with libmemscope; '--attach-to' has a running memscope watch\n"
    "memscope: what you start.\n";

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";
    static char line[16384];

    // A line at a time: the program under watch writes to the same place.
    setvbuf(stderr, line, _IOLBF, sizeof line);
    bool record = strcmp(command, "record") == 0;
    if (record || strcmp(command, "run") == 0) {
        int result = record ? ms_record_command(argc - 1, argv + 1)
                            : ms_run(argc - 1, argv + 1);
        if (result == MS_RUN_HELP)
            fputs(usage, stdout);
        return result == MS_RUN_HELP ? 0 : result;
    }
    if (strcmp(command, "snapshot") == 0)
        return ms_snapshot_command(argc - 1, argv + 1);
    if (strcmp(command, "open") == 0)
        return ms_open_command(argc - 1, argv + 1);
    if (strcmp(command, "report") == 0)
        return ms_report_command(argc - 1, argv + 1);
    if (strcmp(command, "export") == 0)
        return ms_export_command(argc - 1, argv + 1);
    if (strcmp(command, "attach") == 0) {
        fputs(no_attach, stderr);
        return 2;
    }
    if (strcmp(command, "diff") == 0)
        return ms_diff_command(argc - 1, argv + 1);
    if (strcmp(command, "query") == 0)
        return ms_query_command(argc - 1, argv + 1);
    if (strcmp(command, "version") == 0 || strcmp(command, "--version") == 0) {
        printf("memscope %s\n", memscope_version());
        return 0;
    }
    if (strcmp(command, "help") == 0 || strcmp(command, "--help") == 0 ||
        strcmp(command, "-h") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (command[0] != '\0')
        fprintf(stderr, "memscope: there is no command '%s'\n", command);
    fputs(usage, stderr);
    return 2;
}
