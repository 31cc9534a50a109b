// SPDX-License-Identifier: MIT
// See values.h for the contract.

#include "values.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/engine.h"
#include "runtime/announce.h"

#define LEAST_STORE (UINT64_C(2) << 20)

bool ms_value_port(const char *text, uint16_t *port)
{
    char *end;

    errno = 0;
    long n = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || n < 0 || n > 65535)
        return false;
    *port = (uint16_t)n;
    return true;
}

bool ms_value_budget(const char *text, double *budget)
{
    char *end;

    errno = 0;
    *budget = strtod(text, &end);
    return errno == 0 && end != text && *end == '\0' && *budget > 0 &&
           *budget <= 100;
}

bool ms_value_count(const char *text, uint32_t *count)
{
    char *end;

    errno = 0;
    unsigned long n = strtoul(text, &end, 10);
    if (errno != 0 || end == text || *text == '-' || *end != '\0' || n < 1 ||
        n > UINT32_MAX)
        return false;
    *count = (uint32_t)n;
    return true;
}

bool ms_value_store_limit(const char *text)
{
    char bytes[32], *end;

    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    unsigned shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
    if (errno != 0 || end == text || *text == '-' || end[shift != 0] != '\0' ||
        n > ULLONG_MAX >> shift || n << shift < LEAST_STORE)
        return false;
    snprintf(bytes, sizeof bytes, "%llu", n << shift);
    return setenv(MS_ENV_STORE_LIMIT, bytes, 1) == 0;
}

bool ms_value_debuginfod(void)
{
    const char *urls = getenv("DEBUGINFOD_URLS");

    return urls != NULL && *urls != '\0' && ms_engine_has_debuginfod();
}
