// SPDX-License-Identifier: MIT
// See page.h for the contract.

#include "page.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "delayed.h"
#include "platform/environment.h"
#include "server/log.h"
#include "values.h"

#define LINE "memscope: "
#define VIEWERS_MOST 100000
#define OTHER_FILES 512 // that are open beside the viewers

// Several are kept in one list.
static bool add_host(struct ms_server_options *o, const char *name)
{
    static char all[2048];
    size_t have = strlen(all);

    int n = snprintf(all + have, sizeof all - have, "%s%s",
                     have != 0 ? "," : "", name);
    o->allow_hosts = all;
    return n > 0 && (size_t)n < sizeof all - have;
}

bool ms_page_option(struct ms_page *p, int option, const char *value)
{
    struct ms_server_options *o = &p->options;
    enum ms_log_level level;

    switch (option) {
    case MS_PAGE_PORT:
        o->port_fixed = true;
        return ms_value_port(value, &o->port);
    case MS_PAGE_BIND:
        o->bind = value;
        return true;
    case MS_PAGE_UNIX:
        o->unix_path = value;
        return true;
    case MS_PAGE_TOKEN_FILE:
        o->token_file = value;
        return true;
    case MS_PAGE_ALLOW_HOST:
        return add_host(o, value);
    case MS_PAGE_LOG_FILE:
        p->log_file = value;
        return true;
    case MS_PAGE_LOG_LEVEL:
        p->log_level = value;
        return ms_log_level_of(value, &level);
    case MS_PAGE_MAX_VIEWERS:
        return ms_value_count(value, &o->max_clients) &&
               o->max_clients <= VIEWERS_MOST;
    case MS_PAGE_READ_ONLY:
        o->read_only = true;
        return true;
    default:
        return false;
    }
}

bool ms_page_is_wanted(const struct ms_page *p)
{
    const struct ms_server_options *o = &p->options;

    return o->port_fixed || o->bind != NULL || o->unix_path != NULL ||
           o->token_file != NULL || o->allow_hosts != NULL || o->read_only ||
           o->max_clients != 0 || p->log_file != NULL || p->log_level != NULL;
}

// Who became root by sudo for this wants to see it in a browser of their own.
// sudo sets the variable anew, whatever its caller had in it; in a program that
// was not started by us it could be a leftover, so embed/ does not look at it.
static void let_in_sudoer(struct ms_server_options *o)
{
    const char *text = ms_environment("SUDO_UID");
    char *end;

    if (text == NULL || geteuid() != 0 || *text < '0' || *text > '9')
        return;
    errno = 0;
    unsigned long uid = strtoul(text, &end, 10);
    if (errno != 0 || *end != '\0' || uid >= (uid_t)-1)
        return;
    o->for_user = true;
    o->user = (uid_t)uid;
}

// False: said why.
static bool open_log(const struct ms_page *p)
{
    enum ms_log_level level = MS_LOG_INFO;

    if (p->log_file == NULL && p->log_level == NULL)
        return true;
    if (p->log_level != NULL)
        (void)ms_log_level_of(p->log_level, &level);
    int error = ms_log_open(p->log_file, level);
    if (error != 0)
        fprintf(stderr, LINE "%s: %s\n", p->log_file, strerror(error));
    return error == 0;
}

bool ms_page_listen(struct ms_page *p)
{
    struct ms_server_options *o = &p->options;
    char why[MS_SERVER_WHY_BYTES];

    o->unix_only = o->unix_path != NULL && !o->port_fixed && o->bind == NULL;
    ms_server_environment(o);
    let_in_sudoer(o);
    if (!open_log(p))
        return false;
    if (ms_server_listen(o, why) != MEMSCOPE_OK) {
        fprintf(stderr, LINE "%s\n", why);
        return false;
    }
    if (!o->port_fixed && !o->unix_only && o->port != MS_SERVER_DEFAULT_PORT)
        fprintf(stderr, LINE "port %d is in use, taking %u\n",
                MS_SERVER_DEFAULT_PORT, o->port);
    return true;
}

// Each viewer is an open file. The program runs by now, with limits of its own.
static void make_room_for_viewers(uint32_t viewers)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)viewers + OTHER_FILES;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit); // else fewer come in
}

void ms_page_serve(struct ms_page *p, struct ms_engine *engine)
{
    make_room_for_viewers(p->options.max_clients);
    p->options.engine = engine;
    p->options.load = ms_delayed_load;
    enum memscope_status status = ms_server_create(&p->options, &p->server);
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
