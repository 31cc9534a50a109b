// SPDX-License-Identifier: MIT
// See export.h for the contract.

#include "export.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "engine/export.h"
#include "engine/import.h"
#include "options.h"
#include "server/report.h"
#include "server/server.h"

#define LINE "memscope: "

// Those of the API, and the snapshot itself.
static const struct format {
    const char *name;
    int format; // of ms_export_format; -1: another one
    bool binary;
} formats[] = {
    {"pprof", MS_EXPORT_PPROF, true},
    {"collapsed", MS_EXPORT_COLLAPSED, false},
    {"speedscope", MS_EXPORT_SPEEDSCOPE, false},
    {"csv", -1, false},
    {"html", -1, false},
    {"json", -1, false},
};

struct export
{
    uint16_t port;
    uint64_t session, snapshot; // 0: the primary one, none
    const struct format *format;
    enum ms_weight weight;
    const char *to; // NULL, "-": standard output
};

static bool put(void *arg, const char *text, size_t bytes)
{
    return fwrite(text, 1, bytes, arg) == bytes;
}

static int ask(const struct export *e, FILE *to)
{
    char path[160];
    struct ms_client_text refused = {0};
    struct ms_client_request q = {
        .port = e->port,
        .method = "GET",
        .path = path,
        .take = put,
        .arg = to,
        .refused = &refused,
    };

    int n = snprintf(path, sizeof path, "/api/v1/export?format=%s&weight=%s",
                     e->format->name, ms_weight_name(e->weight));
    if (e->session != 0)
        n += snprintf(path + n, sizeof path - (size_t)n, "&session=%llu",
                      (unsigned long long)e->session);
    if (e->snapshot != 0)
        snprintf(path + n, sizeof path - (size_t)n, "&snapshot=%llu",
                 (unsigned long long)e->snapshot);
    if (strcmp(e->format->name, "json") == 0)
        snprintf(path, sizeof path, "/api/v1/snapshots/%llu",
                 (unsigned long long)e->snapshot);
    int status = ms_client_ask(&q);
    if (status == 200)
        return 0;
    ms_client_complain(&q, status, &refused);
    free(refused.text);
    return 1;
}

static enum memscope_status render(const struct export *e,
                                   struct ms_engine *engine,
                                   const struct ms_snapshot *s,
                                   struct ms_render_stream **stream)
{
    struct ms_at at = {MS_AT_SNAPSHOT, s->id};
    struct ms_export_order order = {.weight = e->weight};
    struct ms_source source;

    if (strcmp(e->format->name, "csv") == 0)
        return ms_render_sites_csv(engine, 0, &at, stream);
    if (e->format->format < 0) {
        *stream = strcmp(e->format->name, "html") == 0 ? ms_server_report(s)
                                                       : ms_render_snapshot(s);
        return *stream != NULL ? MEMSCOPE_OK : MEMSCOPE_ERROR_MEMORY;
    }
    order.format = (enum ms_export_format)e->format->format;
    enum memscope_status status = ms_source_open(engine, 0, &at, &source);
    return status == MEMSCOPE_OK ? ms_render_export(&source, &order, stream)
                                 : status;
}

static bool copy(struct ms_render_stream *stream, FILE *to)
{
    char piece[65536];
    size_t n;

    while ((n = ms_render_read(stream, piece, sizeof piece)) != 0)
        if (n == SIZE_MAX || !put(to, piece, n))
            return false;
    return true;
}

static int convert(const struct export *e, const char *file, FILE *to)
{
    struct ms_engine_options options = {.without_symbols = true};
    struct ms_engine *engine = NULL;
    struct ms_import *import = NULL;
    const struct ms_snapshot *s = NULL;
    struct ms_render_stream *stream = NULL;
    enum memscope_status status = ms_engine_create(&options, &engine);

    if (status == MEMSCOPE_OK)
        status = ms_import_file(file, &import);
    if (status == MEMSCOPE_OK)
        status = ms_import_adopt(import, engine, &s);
    if (status == MEMSCOPE_OK)
        status = render(e, engine, s, &stream);
    if (status != MEMSCOPE_OK)
        fprintf(stderr, LINE "%s: %s\n", file,
                import != NULL && ms_import_error(import)[0] != '\0'
                    ? ms_import_error(import)
                    : memscope_strerror(status));
    bool good = status == MEMSCOPE_OK && copy(stream, to);
    if (stream != NULL)
        ms_render_close(stream);
    if (s != NULL)
        ms_snapshot_release(engine, s);
    ms_import_destroy(import);
    ms_engine_destroy(engine);
    return good ? 0 : 1;
}

static int run(const struct export *e, const char *file)
{
    bool named = e->to != NULL && strcmp(e->to, "-") != 0;
    FILE *to = named ? fopen(e->to, "wbe") : stdout;

    if (to == NULL) {
        fprintf(stderr, LINE "%s cannot be written: %s\n", e->to,
                strerror(errno));
        return 1;
    }
    int result = file != NULL ? convert(e, file, to) : ask(e, to);
    bool written = fflush(to) == 0 && !ferror(to);
    if (!written && result == 0)
        fprintf(stderr, LINE "%s could not be written\n",
                named ? e->to : "standard output");
    if (named && fclose(to) != 0)
        written = false;
    if (named && (result != 0 || !written))
        remove(e->to);
    return result == 0 && written ? 0 : 1;
}

static bool format_of(const char *name, const struct format **out)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i].name, name) == 0) {
            *out = &formats[i];
            return true;
        }
    return false;
}

static bool number(const char *text, uint64_t *out)
{
    return ms_option_bytes(text, out) && *out != 0 && *out <= UINT32_MAX;
}

static bool take_option(struct export *e, int option, const char *value)
{
    switch (option) {
    case 'f':
        return format_of(value, &e->format);
    case 'w':
        return ms_weight_of_name(value, &e->weight);
    case 's':
        return number(value, &e->session);
    case 'n':
        return number(value, &e->snapshot);
    case 'o':
        e->to = value;
        return true;
    default:
        return ms_client_option(option, value, &e->port);
    }
}

int ms_export_command(int argc, char **argv)
{
    static const struct option options[] = {
        MS_CLIENT_OPTIONS,
        {"format", required_argument, NULL, 'f'},
        {"weight", required_argument, NULL, 'w'},
        {"session", required_argument, NULL, 's'},
        {"snapshot", required_argument, NULL, 'n'},
        {"output", required_argument, NULL, 'o'},
        {NULL, 0, NULL, 0},
    };
    struct export e = {.port = MS_SERVER_DEFAULT_PORT, .format = formats};
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":o:", options, NULL)) != -1)
        if (!take_option(&e, option, optarg))
            return ms_option_bad(option, argv, "export");
    const char *file = optind < argc ? argv[optind] : NULL;
    if (argc - optind > 1)
        return ms_option_bad(0, argv, "export");
    if (file == NULL && e.snapshot == 0 &&
        strcmp(e.format->name, "json") == 0) {
        fprintf(stderr, LINE "json is of a snapshot: name one by --snapshot, "
                             "or a file\n");
        return 2;
    }
    if (e.format->binary && e.to == NULL && isatty(STDOUT_FILENO)) {
        fprintf(stderr, LINE "%s is not for a terminal: name a file by -o\n",
                e.format->name);
        return 2;
    }
    return run(&e, file);
}
