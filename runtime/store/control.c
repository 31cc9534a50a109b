// SPDX-License-Identifier: MIT
// See runtime/control.h for the contract.

#include "runtime/control.h"

#include <stdlib.h>
#include <string.h>

static bool parse_bytes(const char *text, uint64_t *out)
{
    char *end;
    uint32_t shift = 0;

    if (*text < '0' || *text > '9')
        return false;
    uint64_t n = strtoull(text, &end, 10);
    if (*end != '\0') {
        static const char units[] = "KMG";
        const char *unit = strchr(units, *end & ~0x20);
        if (unit == NULL || end[1] != '\0')
            return false;
        shift = 10 * (uint32_t)(unit - units + 1);
    }
    if (n == 0 || n > UINT64_C(1) << MS_INTERVAL_SHIFT_MOST >> shift)
        return false;
    *out = n << shift;
    return true;
}

bool ms_control_parse(const char *text, enum ms_mode *mode, uint64_t *interval)
{
    static const char sampled[] = "sampled";
    size_t n = sizeof sampled - 1;

    if (strcmp(text, "exact") == 0) {
        *mode = MS_MODE_EXACT;
    } else if (strcmp(text, "off") == 0) {
        *mode = MS_MODE_OFF;
    } else if (strcmp(text, sampled) == 0) {
        *mode = MS_MODE_SAMPLED;
        *interval = MS_INTERVAL_DEFAULT;
    } else if (strncmp(text, sampled, n) == 0 && text[n] == '=' &&
               parse_bytes(text + n + 1, interval)) {
        *mode = MS_MODE_SAMPLED;
    } else {
        return false;
    }
    return true;
}
