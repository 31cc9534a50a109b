// SPDX-License-Identifier: MIT
// See client.h for the contract. HTTP/1.0: the answer ends with the connection.

#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "options.h"
#include "terminal.h"

#define PATIENCE_S 60
#define HEAD_BYTES 16384
#define KEPT_BYTES (1u << 20)

static const char *unix_path;  // NULL: by port
static const char *token_file; // NULL: as who we are

bool ms_client_option(int option, const char *value, uint16_t *port)
{
    if (option == MS_CLIENT_PORT)
        return ms_option_port(value, port);
    if (option == MS_CLIENT_UNIX)
        unix_path = value;
    else if (option == MS_CLIENT_TOKEN_FILE)
        token_file = value;
    return option == MS_CLIENT_UNIX || option == MS_CLIENT_TOKEN_FILE;
}

static int connect_to(int family, const struct sockaddr *address,
                      socklen_t length)
{
    struct timeval patience = {.tv_sec = PATIENCE_S};
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, address, length) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

static int connect_port(uint16_t port)
{
    struct sockaddr_in v4 = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    struct sockaddr_in6 v6 = {
        .sin6_family = AF_INET6,
        .sin6_port = htons(port),
        .sin6_addr = IN6ADDR_LOOPBACK_INIT,
    };
    int fd = connect_to(AF_INET, (struct sockaddr *)&v4, sizeof v4);

    if (fd < 0)
        fd = connect_to(AF_INET6, (struct sockaddr *)&v6, sizeof v6);
    return fd;
}

static int connect_path(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof name.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(name.sun_path, path);
    return connect_to(AF_UNIX, (struct sockaddr *)&name, sizeof name);
}

static bool send_all(int fd, const char *text, size_t bytes)
{
    while (bytes != 0) {
        ssize_t n = send(fd, text, bytes, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        text += n;
        bytes -= (size_t)n;
    }
    return true;
}

// The header with the token of the file, if there is one. False: errno.
static bool authorization(char *line, size_t room)
{
    char token[200] = "";

    line[0] = '\0';
    if (token_file == NULL)
        return true;
    FILE *f = fopen(token_file, "re");
    if (f == NULL)
        return false;
    bool read = fgets(token, sizeof token, f) != NULL;
    fclose(f);
    token[strcspn(token, "\r\n")] = '\0';
    snprintf(line, room, "Authorization: Bearer %s\r\n", token);
    errno = read ? 0 : ENODATA;
    return read;
}

static bool send_request(int fd, const struct ms_client_request *q)
{
    char head[1024], right[256], port[8] = "";
    if (!authorization(right, sizeof right))
        return false;
    if (unix_path == NULL)
        snprintf(port, sizeof port, ":%u", q->port);
    int n = snprintf(head, sizeof head,
                     "%s %s HTTP/1.0\r\nHost: localhost%s\r\n%s"
                     "Content-Type: application/json\r\n"
                     "Content-Length: %zu\r\n\r\n",
                     q->method, q->path, port, right, q->body_bytes);

    if (n < 0 || (size_t)n >= sizeof head) {
        errno = ENAMETOOLONG;
        return false;
    }
    return send_all(fd, head, (size_t)n) &&
           send_all(fd, q->body, q->body_bytes);
}

static ssize_t receive(int fd, char *text, size_t room)
{
    ssize_t n;

    do
        n = recv(fd, text, room, 0);
    while (n < 0 && errno == EINTR);
    return n;
}

// The length that a head names; SIZE_MAX: none.
static size_t length_of(const char *head)
{
    const char *at = strcasestr(head, "\r\nContent-Length:");

    return at != NULL ? strtoul(at + 17, NULL, 10) : SIZE_MAX;
}

static int read_answer(int fd, const struct ms_client_request *q)
{
    static char text[HEAD_BYTES + 1];
    size_t have = 0, got = 0;
    char *end = NULL;
    ssize_t n;
    int status;

    while (end == NULL) {
        n = receive(fd, text + have, HEAD_BYTES - have);
        if (n <= 0)
            return 0;
        have += (size_t)n;
        text[have] = '\0';
        end = strstr(text, "\r\n\r\n");
    }
    if (sscanf(text, "HTTP/1.%*d %d", &status) != 1)
        return 0;
    *end = '\0';
    bool refused = status >= 300 && q->refused != NULL;
    bool (*take)(void *, const char *, size_t) =
        refused ? ms_client_keep : q->take;
    void *arg = refused ? q->refused : q->arg;
    size_t length = length_of(text);
    end += 4;
    for (n = (ssize_t)(have - (size_t)(end - text));; end = text) {
        got += (size_t)n;
        if (n != 0 && !take(arg, end, (size_t)n))
            return status;
        n = receive(fd, text, HEAD_BYTES);
        if (n < 0)
            return 0;
        if (n == 0)
            break;
    }
    if (length != SIZE_MAX && got < length)
        return 0;
    return status;
}

int ms_client_ask(const struct ms_client_request *q)
{
    int status = 0;

    if (unix_path == NULL)
        unix_path = getenv("MEMSCOPE_UNIX");
    if (token_file == NULL)
        token_file = getenv("MEMSCOPE_TOKEN_FILE");
    int fd =
        unix_path != NULL ? connect_path(unix_path) : connect_port(q->port);
    if (fd < 0)
        return 0;
    errno = 0;
    if (send_request(fd, q))
        status = read_answer(fd, q);
    int why = errno;
    close(fd);
    errno = why;
    return status;
}

bool ms_client_keep(void *arg, const char *piece, size_t bytes)
{
    struct ms_client_text *t = arg;

    if (bytes > KEPT_BYTES - t->bytes)
        return false;
    char *grown = realloc(t->text, t->bytes + bytes + 1);
    if (grown == NULL)
        return false;
    memcpy(grown + t->bytes, piece, bytes);
    t->text = grown;
    t->bytes += bytes;
    t->text[t->bytes] = '\0';
    return true;
}

void ms_client_complain(const struct ms_client_request *q, int status,
                        const struct ms_client_text *answer)
{
    const char *message = NULL;
    json_t *o = answer != NULL && answer->text != NULL
                    ? json_loads(answer->text, 0, NULL)
                    : NULL;

    (void)json_unpack(o, "{s:{s:s}}", "error", "message", &message);
    char where[128];

    snprintf(where, sizeof where, "port %u", q->port);
    if (unix_path != NULL)
        snprintf(where, sizeof where, "%s", unix_path);
    fputs("memscope: ", stderr);
    if (message != NULL)
        ms_terminal_put(stderr, message);
    else if (status != 0)
        fprintf(stderr, "%s answers with status %d", where, status);
    else
        fprintf(stderr, "no memscope answers at %s: %s", where,
                errno != 0 ? strerror(errno) : "it broke off");
    fputc('\n', stderr);
    json_decref(o);
}
