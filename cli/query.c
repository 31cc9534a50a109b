// SPDX-License-Identifier: MIT
//
// query: asks a running memscope in SQL, or by the name of a ready-made query,
// and prints what it says as a table, as CSV or as the JSON that it is.

#include "query.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "options.h"
#include "rows.h"
#include "server/server.h"
#include "terminal.h"

#define ANSWER_BYTES (64u << 20) // more than the server sends

struct query {
    uint16_t port;
    bool json, csv;
    json_t *body;
    const char *sql; // NULL: a name
};

static bool keep_all(void *arg, const char *piece, size_t bytes)
{
    struct ms_client_text *t = arg;

    if (bytes > ANSWER_BYTES - t->bytes)
        return false;
    // Grown by doubling: it is a power of two whenever it must.
    size_t have = t->bytes, room = 65536;
    while (room <= have)
        room *= 2;
    if (have == 0 || have + bytes >= room) {
        while (room <= have + bytes)
            room *= 2;
        char *grown = realloc(t->text, room);
        if (grown == NULL)
            return false;
        t->text = grown;
    }
    memcpy(t->text + have, piece, bytes);
    t->bytes += bytes;
    t->text[t->bytes] = '\0';
    return true;
}

// Shows where in the query it went wrong: its line, and a caret below.
static void show_place(const char *sql, long long offset)
{
    const char *line = sql, *at = sql + offset, *end;

    for (const char *p = sql; p < at; p++)
        if (*p == '\n')
            line = p + 1;
    end = strchr(line, '\n');
    int length = (int)(end != NULL ? end - line : (ptrdiff_t)strlen(line));
    fprintf(stderr, "  %.*s\n  ", length, line);
    for (const char *p = line; p < at; p++)
        // One column for each character, not for each byte.
        if (((unsigned char)*p & 0xc0) != 0x80)
            fputc(*p == '\t' ? '\t' : ' ', stderr);
    fputs("^\n", stderr);
}

// False: it was none.
static bool show_error(const struct query *q, const json_t *answer)
{
    const json_t *error = json_object_get(answer, "error");
    const char *message = json_string_value(json_object_get(error, "message"));
    const json_t *offset = json_object_get(error, "offset");

    if (message == NULL)
        return false;
    fputs("memscope: ", stderr);
    ms_terminal_put(stderr, message);
    fputc('\n', stderr);
    if (q->sql != NULL && json_is_integer(offset) &&
        json_integer_value(offset) <= (json_int_t)strlen(q->sql))
        show_place(q->sql, json_integer_value(offset));
    return true;
}

// On a terminal. What is inside a text of JSON is never a line's end.
static void show_lines(char *text)
{
    for (char *end; (end = strchr(text, '\n')) != NULL; text = end + 1) {
        *end = '\0';
        ms_terminal_put(stdout, text);
        putchar('\n');
    }
    ms_terminal_put(stdout, text);
}

static int show(const struct query *q, const struct ms_client_text *text)
{
    json_t *answer = json_loadb(text->text, text->bytes, JSON_ALLOW_NUL, NULL);
    const json_t *columns = json_object_get(answer, "columns");
    const json_t *rows = json_object_get(answer, "rows");
    int result = 0;

    if (q->json && isatty(STDOUT_FILENO))
        show_lines(text->text);
    else if (q->json)
        fwrite(text->text, 1, text->bytes, stdout);
    else if (q->csv)
        ms_rows_csv(columns, rows);
    else
        ms_rows_table(columns, rows);
    if (fflush(stdout) != 0) {
        fprintf(stderr, "memscope: the answer could not be written\n");
        result = 1;
    }
    if (show_error(q, answer))
        result = 1;
    else if (json_is_true(json_object_get(answer, "truncated")))
        fprintf(stderr, "memscope: there are more rows: --limit\n");
    json_decref(answer);
    return result;
}

static int ask(struct query *q)
{
    struct ms_client_text answer = {0};
    char *body = json_dumps(q->body, 0);
    struct ms_client_request request = {
        .port = q->port,
        .method = "POST",
        .path = "/api/v1/query",
        .body = body,
        .body_bytes = body != NULL ? strlen(body) : 0,
        .take = keep_all,
        .arg = &answer,
    };
    int result = 1;

    if (body == NULL)
        return 1;
    int status = ms_client_ask(&request);
    json_t *error = status != 200 && answer.text != NULL
                        ? json_loadb(answer.text, answer.bytes, 0, NULL)
                        : NULL;
    if (status == 200 && answer.text != NULL)
        result = show(q, &answer);
    else if (!show_error(q, error))
        ms_client_complain(&request, status, &answer);
    json_decref(error);
    free(answer.text);
    free(body);
    return result;
}

