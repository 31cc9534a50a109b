// SPDX-License-Identifier: MIT
//
// page: the page of `memscope run` and `open`, and the options that say where
// it is and whom it answers. It listens before the program runs, so that a port
// that is in use is said in time, and is served while it starts already: what a
// web server needs takes longer than many programs live.

#ifndef MS_CLI_PAGE_H
#define MS_CLI_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "server/server.h"

struct ms_page {
    struct ms_server_options options;
    const char *log_file;     // NULL: none, or stderr
    const char *log_level;    // NULL: none, or "info"
    struct ms_server *server; // NULL: not yet, or it could not be
};

// Beyond the letters that commands have for options of their own.
enum {
    MS_PAGE_PORT = 0x100,
    MS_PAGE_BIND,
    MS_PAGE_UNIX,
    MS_PAGE_TOKEN_FILE,
    MS_PAGE_ALLOW_HOST,
    MS_PAGE_MAX_VIEWERS,
    MS_PAGE_READ_ONLY,
    MS_PAGE_LOG_FILE,
    MS_PAGE_LOG_LEVEL,
};

// What a command adds to its options, with getopt.h, to have those of the page.
#define MS_PAGE_OPTIONS                                                        \
    {"port", required_argument, NULL, MS_PAGE_PORT},                           \
        {"bind", required_argument, NULL, MS_PAGE_BIND},                       \
        {"unix", required_argument, NULL, MS_PAGE_UNIX},                       \
        {"token-file", required_argument, NULL, MS_PAGE_TOKEN_FILE},           \
        {"allow-host", required_argument, NULL, MS_PAGE_ALLOW_HOST},           \
        {"max-viewers", required_argument, NULL, MS_PAGE_MAX_VIEWERS},         \
        {"log-file", required_argument, NULL, MS_PAGE_LOG_FILE},               \
        {"log-level", required_argument, NULL, MS_PAGE_LOG_LEVEL},             \
    {                                                                          \
        "read-only", no_argument, NULL, MS_PAGE_READ_ONLY                      \
    }

// ms_page_option takes one of them. False: it is none, or its value no good.
bool ms_page_option(struct ms_page *p, int option, const char *value);

// ms_page_is_wanted says whether there was any of these options.
bool ms_page_is_wanted(const struct ms_page *p);

// ms_page_listen opens the sockets; who comes early waits. What was not given
// comes from the environment. False: said why.
bool ms_page_listen(struct ms_page *p);

// ms_page_serve starts the server. Without one, which is said, the program is
// watched all the same.
void ms_page_serve(struct ms_page *p, struct ms_engine *engine);

// ms_page_show opens a browser.
void ms_page_show(const char *url);

#endif
