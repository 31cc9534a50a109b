// SPDX-License-Identifier: MIT
// See follow.h for the contract.

#include "follow.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "platform/environment.h"
#include "runtime/announce.h"

extern char **environ;

bool ms_follow_wanted(void)
{
    const char *alone = ms_environment(MS_ENV_ALONE);

    return alone == NULL || strtol(alone, NULL, 10) == getpid();
}

static bool is_variable(const char *entry, const char *name)
{
    size_t n = strlen(name);

    return strncmp(entry, name, n) == 0 && entry[n] == '=';
}

// What LD_PRELOAD is without us, who come first in it; NULL: nothing is left.
// The entry itself when we are not there. Nothing of the program's is written
// to but the array: its strings may be constants.
static char *without_us(char *entry)
{
    static char rest[4096] = "LD_PRELOAD=";
    const size_t name = sizeof "LD_PRELOAD=" - 1;
    Dl_info us;

    if (dladdr(rest, &us) == 0)
        return entry;
    size_t n = strlen(us.dli_fname);
    const char *end = entry + name + n;
    if (strncmp(entry + name, us.dli_fname, n) != 0 ||
        (*end != '\0' && *end != ':'))
        return entry;
    if (*end == '\0')
        return NULL;
    if (strlen(end + 1) >= sizeof rest - name)
        return entry;
    memcpy(rest + name, end + 1, strlen(end + 1) + 1);
    return rest;
}

static void forget_us(void)
{
    char **to = environ;

    if (to == NULL)
        return;
    for (char **from = environ; *from != NULL; from++) {
        char *entry = *from;
        if (is_variable(entry, "LD_PRELOAD"))
            entry = without_us(entry);
        else if (is_variable(entry, MS_ENV_SOCKET) ||
                 is_variable(entry, MS_ENV_ALONE))
            entry = NULL;
        if (entry != NULL)
            *to++ = entry;
    }
    *to = NULL;
}

void ms_follow_begin(void)
{
    if (ms_environment(MS_ENV_ALONE) == NULL)
        return;
    if (ms_follow_wanted())
        (void)pthread_atfork(NULL, NULL, forget_us);
    else
        forget_us();
}
