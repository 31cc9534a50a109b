// SPDX-License-Identifier: MIT
// See report.h for the contract.

#include "report.h"

#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/import.h"
#include "options.h"
#include "server/report.h"

#define LINE "memscope: "
#define NAMES_WAIT_MS 10000
#define NAMES_STEP_MS 20

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n > m && strcmp(text + n - m, end) == 0;
}

bool ms_report_form(const char *file)
{
    return ends_with(file, ".html") || ends_with(file, ".json");
}

int ms_report_writable(const char *file)
{
    char directory[PATH_MAX];

    if (access(file, W_OK) == 0)
        return 0;
    if (errno != ENOENT)
        return errno;
    int n = snprintf(directory, sizeof directory, "%s", file);
    if (n < 0 || (size_t)n >= sizeof directory)
        return ENAMETOOLONG;
    return access(dirname(directory), W_OK | X_OK) == 0 ? 0 : errno;
}

static bool copy_stream(struct ms_render_stream *stream, FILE *to)
{
    char piece[65536];
    size_t n;

    while ((n = ms_render_read(stream, piece, sizeof piece)) != 0)
        if (n == SIZE_MAX || fwrite(piece, 1, n, to) != n)
            return false;
    return true;
}

// False: said why; nothing is left of it.
static bool write_file(const struct ms_snapshot *s, const char *file)
{
    struct ms_render_stream *stream =
        ends_with(file, ".json") ? ms_render_snapshot(s) : ms_server_report(s);
    FILE *to = stream != NULL ? fopen(file, "wbe") : NULL;

    errno = stream != NULL ? errno : ENOMEM;
    if (to == NULL) {
        fprintf(stderr, LINE "%s cannot be written: %s\n", file,
                strerror(errno));
        ms_render_close(stream);
        return false;
    }
    bool written = copy_stream(stream, to);
    written &= fclose(to) == 0;
    ms_render_close(stream);
    if (!written) {
        fprintf(stderr, LINE "%s could not be written\n", file);
        unlink(file);
    }
    return written;
}

void ms_report_write(struct ms_engine *engine, const char *file)
{
    const struct timespec step = {.tv_nsec = NAMES_STEP_MS * 1000000L};
    const struct ms_snapshot *s;
    enum memscope_status status = ms_snapshot_copy(engine, 0, &s);

    if (status != MEMSCOPE_OK) {
        fprintf(stderr, LINE "no report: %s\n", memscope_strerror(status));
        return;
    }
    for (int waited = 0; waited < NAMES_WAIT_MS && ms_snapshot_unnamed(s) != 0;
         waited += NAMES_STEP_MS)
        nanosleep(&step, NULL);
    if (write_file(s, file))
        fprintf(stderr, LINE "the report is in %s\n", file);
    ms_snapshot_release(engine, s);
}

static int report(const char *from, const char *to)
{
    struct ms_import *import;
    enum memscope_status status = ms_import_file(from, &import);
    bool good = false;

    if (status != MEMSCOPE_OK)
        fprintf(stderr, LINE "%s: %s\n", from,
                import != NULL && ms_import_error(import)[0] != '\0'
                    ? ms_import_error(import)
                    : memscope_strerror(status));
    else
        good = write_file(ms_import_snapshot(import), to);
    ms_import_destroy(import);
    return good ? 0 : 1;
}

int ms_report_command(int argc, char **argv)
{
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'},
        {NULL, 0, NULL, 0},
    };
    const char *to = NULL;
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":o:", options, NULL)) != -1)
        if (option == 'o' && ends_with(optarg, ".html"))
            to = optarg;
        else
            return ms_option_bad(option, argv, "report");
    if (argc - optind != 1 || to == NULL)
        return ms_option_bad(0, argv, "report");
    return report(argv[optind], to);
}
