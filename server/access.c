// SPDX-License-Identifier: MIT
// See access.h for the contract.

#include "access.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};

bool ms_access_host(const struct ms_access *a, const char *host)
{
    char port[8];

    if (host == NULL)
        return false;
    snprintf(port, sizeof port, ":%u", a->port);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t n = strlen(names[i]);
        if (strncasecmp(host, names[i], n) != 0)
            continue;
        if (strcmp(host + n, port) == 0 || (a->port == 80 && host[n] == '\0'))
            return true;
    }
    return false;
}

bool ms_access_origin(const struct ms_access *a, const char *origin)
{
    static const char scheme[] = "http://";

    if (origin == NULL)
        return true;
    return strncasecmp(origin, scheme, sizeof scheme - 1) == 0 &&
           ms_access_host(a, origin + sizeof scheme - 1);
}

bool ms_access_bind(const char *address)
{
    return address == NULL || strcmp(address, "localhost") == 0 ||
           strcmp(address, "127.0.0.1") == 0 || strcmp(address, "::1") == 0;
}
