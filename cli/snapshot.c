// SPDX-License-Identifier: MIT
//
// snapshot: has a running memscope take a snapshot, and keeps it in a file if
// that is wanted. See snapshots.h.

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "options.h"
#include "server/server.h"
#include "snapshots.h"
#include "terminal.h"

static bool write_piece(void *file, const char *text, size_t bytes)
{
    return fwrite(text, 1, bytes, file) == bytes;
}

// Downloads snapshot `id`. Returns the exit code.
static int download(uint16_t port, long long id, const char *file)
{
    char path[64];
    FILE *f = fopen(file, "wbe");
    struct ms_client_request q = {
        .port = port,
        .method = "GET",
        .path = path,
        .take = write_piece,
        .arg = f,
    };

    if (f == NULL) {
        fprintf(stderr, "memscope: %s cannot be written\n", file);
        return 1;
    }
    snprintf(path, sizeof path, "/api/v1/snapshots/%lld", id);
    int status = ms_client_ask(&q);
    bool written = fflush(f) == 0 && !ferror(f);
    fclose(f);
    if (status == 200 && written)
        return 0;
    if (!written)
        fprintf(stderr, "memscope: %s could not be written\n", file);
    else
        ms_client_complain(&q, status, NULL);
    remove(file);
    return 1;
}

static int take(uint16_t port, const char *name, const char *file)
{
    struct ms_client_text answer = {0};
    long long id = 0, bytes = 0, blocks = 0;
    json_t *wanted = json_pack("{s:s}", "name", name);
    char *body = wanted != NULL ? json_dumps(wanted, 0) : NULL;
    struct ms_client_request q = {
        .port = port,
        .method = "POST",
        .path = "/api/v1/snapshots",
        .body = body,
        .body_bytes = body != NULL ? strlen(body) : 0,
        .take = ms_client_keep,
        .arg = &answer,
    };
    int result = 1;

    json_decref(wanted);
    if (body == NULL) {
        fprintf(stderr, "memscope: the name is no text\n");
        return 2;
    }
    int status = ms_client_ask(&q);
    json_t *head =
        answer.text != NULL ? json_loads(answer.text, 0, NULL) : NULL;
    if (status != 201 ||
        json_unpack(head, "{s:I,s:s,s:I,s:I}", "id", &id, "name", &name,
                    "live_bytes", &bytes, "live_blocks", &blocks) != 0) {
        ms_client_complain(&q, status, &answer);
    } else {
        printf("snapshot %lld: ", id);
        ms_terminal_put(stdout, name);
        printf(", %lld bytes in %lld blocks\n", bytes, blocks);
        result = file != NULL ? download(port, id, file) : 0;
    }
    json_decref(head);
    free(answer.text);
    free(body);
    return result;
}

int ms_snapshot_command(int argc, char **argv)
{
    static const struct option options[] = {
        MS_CLIENT_OPTIONS,
        {"output", required_argument, NULL, 'o'},
        {NULL, 0, NULL, 0},
    };
    uint16_t port = MS_SERVER_DEFAULT_PORT;
    const char *file = NULL;
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, "+:o:", options, NULL)) != -1)
        if (option == 'o')
            file = optarg;
        else if (!ms_client_option(option, optarg, &port))
            return ms_option_bad(option, argv, "snapshot");
    if (argc - optind > 1)
        return ms_option_bad(0, argv, "snapshot");
    return take(port, optind < argc ? argv[optind] : "", file);
}
