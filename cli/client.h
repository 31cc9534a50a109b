// SPDX-License-Identifier: MIT
//
// client: asks a memscope that runs on this machine, over its own port or Unix
// socket. A command asks one memscope only: which one is kept here.

#ifndef MS_CLI_CLIENT_H
#define MS_CLI_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Beyond the letters that commands have for options of their own.
enum { MS_CLIENT_PORT = 0x200, MS_CLIENT_UNIX, MS_CLIENT_TOKEN_FILE };

// What a command adds to its options, with getopt.h, to say which one.
#define MS_CLIENT_OPTIONS                                                      \
    {"port", required_argument, NULL, MS_CLIENT_PORT},                         \
        {"unix", required_argument, NULL, MS_CLIENT_UNIX},                     \
    {                                                                          \
        "token-file", required_argument, NULL, MS_CLIENT_TOKEN_FILE            \
    }

// ms_client_option takes one of them. False: it is none, or its value no good.
bool ms_client_option(int option, const char *value, uint16_t *port);

struct ms_client_text;

struct ms_client_request {
    uint16_t port;
    const char *method, *path;
    const char *body; // NULL: none; else JSON
    size_t body_bytes;
    // Takes the answer's body piece by piece; false ends it.
    bool (*take)(void *arg, const char *text, size_t bytes);
    void *arg;
    struct ms_client_text *refused; // has the body of an error instead; NULL:
                                    // it is given to `take` as well
};

// ms_client_ask sends a request and waits for the whole answer. Returns its
// status; 0: nobody answers there, or the answer broke off (errno says why).
int ms_client_ask(const struct ms_client_request *request);

// A body that is kept whole, up to a mebibyte: `arg` of ms_client_keep.
struct ms_client_text {
    char *text; // terminated; free()
    size_t bytes;
};
bool ms_client_keep(void *text, const char *piece, size_t bytes);

// ms_client_complain says on stderr what an answer that was none means: what
// the server says in its error, or that nobody is there.
void ms_client_complain(const struct ms_client_request *request, int status,
                        const struct ms_client_text *answer);

#endif
