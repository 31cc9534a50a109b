// SPDX-License-Identifier: MIT
// See attached.h for the contract.

#include "attached.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <memscope.h>

#include "client.h"
#include "options.h"
#include "runtime/announce.h"
#include "runtime/segment.h"

#define LINE "memscope: "

// "7070", "localhost:7070" or "http://localhost:7070/…".
static bool parse(const char *where, uint16_t *port)
{
    static const char scheme[] = "http://";
    static const char *const hosts[] = {"localhost:", "127.0.0.1:", "[::1]:"};
    char number[8];

    if (strncasecmp(where, scheme, sizeof scheme - 1) == 0)
        where += sizeof scheme - 1;
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        if (strncasecmp(where, hosts[i], strlen(hosts[i])) == 0) {
            where += strlen(hosts[i]);
            break;
        }
    size_t n = strcspn(where, "/?#");
    if (n >= sizeof number)
        return false;
    memcpy(number, where, n);
    number[n] = '\0';
    return ms_option_port(number, port);
}

// Reads the status. False: said why.
static bool understand(const struct ms_client_text *answer, uint16_t port,
                       char *out, size_t room)
{
    json_t *status = json_loads(answer->text, 0, NULL);
    const char *version = "", *name = NULL;
    bool good = false;

    (void)json_unpack(status, "{s:s,s?s}", "version", &version, "announce",
                      &name);
    if (strcmp(version, memscope_version()) != 0)
        fprintf(stderr,
                LINE "the memscope at port %u is of version %s, this one of "
                     "%s\n",
                port, version, memscope_version());
    else if (name == NULL || snprintf(out, room, "%s", name) >= (int)room)
        fprintf(stderr,
                LINE "the memscope at port %u takes no other programs: it is "
                     "inside of one, or shows what was saved\n",
                port);
    else
        good = true;
    json_decref(status);
    return good;
}

bool ms_attach_find(const char *where, struct ms_attach *out)
{
    struct ms_client_text answer = {0};

    if (!parse(where, &out->port)) {
        fprintf(stderr,
                LINE "no port, and no page of this machine's: %s; see "
                     "'memscope --help'\n",
                where);
        return false;
    }
    struct ms_client_request q = {
        .port = out->port,
        .method = "GET",
        .path = "/api/v1/status",
        .take = ms_client_keep,
        .arg = &answer,
    };
    int status = ms_client_ask(&q);
    bool good = status == 200 && answer.text != NULL;
    if (!good)
        ms_client_complain(&q, status, &answer);
    good =
        good && understand(&answer, out->port, out->socket, sizeof out->socket);
    free(answer.text);
    return good;
}

void ms_attach_ended(const struct ms_attach *to, pid_t pid, int status)
{
    struct ms_announcement said = {
        .magic = MS_ANNOUNCE_ENDED,
        .version = MS_SEGMENT_VERSION,
        .pid = pid,
        .wait_status = status,
    };
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

    if (nothing < 0)
        return;
    (void)ms_ipc_send_fd(to->socket, &said, sizeof said, nothing);
    close(nothing);
}
