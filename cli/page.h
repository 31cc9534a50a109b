// SPDX-License-Identifier: MIT
//
// page: the page of `memscope run`. It listens before the program runs, so that
// a port that is in use is said in time, and is served while it starts already:
// what a web server needs takes longer than many programs live.

#ifndef MS_CLI_PAGE_H
#define MS_CLI_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "server/server.h"

struct ms_page {
    uint16_t port; // not fixed: 7070 or one of the next; then, the one it is
    bool port_fixed;
    const char *bind; // NULL: both families
    int listeners[MS_LISTENERS];
    struct ms_server *server; // NULL: not yet, or it could not be
};

// ms_page_listen opens the sockets; who comes early waits. False: said why.
bool ms_page_listen(struct ms_page *p);

// ms_page_serve starts the server. Without one, which is said, the program is
// watched all the same.
void ms_page_serve(struct ms_page *p, struct ms_engine *engine);

// ms_page_show opens a browser.
void ms_page_show(const char *url);

#endif