// Without a query: what there is.
static int list(uint16_t port)
{
    struct ms_client_text answer = {0};
    struct ms_client_request request = {
        .port = port,
        .method = "GET",
        .path = "/api/v1/queries",
        .take = keep_all,
        .arg = &answer,
    };
    int status = ms_client_ask(&request), result = 1;

    if (status == 200 && answer.text != NULL) {
        json_t *all = json_loadb(answer.text, answer.bytes, 0, NULL);
        ms_rows_queries(all);
        json_decref(all);
        result = 0;
    } else {
        ms_client_complain(&request, status, &answer);
    }
    free(answer.text);
    return result;
}

// A value as it is written: a number, or else a text.
static json_t *value_of(const char *text)
{
    char *end;

    errno = 0;
    long long integer = strtoll(text, &end, 10);
    if (end != text && *end == '\0' && errno == 0)
        return json_integer(integer);
    double real = strtod(text, &end);
    // "0x10" is a text: an address. So are "nan" and "inf".
    if (end != text && *end == '\0' && strpbrk(text, "xXnN") == NULL)
        return json_real(real);
    return json_string(text);
}

static bool is_name(const char *text)
{
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyz_0123456789")] == '\0';
}

// NAME=VALUE. False: it is none.
static bool add_parameter(json_t *body, char *text)
{
    json_t *parameters = json_object_get(body, "parameters");
    char *equals = strchr(text, '=');

    if (equals == NULL || equals == text)
        return false;
    *equals = '\0';
    return json_object_set_new(parameters, text, value_of(equals + 1)) == 0;
}

static bool add_number(json_t *body, const char *name, const char *text)
{
    char *end;
    long long n = strtoll(text, &end, 10);

    return *text >= '0' && *text <= '9' && *end == '\0' && n <= UINT32_MAX &&
           json_object_set_new(body, name, json_integer(n)) == 0;
}

// 0: go on; else the exit code.
static int take_options(struct query *q, int argc, char **argv)
{
    static const struct option options[] = {
        MS_CLIENT_OPTIONS,
        {"session", required_argument, NULL, 's'},
        {"snapshot", required_argument, NULL, 'S'},
        {"limit", required_argument, NULL, 'l'},
        {"json", no_argument, NULL, 'j'},
        {"csv", no_argument, NULL, 'c'},
        {NULL, 0, NULL, 0},
    };
    int option;
    bool good = true;

    opterr = 0;
    while ((option = getopt_long(argc, argv, "+:", options, NULL)) != -1) {
        switch (option) {
        case 's':
            good = add_number(q->body, "session", optarg);
            break;
        case 'S':
            good = add_number(q->body, "snapshot", optarg);
            break;
        case 'l':
            good = add_number(q->body, "limit", optarg);
            break;
        case 'j':
            q->json = true;
            break;
        case 'c':
            q->csv = true;
            break;
        default:
            good = ms_client_option(option, optarg, &q->port);
        }
        if (!good)
            return ms_option_bad(option, argv, "query");
    }
    return q->json && q->csv ? ms_option_bad(0, argv, "query") : 0;
}

int ms_query_command(int argc, char **argv)
{
    struct query q = {.port = MS_SERVER_DEFAULT_PORT};

    q.body = json_pack("{s:{}}", "parameters");
    int result = take_options(&q, argc, argv);
    if (result == 0 && optind == argc) {
        json_decref(q.body);
        return list(q.port);
    }
    if (result == 0) {
        const char *text = argv[optind++];
        if (!is_name(text))
            q.sql = text;
        if (json_object_set_new(q.body, q.sql != NULL ? "sql" : "name",
                                json_string(text)) != 0) {
            fprintf(stderr, "memscope: the query is no text\n");
            result = 2;
        }
    }
    for (; result == 0 && optind < argc; optind++) {
        if (!add_parameter(q.body, argv[optind])) {
            fprintf(stderr, "memscope: '%s' is no NAME=VALUE\n", argv[optind]);
            result = 2;
        }
    }
    if (result == 0)
        result = ask(&q);
    json_decref(q.body);
    return result;
}
