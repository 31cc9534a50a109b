// SPDX-License-Identifier: MIT
// See page.h for the contract.

#include "page.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE "memscope: "

bool ms_page_listen(struct ms_page *p)
{
    struct ms_listen wanted = {
        .port = p->port_fixed ? p->port : MS_SERVER_DEFAULT_PORT,
        .fixed = p->port_fixed,
        .address = p->bind,
    };

    if (!ms_listen_address(p->bind)) {
        fprintf(stderr,
                LINE "will not listen on %s: without a token only loopback "
                     "addresses are served\n",
                p->bind);
        return false;
    }
    int error = ms_listen_open(&wanted, p->listeners, &p->port);
    if (error == EADDRINUSE)
        fprintf(stderr, LINE "port %u is in use\n", wanted.port);
    else if (error != 0)
        fprintf(stderr, LINE "no page: %s\n", strerror(error));
    else if (!p->port_fixed && p->port != MS_SERVER_DEFAULT_PORT)
        fprintf(stderr, LINE "port %d is in use, taking %u\n",
                MS_SERVER_DEFAULT_PORT, p->port);
    return error == 0;
}

void ms_page_serve(struct ms_page *p, struct ms_engine *engine)
{
    struct ms_server_options options = {
        .engine = engine,
        .port = p->port,
        .bind = p->bind,
        .listening = true,
    };

    memcpy(options.listeners, p->listeners, sizeof options.listeners);
    enum memscope_status status = ms_server_create(&options, &p->server);
    if (status != MEMSCOPE_OK) // it runs by now, and is watched without
        fprintf(stderr, LINE "no page: %s\n", memscope_strerror(status));
}

void ms_page_show(const char *url)
{
    if (fork() != 0)
        return; // without a browser, the line with the URL is enough
    int nowhere = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd++)
        dup2(nowhere, fd);
    setsid();
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execlp("xdg-open", "xdg-open", url, (char *)NULL);
    _exit(127);
}
