// SPDX-License-Identifier: MIT
// See admission.h for the contract.

#include "admission.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "platform/peer.h"

static enum memscope_status bad(char *why, const char *what, const char *is)
{
    snprintf(why, MS_SERVER_WHY_BYTES, "%.150s: %s", what, is);
    return MEMSCOPE_ERROR_ARGUMENT;
}

enum memscope_status ms_admission_check(const struct ms_server_options *o,
                                        char why[MS_SERVER_WHY_BYTES])
{
    struct ms_access access = {0};

    if (!o->unix_only && ms_listen_scope_of(o->bind) == MS_LISTEN_NOWHERE) {
        snprintf(why, MS_SERVER_WHY_BYTES,
                 "will not listen on %.100s: it is neither localhost nor an "
                 "address",
                 o->bind);
        return MEMSCOPE_ERROR_ARGUMENT;
    }
    if (!ms_access_hosts(&access, o->allow_hosts)) {
        snprintf(why, MS_SERVER_WHY_BYTES,
                 "hosts to allow are NAME or NAME:PORT, up to 8 with commas: "
                 "%.100s",
                 o->allow_hosts);
        return MEMSCOPE_ERROR_ARGUMENT;
    }
    const char *wrong = o->token_file != NULL
                            ? ms_token_read(o->token_file, &access.token)
                            : NULL;
    return wrong != NULL ? bad(why, o->token_file, wrong) : MEMSCOPE_OK;
}

static void make_urls(struct ms_server *s, bool made)
{
    const struct ms_server_options *o = &s->options;
    const char *bind = o->bind;
    size_t room = sizeof s->url;

    // At every address: it is reached at this machine's own, among them.
    if (bind == NULL || strcmp(bind, "0.0.0.0") == 0)
        bind = "localhost";
    else if (strcmp(bind, "::") == 0)
        bind = "::1";
    if (o->unix_only)
        snprintf(s->url, room, "unix:%s", o->unix_path);
    else
        snprintf(s->url, room,
                 strchr(bind, ':') != NULL ? "http://[%s]:%u/"
                                           : "http://%s:%u/",
                 bind, s->access.port);
    snprintf(s->entry, room, made ? "%s?token=%s" : "%s", s->url,
             s->access.token.text);
}

// Whether the kernel can be asked about those who come to our port.
static bool peers_are_known(const struct ms_server *s)
{
    for (size_t i = 0; i < MS_LISTENER_LOCAL; i++)
        if (s->listeners[i] >= 0)
            return s->peers >= 0 && ms_peer_known(s->peers, s->listeners[i]);
    return true;
}

enum memscope_status ms_admission_prepare(struct ms_server *s,
                                          char why[MS_SERVER_WHY_BYTES])
{
    const struct ms_server_options *o = &s->options;
    struct ms_access *a = &s->access;
    bool made = false;

    a->port = o->port;
    a->for_user = o->for_user;
    a->user = o->user;
    snprintf(a->cookie_name, sizeof a->cookie_name, "memscope-%u", a->port);
    (void)ms_access_hosts(a, o->allow_hosts); // they were checked
    if (ms_peer_open(&s->peers) != 0)
        s->peers = -1;
    if (o->token_file != NULL) {
        const char *wrong = ms_token_read(o->token_file, &a->token);
        if (wrong != NULL)
            return bad(why, o->token_file, wrong);
        a->has_token = true;
    } else if ((!o->unix_only &&
                ms_listen_scope_of(o->bind) == MS_LISTEN_BEYOND) ||
               a->host_count != 0 || !peers_are_known(s)) {
        a->has_token = made = ms_token_make(&a->token);
    }
    if (!ms_token_make(&a->cookie) || (a->has_token && a->token.text[0] == 0)) {
        snprintf(why, MS_SERVER_WHY_BYTES, "the kernel gives no random bits");
        return MEMSCOPE_ERROR_SYSTEM;
    }
    make_urls(s, made);
    return MEMSCOPE_OK;
}

void ms_admission_end(struct ms_server *s)
{
    if (s->peers >= 0)
        close(s->peers);
    s->peers = -1;
}
