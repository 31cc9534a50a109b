// SPDX-License-Identifier: MIT
// See options.h for the contract.

#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

bool ms_option_port(const char *text, uint16_t *port)
{
    char *end;

    errno = 0;
    long n = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || n < 1 || n > 65535)
        return false;
    *port = (uint16_t)n;
    return true;
}

bool ms_option_bytes(const char *text, uint64_t *bytes)
{
    char *end;

    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    unsigned shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
    if (errno != 0 || end == text || *text == '-' || end[shift != 0] != '\0' ||
        n > ULLONG_MAX >> shift)
        return false;
    *bytes = n << shift;
    return true;
}

int ms_option_bad(int option, char **argv, const char *command)
{
    if (option == 0)
        fprintf(stderr, "memscope: too many or too few arguments");
    else if (option == ':')
        fprintf(stderr, "memscope: a value is missing after %s",
                argv[optind - 1]);
    else
        fprintf(stderr, "memscope: unknown option or value %s",
                argv[optind - 1]);
    fprintf(stderr, " for '%s'; see 'memscope --help'\n", command);
    return 2;
}
